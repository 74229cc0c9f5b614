/**
 * Makes a memory snapshot of a Pyodide in which the pool's runner has been imported.
 *
 * usage: node --experimental-wasm-jspi snapshot.mjs PYODIDE_FOLDER FILES.zip RUNNER OUT.gz
 *
 * What is written holds only those pages of the heap that are not zero:
 *
 *     5 × u32   magic, version, bytes of the heap, bytes of Pyodide's own header, count of runs
 *     2 × u32   for each run: its first page, its count of pages
 *     …         Pyodide's own header, as `_loadSnapshot` reads it, with no heap after it
 *     …         the pages
 *
 * `labextension/src/worker/snapshot.ts` reads it.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';

const MAGIC = 0x53504c4a; // "JLPS"
const VERSION = 1;
const PAGE = 4096;

if (!('Suspending' in WebAssembly)) {
  throw new Error('this Node cannot suspend WebAssembly, and so could no worker of the snapshot');
}

const [folder, files, runner, out] = process.argv.slice(2);
const base = `${resolve(folder)}/`;
const { loadPyodide } = await import(pathToFileURL(`${base}pyodide.mjs`).href);
const { default: createPyodideModule } = await import(pathToFileURL(`${base}pyodide.asm.mjs`).href);
const lock = JSON.parse(readFileSync(`${base}pyodide-lock.json`, 'utf8'));

const options = {
  indexURL: base,
  packageBaseUrl: './',
  lockFileContents: { info: lock.info, packages: {} },
  // Or else the path of this machine's Node would be in the snapshot.
  _sysExecutable: './this.program',
  args: [],
  env: { HOME: '/home/pyodide' }
};

function snapshotOf(python) {
  const archive = new Uint8Array(readFileSync(files));
  const extractDir = python.runPython('import sysconfig; sysconfig.get_path("purelib")');
  python.unpackArchive(archive.buffer, 'zip', { extractDir });
  python.runPython(`import importlib; importlib.invalidate_caches(); import ${runner}`);
  python.runPython('import gc; gc.collect()');
  return python.makeMemorySnapshot();
}

/** The pages that are not zero. */
function usedPages(heap) {
  const words = new BigUint64Array(heap.buffer, heap.byteOffset, heap.byteLength / 8);
  const perPage = PAGE / 8;
  const used = new Uint8Array(heap.byteLength / PAGE);
  for (let page = 0; page < used.length; page++) {
    for (let i = page * perPage; i < (page + 1) * perPage; i++) {
      if (words[i] !== 0n) {
        used[page] = 1;
        break;
      }
    }
  }
  return used;
}

/** The pages that the runtime itself has written before a snapshot is restored. */
async function pagesOfRuntime(head, heapSize) {
  let used = null;
  await loadPyodide({
    ...options,
    _loadSnapshot: Promise.resolve(head),
    createPyodideModule: async settings => {
      settings.INITIAL_MEMORY = heapSize;
      const module = await createPyodideModule(settings);
      used = usedPages(module.HEAPU8);
      throw new Error('seen');
    }
  }).catch(error => {
    if (used === null) {
      throw error;
    }
  });
  return used;
}

const snapshot = snapshotOf(await loadPyodide({ ...options, _makeSnapshot: true }));
const [, offset] = new Uint32Array(snapshot.buffer, 0, 2);
const head = snapshot.slice(0, offset);
const heap = snapshot.slice(offset);
const used = usedPages(heap);
// A page that is zero in the snapshot has to be zero after a restore, too.
(await pagesOfRuntime(head, heap.length)).forEach((written, page) => {
  used[page] |= written;
});

const runs = [];
used.forEach((isUsed, page) => {
  const last = runs.at(-1);
  if (isUsed && last && last[0] + last[1] === page) {
    last[1] += 1;
  } else if (isUsed) {
    runs.push([page, 1]);
  }
});
const table = Uint32Array.from([MAGIC, VERSION, heap.length, head.length, runs.length, ...runs.flat()]);
const packed = Buffer.concat([
  Buffer.from(table.buffer),
  head,
  ...runs.map(([page, count]) => heap.subarray(page * PAGE, (page + count) * PAGE))
]);
const compressed = gzipSync(packed, { level: 9 });
writeFileSync(out, compressed);
console.log(JSON.stringify({ heap: heap.length, packed: packed.length, file: compressed.length }));
process.exit(0);
