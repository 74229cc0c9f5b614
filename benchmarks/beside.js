/** Evaluated in the kernel's worker: the hand-written code that the pool is compared with. */
(() => {
  const start = source =>
    new Promise((resolve, reject) => {
      const url = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
      const worker = new Worker(url, { type: 'module' });
      worker.onerror = event => reject(new Error(event.message));
      worker.onmessage = () => resolve(worker);
    });

  const next = target =>
    new Promise(resolve => {
      target.onmessage = event => resolve(event.data);
    });

  /** Give a worker one end of a private channel; the other end. */
  const givePort = worker => {
    const { port1, port2 } = new MessageChannel();
    worker.postMessage(port2, [port2]);
    return port1;
  };

  /** Start a worker that sends back each message of a private port; the port. */
  const startEcho = async () => {
    const worker = await start(`
      self.onmessage = ({ data: port }) => {
        port.onmessage = ({ data }) => port.postMessage(data.payload ? 0 : data);
      };
      self.postMessage('ready');
    `);
    return givePort(worker);
  };

  /** Milliseconds of one round trip: the mean of a block, because this clock has coarse steps. */
  const roundTrip = async (port, count) => {
    const started = performance.now();
    for (let i = 0; i < count; i++) {
      const answer = next(port);
      port.postMessage(i);
      await answer;
    }
    return (performance.now() - started) / count;
  };

  let port = null;

  const pingPong = async count => roundTrip((port ??= await startEcho()), count);

  /** Start a worker that passes messages on to a worker of its own, and its answers back; the port. */
  const startRelay = async () => {
    const relay = await start(`
      const echo = new Worker(URL.createObjectURL(new Blob([\`
        self.onmessage = ({ data: port }) => {
          port.onmessage = ({ data }) => port.postMessage(data);
          self.postMessage('ready');
        };
      \`], { type: 'text/javascript' })), { type: 'module' });
      const inner = new MessageChannel();
      echo.postMessage(inner.port2, [inner.port2]);
      echo.onmessage = () => self.postMessage('ready');
      self.onmessage = ({ data: port }) => {
        port.onmessage = ({ data }) => inner.port1.postMessage(data);
        inner.port1.onmessage = ({ data }) => port.postMessage(data);
      };
    `);
    return givePort(relay);
  };

  let relayed = null;

  /** The same as `pingPong` through a worker between the two. */
  const throughAnother = async count => roundTrip((relayed ??= await startRelay()), count);

  /** Milliseconds of a frame with a payload of this size and its answer: the mean of a block. */
  const payload = async (size, count, transferred) => {
    port ??= await startEcho();
    const started = performance.now();
    for (let i = 0; i < count; i++) {
      const answer = next(port);
      const bytes = new Uint8Array(size); // a new one each time, like a copy out of Python's heap
      port.postMessage({ payload: bytes }, transferred ? [bytes.buffer] : []);
      await answer;
    }
    return (performance.now() - started) / count;
  };

  let pythons = [];

  /** Start workers with Pyodide and some Python code that defines `work`. */
  const startPythons = async (count, pyodideUrl, code) => {
    const source = `
      import { loadPyodide } from ${JSON.stringify(pyodideUrl)};
      const python = await loadPyodide();
      python.runPython(${JSON.stringify(code)});
      const work = python.globals.get('work');
      const toBytes = python.runPython('lambda view: view.to_bytes()');
      self.onmessage = ({ data }) => {
        if (ArrayBuffer.isView(data)) {
          const held = toBytes(data);
          const back = held.toJs();
          held.destroy();
          self.postMessage(back, [back.buffer]);
        } else {
          data.forEach(item => work(item));
          self.postMessage('done');
        }
      };
      self.postMessage('ready');
    `;
    pythons = await Promise.all(Array.from({ length: count }, () => start(source)));
  };

  /** Send bytes to the first worker and back. */
  const thereAndBack = view => {
    const answer = next(pythons[0]);
    pythons[0].postMessage(view, [view.buffer]);
    return answer;
  };

  /** Call `work` with each number; the workers get the numbers in turn. */
  const share = items =>
    Promise.all(
      pythons.map((worker, index) => {
        const answer = next(worker);
        worker.postMessage(items.filter((_, i) => i % pythons.length === index));
        return answer;
      })
    );

  return { pingPong, throughAnother, payload, startPythons, thereAndBack, share };
})()
