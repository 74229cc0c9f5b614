/** Ours, as a page has it; large buffers in the frames that a kernel sends. */
import { compete } from './page.js';

let pool;
let answered = () => undefined;

async function start(count, pyodideUrl) {
  const folder = new URL('extensions/jupyterlite-pool', location.href).href;
  const about = await (await fetch(`${folder}/pool.json`)).json();
  const { PyodidePool } = await import(`${folder}/${about.pool}`);
  const listener = event => {
    if (event.type === 'frame' && event.frame.kind === 'result') {
      answered(event.frame);
    }
  };
  pool = new PyodidePool(`${folder}/${about.worker}`, count, { listener });
  const { file, sha256 } = about.snapshot;
  await pool.init({
    pyodideUrl,
    snapshot: { url: `${folder}/${file}`, sha256 },
    runner: 'jupyterlite_pool.worker.entry',
    code: 'def nothing():\n    pass'
  });
}

/** `window.frames` has what Python's side wrote: `len`, and a call of it with one buffer. */
async function length(view) {
  const { key, held, call } = window.lengthFrames;
  pool.put(key, Uint8Array.from(held), []);
  const reply = new Promise(resolve => {
    answered = resolve;
  });
  pool.submit(0, Uint8Array.from(call), [view.buffer], [key]);
  const { payload } = await reply;
  // The last bytes of a pickled number: it ends with a stop.
  return new DataView(payload.buffer).getInt32(payload.byteLength - 5, true);
}

compete({ start, nothing: () => pool.run('nothing()'), length });
