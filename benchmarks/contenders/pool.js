/**
 * Our pool, in a page: its calls are frames, as a kernel sends them. `window.poolFrames` has the
 * bytes that Python wrote for them: a function and its key, and a call of it without its buffers.
 */
import { compete } from './page.js';

let pool;
let batch = 0;
const waiting = new Map();

function listener(event) {
  if (event.type === 'frame' && event.frame.done) {
    waiting.get(event.frame.batch)(event.frame.payload);
    waiting.delete(event.frame.batch);
  }
}

async function start(count, pyodideUrl) {
  const folder = new URL('extensions/jupyterlite-pool', location.href).href;
  const about = await (await fetch(`${folder}/pool.json`)).json();
  const { PyodidePool } = await import(`${folder}/${about.pool}`);
  pool = new PyodidePool(`${folder}/${about.worker}`, count, { listener });
  const { file, ...told } = about.snapshot;
  const snapshot = { ...told, url: `${folder}/${file}` };
  await pool.init({ pyodideUrl, snapshot, runner: 'jupyterlite_pool.worker.entry' });
  for (const { key, held } of Object.values(window.poolFrames)) {
    pool.put(key, Uint8Array.from(held), []);
  }
}

function call({ key, call }, buffers, group) {
  return new Promise(resolve => {
    waiting.set(batch, resolve);
    pool.submit(batch++, Uint8Array.from(call), buffers, [key], undefined, group);
  });
}

async function length(view) {
  const payload = await call(window.poolFrames.length, [view.buffer]);
  // `marshal` has written a tuple of five: task, kind, value, … A letter precedes each number.
  return new DataView(payload.buffer, payload.byteOffset).getInt32(16, true);
}

compete({ start, nothing: () => call(window.poolFrames.nothing, [], 1), length });
