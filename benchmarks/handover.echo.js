/** The worker's side of `handover.js`: answers on a port, or in shared memory in either way. */
self.onmessage = async ({ data: { kind, port, memory } }) => {
  if (kind === 'port') {
    port.onmessage = ({ data }) => port.postMessage(data);
    return;
  }
  const { words } = memory;
  for (let asked = 0; ; asked++) {
    if (kind === 'blocks') {
      Atomics.wait(words, 0, asked);
    } else {
      const { async, value } = Atomics.waitAsync(words, 0, asked);
      if (async) {
        await value;
      }
    }
    Atomics.add(words, 1, 1);
    Atomics.notify(words, 1);
  }
};
self.postMessage('ready');
