/** PyScript's workers, with the site's Pyodide; the workers get the calls in turn. */
import { compete } from './page.js';

let workers;
let next = 0;

async function start(count, pyodideUrl) {
  const { PyWorker } = await import(new URL('pyscript/core.js', location.href).href);
  await customElements.whenDefined('py-script'); // earlier, workers have no module `pyscript`
  const options = { version: pyodideUrl, config: {} };
  workers = await Promise.all(
    Array.from({ length: count }, () => PyWorker('pyscript.worker.py', options))
  );
}

const remote = () => workers[next++ % workers.length].sync;

compete({ start, nothing: () => remote().nothing(), length: view => remote().length(view) });
