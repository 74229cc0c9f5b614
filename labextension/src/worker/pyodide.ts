/** The parts of Pyodide that a pool worker uses, including private ones. */
import type { PyodideAPI } from 'pyodide';
import type { PyCallable } from 'pyodide/ffi';

export type { PyProxy, PyCallable } from 'pyodide/ffi';

export type Pyodide = PyodideAPI & {
  /** Private to Pyodide: its C side. */
  _module: PyodideRuntime;
  /** Private to Pyodide: called once, when Python can never run again. */
  _api: { on_fatal?: (error: PyodideFatal) => void | Promise<void> };
};

/** The parts of Emscripten's file system that mount a folder. */
export interface FileSystem {
  /** Python turns it into an `OSError`. */
  ErrnoError: new (code: number) => Error & { errno: number };
  mkdirTree(path: string): void;
  mount(type: object, options: object, mountpoint: string): void;
  chdir(path: string): void;
  rename(from: string, to: string): void;
}

export interface PyodideFatal {
  name: string;
  message: string;
  stack?: string;
  /** The exit status, where Python asked to exit. */
  status?: number;
}

/** The C side of Pyodide, as Emscripten makes it. */
export interface PyodideRuntime {
  HEAP8: Int8Array;
  HEAPU8: Uint8Array;
  HEAP32: Int32Array;
  /** Pointers to Python's state, and to the offset of the trampoline's pointer in that state. */
  __PyRuntime: number;
  __PyEM_EMSCRIPTEN_TRAMPOLINE_OFFSET?: number;
  /** The name of the latter in earlier releases. */
  __PyEM_EMSCRIPTEN_COUNT_ARGS_OFFSET?: number;
}

/** Makes the C side; Emscripten's settings are its only argument. */
export type CreatePyodideModule = (settings: {
  INITIAL_MEMORY?: number;
}) => Promise<PyodideRuntime>;

export interface LoadOptions {
  indexURL: string;
  lockFileURL?: string;
  /** Environment variables of Python; Pyodide adds its own. */
  env?: Record<string, string>;
  /** Private to Pyodide: allow `makeMemorySnapshot`. */
  _makeSnapshot?: boolean;
  /** Private to Pyodide: a memory snapshot of the same build. */
  _loadSnapshot?: Promise<Uint8Array>;
  /** Makes the C side in place of the imported function. */
  createPyodideModule?: CreatePyodideModule;
}

export interface PyodideModule {
  loadPyodide: (options: LoadOptions) => Promise<Pyodide>;
}

/** Whether this browser can pause Python. Elsewhere, `callPromising` is an error. */
const CAN_PAUSE = 'Suspending' in WebAssembly;

/** Call Python so that it can wait for a promise, where the browser can pause it. */
export function callPausable(callable: PyCallable, ...args: unknown[]): unknown {
  return CAN_PAUSE ? callable.callPromising(...args) : callable(...args);
}
