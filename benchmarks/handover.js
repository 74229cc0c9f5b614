/**
 * Plays the kernel's worker: sends bytes to a worker of its own and waits for the answer, on a port
 * or in shared memory. Posts the milliseconds of a round trip, as the mean of a block.
 */
const BYTES = 200;

const shared = () => {
  const words = new Int32Array(new SharedArrayBuffer(8));
  return { words, bytes: new Uint8Array(new SharedArrayBuffer(BYTES)) };
};

const start = async (kind, transfer = []) => {
  const worker = new Worker('handover.echo.js', { type: 'module' });
  await new Promise(resolve => {
    worker.onmessage = resolve;
  });
  worker.postMessage(kind, transfer);
  return worker;
};

const { port1: port, port2 } = new MessageChannel();
const awaited = shared();
const blocked = shared();

const ready = Promise.all([
  start({ kind: 'port', port: port2 }, [port2]),
  start({ kind: 'awaits', memory: awaited }),
  start({ kind: 'blocks', memory: blocked })
]);

const onPort = payload =>
  new Promise(resolve => {
    port.onmessage = event => resolve(event.data);
    port.postMessage(payload);
  });

/** Word 0 counts the questions, word 1 the answers. */
const inMemory = async ({ words, bytes }, payload) => {
  bytes.set(payload);
  const before = Atomics.load(words, 1);
  Atomics.add(words, 0, 1);
  Atomics.notify(words, 0);
  const { async, value } = Atomics.waitAsync(words, 1, before);
  if (async) {
    await value;
  }
  return bytes.slice();
};

const ways = {
  port: onPort,
  awaits: payload => inMemory(awaited, payload),
  blocks: payload => inMemory(blocked, payload)
};

self.onmessage = async ({ data: { way, count } }) => {
  await ready;
  const payload = new Uint8Array(BYTES);
  const started = performance.now();
  for (let i = 0; i < count; i++) {
    payload[0] = i;
    const answer = await ways[way](payload);
    if (answer[0] !== payload[0]) {
      throw new Error('not the answer to this');
    }
  }
  self.postMessage((performance.now() - started) / count);
};
