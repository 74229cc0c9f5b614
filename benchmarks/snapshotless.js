/**
 * Evaluated in an empty page: seconds until all workers are ready, without a snapshot of the site.
 * `way`: "ordinary" starts each worker with the shared runtime; with "made", the first worker makes
 * a snapshot, and the others are restored from it.
 */
async ([site, wheels, way, count]) => {
  const pyodideUrl = `${site}/static/pyodide/pyodide.mjs`;
  const source = `
    const serve = async ({ data: { module, wheels, snapshot, make } }) => {
      WebAssembly.instantiateStreaming = async (_, imports) => ({
        module,
        instance: await WebAssembly.instantiate(module, imports)
      });
      const { loadPyodide } = await import(${JSON.stringify(pyodideUrl)});
      const options = snapshot
        ? { _loadSnapshot: Promise.resolve(snapshot) }
        : make ? { _makeSnapshot: true } : {};
      const python = await loadPyodide(options);
      const extractDir = python.runPython('import sysconfig; sysconfig.get_path("purelib")');
      for (const wheel of wheels) {
        python.unpackArchive(wheel, 'zip', { extractDir });
      }
      python.runPython(
        'import importlib; importlib.invalidate_caches(); import jupyterlite_pool.worker.entry'
      );
      if (make) {
        const made = python.makeMemorySnapshot();
        self.postMessage(made, [made.buffer]);
      }
      if (python.runPython('1 + 1') !== 2) {
        throw new Error('it does not work');
      }
      self.postMessage('ready');
    };
    self.onmessage = event => serve(event).catch(error => self.postMessage(String(error)));
  `;
  const url = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
  const started = performance.now();
  const module = await WebAssembly.compileStreaming(
    fetch(`${site}/static/pyodide/pyodide.asm.wasm`)
  );
  const files = await Promise.all(wheels.map(async wheel => (await fetch(wheel)).arrayBuffer()));
  const start = (message, onSnapshot) =>
    new Promise((resolve, reject) => {
      const worker = new Worker(url, { type: 'module' });
      worker.onerror = event => reject(new Error(event.message));
      worker.onmessage = ({ data }) => {
        if (data === 'ready') {
          resolve(worker);
        } else if (typeof data === 'string') {
          reject(new Error(data));
        } else {
          onSnapshot(data);
        }
      };
      worker.postMessage({ module, wheels: files, ...message });
    });
  const others = {};
  if (way === 'made') {
    const rest = new Promise((resolve, reject) => {
      others.start = snapshot =>
        Promise.all(Array.from({ length: count - 1 }, () => start({ snapshot }))).then(
          resolve,
          reject
        );
    });
    window.workers = await Promise.all([start({ make: true }, others.start), rest]);
  } else {
    window.workers = await Promise.all(Array.from({ length: count }, () => start({})));
  }
  return (performance.now() - started) / 1000;
}
