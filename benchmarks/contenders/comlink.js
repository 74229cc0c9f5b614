/** A pool as people write it by hand: a Comlink `run(code)` per task, on the next idle worker. */
import * as Comlink from 'comlink';
import { compete } from './page.js';

const idle = [];
const waiting = [];

async function start(count, pyodideUrl) {
  await Promise.all(
    Array.from({ length: count }, async () => {
      const remote = Comlink.wrap(new Worker('comlink.worker.js', { type: 'module' }));
      await remote.init(pyodideUrl);
      idle.push(remote);
    })
  );
}

async function run(code) {
  const remote = idle.pop() ?? (await new Promise(resolve => waiting.push(resolve)));
  try {
    return await remote.run(code);
  } finally {
    const next = waiting.shift();
    if (next) {
      next(remote);
    } else {
      idle.push(remote);
    }
  }
}

compete({ start, nothing: () => run('nothing()') });
