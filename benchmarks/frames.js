/**
 * The page's side: sends task frames to a worker and back on two ports, and measures milliseconds.
 * The frames on both ports have the same bytes; only their carrier differs.
 */
import * as Comlink from 'comlink';

const worker = new Worker('echo.js', { type: 'module' });
const ports = { raw: new MessageChannel(), comlink: new MessageChannel() };
const raw = ports.raw.port1;
const remote = Comlink.wrap(ports.comlink.port1);

const ready = new Promise(resolve => {
  worker.onmessage = resolve;
});
const theirs = [ports.raw.port2, ports.comlink.port2];
worker.postMessage({ raw: theirs[0], comlink: theirs[1] }, theirs);

const carriers = {
  raw: frame =>
    new Promise(resolve => {
      raw.onmessage = event => resolve(event.data);
      raw.postMessage(frame, frame.buffers);
    }),
  comlink: frame => remote.run(Comlink.transfer(frame, frame.buffers))
};

let batch = 0;

/** Some round trips in a row. `size`: the bytes of the one transferred buffer; 0 for no buffer. */
async function roundTrips(carrier, count, size) {
  const send = carriers[carrier];
  const took = [];
  let buffers = size > 0 ? [new ArrayBuffer(size)] : [];
  for (let i = 0; i < count; i++) {
    // About 200 bytes, which are cloned.
    const frame = { kind: 'run', batch: batch++, payload: new Uint8Array(128), buffers };
    const started = performance.now();
    const reply = await send(frame);
    took.push(performance.now() - started);
    if (reply.batch !== frame.batch || (reply.buffers[0]?.byteLength ?? 0) !== size) {
      throw new Error('not the answer to this frame');
    }
    buffers = reply.buffers;
  }
  return took;
}

/** Blocks of round trips on both carriers in turn; each carrier goes first equally often. */
async function compare(blocks, count, size) {
  const took = { raw: [], comlink: [] };
  for (let block = 0; block < blocks; block++) {
    for (const carrier of block % 2 ? ['raw', 'comlink'] : ['comlink', 'raw']) {
      took[carrier].push(...(await roundTrips(carrier, count, size)));
    }
  }
  return took;
}

await ready;
window.taskFrames = { roundTrips, compare };
