/** Starts or restores Pyodide in a pool worker. */
import { errorText } from '../errors';
import type { BootOptions, SharedRuntime } from '../protocol';
import type {
  CreatePyodideModule,
  LoadOptions,
  Pyodide,
  PyodideModule,
  PyodideRuntime
} from './pyodide';
import { HASH_SEED, layDown, openSnapshot, packSnapshot } from './snapshot';
import type { Snapshot } from './snapshot';

/** `pyodide.asm.mjs`. */
interface RuntimeModule {
  default: CreatePyodideModule;
}

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
  await importPart<RuntimeModule>(runtimeUrl(options.pyodideUrl), 'default');
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
  for (const url of [pyodideUrl, runtimeUrl(pyodideUrl)]) {
    import(url).catch(() => undefined);
  }
}

function runtimeUrl(pyodideUrl: string): string {
  return new URL('pyodide.asm.mjs', pyodideUrl).href;
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
    const createPyodideModule: CreatePyodideModule = async settings => {
      const snapshot = await opened;
      settings.INITIAL_MEMORY = snapshot.heapSize;
      const url = new URL('pyodide.asm.mjs', common.indexURL).href;
      const { default: create } = (await import(url)) as RuntimeModule;
      const module = await create(settings);
      const trampoline = readTrampoline(module);
      await layDown(snapshot, module.HEAPU8);
      module.HEAP32[trampoline.place] = trampoline.pointer;
      return module;
    };
    const _loadSnapshot = opened.then(({ head }) => head);
    return await loadPyodide({ ...common, _loadSnapshot, createPyodideModule });
  } catch (error) {
    console.warn(`jupyterlite-pool: the snapshot could not be restored: ${errorText(error)}`);
    return null;
  }
}

/**
 * The pointer through which Python calls C functions of another signature.
 *
 * The runtime makes that function as it starts, unless the browser cannot; the pointer is then 0. So
 * it must not come from a snapshot that another browser may have made.
 */
function readTrampoline(module: PyodideRuntime): { place: number; pointer: number } {
  const offset = module.HEAP32[module.__PyEM_EMSCRIPTEN_TRAMPOLINE_OFFSET / 4] ?? 0;
  const place = (module.__PyRuntime + offset) / 4;
  return { place, pointer: module.HEAP32[place] ?? 0 };
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
