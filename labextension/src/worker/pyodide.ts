/** The parts of Pyodide that a pool worker uses, private ones included, in one typed place. */
import type { PyodideAPI } from 'pyodide';

export type { PyProxy, PyCallable } from 'pyodide/ffi';

export type Pyodide = PyodideAPI & {
  /** Private to Pyodide: its C side, here for the size of the heap. */
  _module: { HEAP8: Int8Array };
  /** Private to Pyodide: told once when Python can never run again. */
  _api: { on_fatal?: (error: PyodideFatal) => void | Promise<void> };
};

/** The parts of Emscripten's file system that mount a folder. */
export interface FileSystem {
  mkdirTree(path: string): void;
  mount(type: object, options: object, mountpoint: string): void;
  chdir(path: string): void;
}

export interface PyodideFatal {
  name: string;
  message: string;
  stack?: string;
  /** The exit status, where Python asked to exit. */
  status?: number;
}

export interface PyodideModule {
  loadPyodide: (options: Record<string, unknown>) => Promise<Pyodide>;
}
