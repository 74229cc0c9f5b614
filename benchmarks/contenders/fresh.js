/** Starts a new worker for each task, and ends it after its answer. */
import * as Comlink from 'comlink';
import { compete } from './page.js';

let url;

async function nothing() {
  const worker = new Worker('comlink.worker.js', { type: 'module' });
  const remote = Comlink.wrap(worker);
  await remote.init(url);
  await remote.run('nothing()');
  worker.terminate();
}

compete({
  start: async (_, pyodideUrl) => {
    url = pyodideUrl;
  },
  nothing
});
