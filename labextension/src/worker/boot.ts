/** Pyodide, loaded in a pool worker. */
import type { BootOptions } from '../protocol';
import type { Pyodide, PyodideModule } from './pyodide';

/** Load Pyodide, from the compiled runtime where the host shares one, and lay down its files. */
export async function loadRuntime(options: BootOptions): Promise<Pyodide> {
  const { loadPyodide } = (await import(options.pyodideUrl)) as PyodideModule;
  const restore = options.module ? shareModule(options.module) : () => undefined;
  try {
    const python = await loadPyodide({
      indexURL: new URL('./', options.pyodideUrl).href,
      ...(options.lockFileUrl ? { lockFileURL: options.lockFileUrl } : {})
    });
    if (options.files) {
      // Python has looked into that folder before, when there was nothing in it.
      const extractDir = python.runPython(
        'import importlib, sysconfig; importlib.invalidate_caches(); sysconfig.get_path("purelib")'
      ) as string;
      python.unpackArchive(options.files, 'zip', { extractDir });
    }
    return python;
  } finally {
    restore();
  }
}

/**
 * Let Pyodide's one `instantiateStreaming` use a module that is compiled already.
 *
 * Compiling is most of a boot, and four workers that compile at once slow each other down. Pyodide
 * has no option for it, so its call is answered for as long as it boots.
 */
function shareModule(module: WebAssembly.Module): () => void {
  const original = WebAssembly.instantiateStreaming;
  WebAssembly.instantiateStreaming = async (_source, imports) => ({
    module,
    instance: await WebAssembly.instantiate(module, imports)
  });
  return () => {
    WebAssembly.instantiateStreaming = original;
  };
}
