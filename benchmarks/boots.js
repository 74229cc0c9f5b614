/**
 * Evaluated in an empty page of the site: seconds until two workers can run Python.
 * `kind`: "pool" for a PyodidePool, "bare" for `loadPyodide` in either worker.
 */
async ([site, kind]) => {
  const pyodideUrl = `${site}/static/pyodide/pyodide.mjs`;
  if (kind === 'pool') {
    const folder = `${site}/extensions/jupyterlite-pool/static`;
    const { PyodidePool } = await import(`${folder}/pool.js`);
    const started = performance.now();
    const pool = new PyodidePool(`${folder}/worker.js`, 2);
    await pool.init({ pyodideUrl });
    return (performance.now() - started) / 1000;
  }
  const source = `
    import { loadPyodide } from ${JSON.stringify(pyodideUrl)};
    await loadPyodide();
    self.postMessage('ready');
  `;
  const url = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
  const started = performance.now();
  await Promise.all(
    [0, 1].map(
      () =>
        new Promise((resolve, reject) => {
          const worker = new Worker(url, { type: 'module' });
          worker.onmessage = resolve;
          worker.onerror = reject;
        })
    )
  );
  return (performance.now() - started) / 1000;
}
