/** Starts or restores Pyodide in a pool worker. */
import { errorText } from '../errors';
import type { BootOptions, SharedRuntime } from '../protocol';
import type { CreatePyodideModule, LoadOptions, Pyodide, PyodideModule } from './pyodide';
import { importRuntime, loadWith, trampolinePlace } from './releases';
import { HASH_SEED, layDown, openSnapshot, packSnapshot } from './snapshot';
import type { Snapshot } from './snapshot';

export interface Runtime {
  python: Pyodide;
  /** Whether it was restored from a snapshot. */
  restored: boolean;
}

/**
 * Make a Pyodide, and unpack the files of the options.
 *
 * The compiled runtime and the snapshot are used where the host has them.
 */
export async function loadRuntime(
  options: BootOptions,
  onSnapshot: (snapshot: Blob | null) => void
): Promise<Runtime> {
  const opened = options.snapshot && openSnapshot(options.snapshot);
  opened?.catch(() => undefined); // `restore` awaits it
  const { loadPyodide } = await importPart<PyodideModule>(options.pyodideUrl, 'loadPyodide');
  await importRuntime(options.pyodideUrl); // Pyodide's own error would not name the script
  const common: LoadOptions = {
    indexURL: new URL('./', options.pyodideUrl).href,
    env: { PYTHONHASHSEED: HASH_SEED },
    ...(options.lockFileUrl ? { lockFileURL: options.lockFileUrl } : {})
  };
  const unshare = options.runtime ? share(options.runtime, options.pyodideUrl) : () => undefined;
  try {
    const restored = opened && (await restore(loadPyodide, common, opened));
    const making = options.makeSnapshot ? { _makeSnapshot: true } : {};
    const python = restored ?? (await start(loadPyodide, { ...common, ...making }));
    if (options.files) {
      // Python remembers that folder as empty.
      const extractDir = python.runPython(
        'import importlib, sysconfig; importlib.invalidate_caches(); sysconfig.get_path("purelib")'
      ) as string;
      python.unpackArchive(options.files, 'zip', { extractDir });
    }
    if (options.makeSnapshot) {
      onSnapshot(takeSnapshot(python, options.runner));
    }
    return { python, restored: restored !== null };
  } finally {
    unshare();
  }
}

/** Load Pyodide's scripts. A failure shows when they are needed. */
export function preload(pyodideUrl: string): void {
  import(pyodideUrl).catch(() => undefined);
  importRuntime(pyodideUrl).catch(() => undefined);
}

/** The memory of a Pyodide that has imported the runner, and done nothing else. Null on failure. */
function takeSnapshot(python: Pyodide, runner: string | null): Blob | null {
  try {
    python.runPython(`${runner === null ? '' : `import ${runner}; `}import gc; gc.collect()`);
    return packSnapshot(python.makeMemorySnapshot() as Uint8Array<ArrayBuffer>);
  } catch (error) {
    console.warn(`jupyterlite-pool: no snapshot could be made: ${errorText(error)}`);
    return null;
  }
}

/** Import one of Pyodide's scripts. An error names the script, which Pyodide's own does not. */
async function importPart<T>(url: string, member: keyof T & string): Promise<T> {
  const part = await (import(url) as Promise<T>).catch((error: unknown) => {
    throw new Error(`${url} could not be loaded: ${errorText(error)}`);
  });
  if (typeof part[member] !== 'function') {
    throw new Error(`${url} could not be loaded: it is not a script of Pyodide`);
  }
  return part;
}

async function start(
  loadPyodide: PyodideModule['loadPyodide'],
  options: LoadOptions
): Promise<Pyodide> {
  try {
    return await loadPyodide(options);
  } catch (error) {
    throw new Error(`Pyodide of ${options.indexURL} did not start: ${errorText(error)}`);
  }
}

/** A Pyodide with the memory of a snapshot; null on failure: an ordinary start may succeed. */
async function restore(
  loadPyodide: PyodideModule['loadPyodide'],
  common: LoadOptions,
  opened: Promise<Snapshot>
): Promise<Pyodide | null> {
  try {
    const create = await importRuntime(common.indexURL);
    const createRestored: CreatePyodideModule = async settings => {
      const snapshot = await opened;
      settings.INITIAL_MEMORY = snapshot.heapSize;
      const module = await create(settings);
      // Python calls C functions of another signature through a function that the runtime makes as it
      // starts, unless the browser cannot; then the pointer is 0. It must be this runtime's own, since
      // another browser may have made the snapshot.
      const place = trampolinePlace(module);
      const pointer = module.HEAP32[place] ?? 0;
      await layDown(snapshot, module.HEAPU8);
      module.HEAP32[place] = pointer;
      return module;
    };
    const _loadSnapshot = opened.then(({ head }) => head);
    return await loadWith(loadPyodide, { ...common, _loadSnapshot }, createRestored);
  } catch (error) {
    console.warn(`jupyterlite-pool: the snapshot could not be restored: ${errorText(error)}`);
    return null;
  }
}

/**
 * Let Pyodide use the files that the host has loaded for all of its workers.
 *
 * Compiling takes most of a start, and workers that compile at once slow each other down. Pyodide has
 * no option for this, so its requests to the browser are answered here. Returns a function that puts
 * the browser's own functions back.
 */
function share({ module, library }: SharedRuntime, pyodideUrl: string): () => void {
  const { fetch } = globalThis;
  const { instantiateStreaming } = WebAssembly;
  const answers = new Map([
    [new URL('pyodide.asm.wasm', pyodideUrl).href, null], // nobody reads the answer
    [new URL('python_stdlib.zip', pyodideUrl).href, library]
  ]);
  globalThis.fetch = async (input, init) => {
    const answer = answers.get(input instanceof Request ? input.url : String(input));
    return answer === undefined ? fetch(input, init) : new Response(answer);
  };
  WebAssembly.instantiateStreaming = async (_source, imports) => ({
    module,
    instance: await WebAssembly.instantiate(module, imports)
  });
  return () => {
    globalThis.fetch = fetch;
    WebAssembly.instantiateStreaming = instantiateStreaming;
  };
}
