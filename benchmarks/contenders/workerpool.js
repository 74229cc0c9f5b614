/** npm's workerpool, its workers with a Pyodide each. */
import workerpool from 'workerpool';
import { compete } from './page.js';

let pool;

async function start(count, pyodideUrl) {
  pool = workerpool.pool('workerpool.worker.js', {
    minWorkers: count,
    maxWorkers: count,
    workerOpts: { type: 'module', name: pyodideUrl }
  });
  // Each of so many calls at once is on a worker of its own, and waits until that one is ready.
  await Promise.all(Array.from({ length: count }, () => pool.exec('nothing', [])));
}

compete({
  start,
  nothing: () => pool.exec('nothing', []),
  length: view => pool.exec('length', [view], { transfer: [view.buffer] })
});
