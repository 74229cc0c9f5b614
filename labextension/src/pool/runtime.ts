/** Pyodide's files, as a host finds them and compiles them once for all of its workers. */

/** The release that this pool was made with; hosts that bring their own name another URL. */
export const DEFAULT_PYODIDE_URL = 'https://cdn.jsdelivr.net/pyodide/v314.0.6/full/pyodide.mjs';

const modules = new Map<string, Promise<WebAssembly.Module | null>>();

/**
 * The compiled runtime beside `pyodideUrl`, compiled once however many workers ask.
 *
 * Null where it cannot be had: each worker then compiles its own, and reports what is wrong.
 */
export function compiledRuntime(pyodideUrl: string): Promise<WebAssembly.Module | null> {
  let module = modules.get(pyodideUrl);
  if (module === undefined) {
    const url = new URL('pyodide.asm.wasm', pyodideUrl);
    module = WebAssembly.compileStreaming(fetch(url)).catch((error: unknown) => {
      console.warn(`jupyterlite-pool: ${url} is not shared between workers: ${error}`);
      modules.delete(pyodideUrl);
      return null;
    });
    modules.set(pyodideUrl, module);
  }
  return module;
}
