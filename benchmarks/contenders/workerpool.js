/** npm's workerpool, with a Pyodide in each worker. */
import workerpool from 'workerpool';
import { compete } from './page.js';

let pool;

async function start(count, pyodideUrl) {
  pool = workerpool.pool('workerpool.worker.js', {
    minWorkers: count,
    maxWorkers: count,
    workerOpts: { type: 'module', name: pyodideUrl }
  });
  // Each of these calls goes to a worker of its own, and waits until that worker is ready.
  await Promise.all(Array.from({ length: count }, () => pool.exec('nothing', [])));
}

compete({
  start,
  nothing: () => pool.exec('nothing', []),
  length: view => pool.exec('length', [view], { transfer: [view.buffer] })
});
