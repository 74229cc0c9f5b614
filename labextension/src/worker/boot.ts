/** Starts or restores Pyodide in a pool worker. */
import { errorText } from '../errors';
import type { BootOptions } from '../protocol';
import { HASH_SEED, layDown, outlineOf, packSnapshot } from '../snapshot';
import type { Outline } from '../snapshot';
import type {
  CreatePyodideModule,
  LoadOptions,
  Pyodide,
  PyodideModule,
  PyodideRuntime
} from './pyodide';
import { importRuntime, loadWith, trampolinePlace } from './releases';
import { share } from './sharing';
import type { Sharing } from './sharing';

export interface Runtime {
  python: Pyodide;
  /** Whether it was restored from a snapshot. */
  restored: boolean;
}

/**
 * Make a Pyodide, and unpack the files of the options.
 *
 * The compiled runtime and the snapshot are used where the host has them.
 *
 * @param coming the snapshot whose outline is in the options; null if it cannot be used after all
 */
export async function loadRuntime(
  options: BootOptions,
  coming: Promise<WebAssembly.Module | null>,
  onSnapshot: (snapshot: Blob | null) => void
): Promise<Runtime> {
  const { loadPyodide } = await importPart<PyodideModule>(options.pyodideUrl, 'loadPyodide');
  await importRuntime(options.pyodideUrl); // Pyodide's own error would not name the script
  const common: LoadOptions = {
    indexURL: new URL('./', options.pyodideUrl).href,
    env: { PYTHONHASHSEED: HASH_SEED },
    ...(options.lockFileUrl ? { lockFileURL: options.lockFileUrl } : {})
  };
  const sharing = options.runtime && share(options.runtime, options);
  try {
    const { snapshot } = options;
    const awaited = snapshot && sharing && { ...snapshot, coming, sharing };
    const restored = awaited && (await restore(loadPyodide, common, awaited));
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
    sharing?.end();
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

/** A snapshot that may still be on its way. */
interface Awaited extends Outline {
  coming: Promise<WebAssembly.Module | null>;
  sharing: Sharing;
}

/** A Pyodide with the memory of a snapshot; null on failure: an ordinary start may succeed. */
async function restore(
  loadPyodide: PyodideModule['loadPyodide'],
  common: LoadOptions,
  awaited: Awaited
): Promise<Pyodide | null> {
  try {
    const create = await importRuntime(common.indexURL);
    const createRestored: CreatePyodideModule = async settings => {
      settings.INITIAL_MEMORY = awaited.heapSize;
      const module = await create(settings);
      layOver(await expected(awaited), module, awaited.sharing.memory());
      return module;
    };
    const _loadSnapshot = Promise.resolve(awaited.head);
    return await loadWith(loadPyodide, { ...common, _loadSnapshot }, createRestored);
  } catch (error) {
    if ((await awaited.coming) !== null) {
      // The host has said why there is none.
      console.warn(`jupyterlite-pool: the snapshot could not be restored: ${errorText(error)}`);
    }
    return null;
  }
}

/** The snapshot, which must be the one that was announced. */
async function expected({ head, coming }: Awaited): Promise<WebAssembly.Module> {
  const snapshot = await coming;
  if (snapshot === null) {
    throw new Error('there is none');
  }
  const found = outlineOf(snapshot).head;
  if (found.length !== head.length || found.some((byte, place) => byte !== head[place])) {
    throw new Error('it is not the one that was announced');
  }
  return snapshot;
}

/**
 * Give a new runtime the memory of a snapshot.
 *
 * Python calls C functions of another signature through a function that the runtime makes as it
 * starts, unless the browser cannot; then the pointer is 0. It must be this runtime's own, since
 * another browser may have made the snapshot.
 */
function layOver(
  snapshot: WebAssembly.Module,
  module: PyodideRuntime,
  memory: WebAssembly.Memory | null
): void {
  if (memory === null || memory.buffer !== module.HEAP32.buffer) {
    throw new Error('this release of Pyodide does not tell where its heap is');
  }
  const place = trampolinePlace(module);
  const pointer = module.HEAP32[place] ?? 0;
  layDown(snapshot, memory);
  module.HEAP32[place] = pointer;
}
