/** Lets Pyodide use what the host has loaded for all of its workers. */
import { lockFileOf } from '../protocol';
import type { BootOptions, SharedRuntime } from '../protocol';

/** Pyodide's requests are answered until `end` is called. */
export interface Sharing {
  /** The heap of the runtime; null before it is made. */
  memory(): WebAssembly.Memory | null;
  /** Put the browser's own functions back. */
  end(): void;
}

/**
 * Answer what Pyodide asks the browser for.
 *
 * Compiling takes most of a start, and workers that compile at once slow each other down. Pyodide has
 * no option for this.
 */
export function share(
  { module, library }: SharedRuntime,
  {
    pyodideUrl,
    lockFileUrl,
    lockFile
  }: Pick<BootOptions, 'pyodideUrl' | 'lockFileUrl' | 'lockFile'>
): Sharing {
  const { fetch } = globalThis;
  const { instantiateStreaming } = WebAssembly;
  let memory: WebAssembly.Memory | null = null;
  const answers = new Map<string, Blob | string | null>([
    [new URL('pyodide.asm.wasm', pyodideUrl).href, null], // nobody reads the answer
    [new URL('python_stdlib.zip', pyodideUrl).href, library]
  ]);
  if (lockFile !== null) {
    answers.set(lockFileOf(pyodideUrl, lockFileUrl), lockFile);
  }
  globalThis.fetch = async (input, init) => {
    const answer = answers.get(input instanceof Request ? input.url : String(input));
    return answer === undefined ? fetch(input, init) : new Response(answer);
  };
  WebAssembly.instantiateStreaming = (_source, imports = {}) =>
    new Promise(resolve => {
      const instance = new WebAssembly.Instance(module, imports);
      // Some releases make the heap in JavaScript, others in WebAssembly.
      const heap = instance.exports['memory'] ?? imports['env']?.['memory'];
      memory = heap instanceof WebAssembly.Memory ? heap : null;
      resolve({ module, instance });
    });
  return {
    memory: () => memory,
    end() {
      globalThis.fetch = fetch;
      WebAssembly.instantiateStreaming = instantiateStreaming;
    }
  };
}
