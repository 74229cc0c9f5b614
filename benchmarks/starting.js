/**
 * Evaluated in an empty page of the site: starts workers of one kind; the seconds that it took.
 * `kind`: "pool" for a PyodidePool as a kernel has it, "bare" for `loadPyodide` in each worker.
 * The workers stay until the page is closed. `window.replaced()` kills one and waits for the next;
 * its value is the seconds in between. The value of `window.busy()` is busy calls per second.
 */
async ([site, kind, count]) => {
  const pyodideUrl = `${site}/static/pyodide/pyodide.mjs`;
  if (kind === 'pool') {
    const folder = `${site}/extensions/jupyterlite-pool`;
    const about = await (await fetch(`${folder}/pool.json`)).json();
    const { PyodidePool } = await import(`${folder}/${about.pool}`);
    const heard = { ready: () => undefined };
    const listener = event => event.type === 'ready' && heard.ready();
    const started = performance.now();
    const pool = new PyodidePool(`${folder}/${about.worker}`, count, { listener });
    const { file, ...told } = about.snapshot;
    const snapshot = { ...told, url: `${folder}/${file}` };
    await pool.init({ pyodideUrl, snapshot, runner: 'jupyterlite_pool.worker.entry' });
    if (pool.workers.some(worker => !worker.restored)) {
      throw new Error('a worker was not restored from the snapshot');
    }
    window.replaced = async () => {
      const killed = performance.now();
      const ready = new Promise(resolve => {
        heard.ready = resolve;
      });
      pool.kill(pool.workers[0].id);
      await ready;
      return (performance.now() - killed) / 1000;
    };
    const seconds = (performance.now() - started) / 1000;
    const busy = 'sum(i * i % 7 for i in range(100_000))';
    const work = calls => Promise.all(Array.from({ length: calls }, () => pool.run(busy)));
    window.busy = async () => {
      await work(30 * count); // warm: the browser compiles it well
      const began = performance.now();
      await work(20 * count);
      return (20 * count * 1000) / (performance.now() - began);
    };
    return seconds;
  }
  const source = `
    import { loadPyodide } from ${JSON.stringify(pyodideUrl)};
    await loadPyodide();
    self.postMessage('ready');
  `;
  const url = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
  const started = performance.now();
  window.workers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise((resolve, reject) => {
          const worker = new Worker(url, { type: 'module' });
          worker.onmessage = () => resolve(worker);
          worker.onerror = event => reject(new Error(event.message));
        })
    )
  );
  return (performance.now() - started) / 1000;
}
