/** Lets Pyodide use what the host has loaded for all of its workers. */
import type { SharedRuntime } from '../protocol';

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
export function share({ module, library }: SharedRuntime, pyodideUrl: string): Sharing {
  const { fetch } = globalThis;
  const { instantiateStreaming, Module } = WebAssembly;
  let memory: WebAssembly.Memory | null = null;
  const answers = new Map([
    [new URL('pyodide.asm.wasm', pyodideUrl).href, null], // nobody reads the answer
    [new URL('python_stdlib.zip', pyodideUrl).href, library]
  ]);
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
  WebAssembly.Module = remembering(Module);
  return {
    memory: () => memory,
    end() {
      globalThis.fetch = fetch;
      WebAssembly.instantiateStreaming = instantiateStreaming;
      WebAssembly.Module = Module;
    }
  };
}

/** The size of the modules that are remembered. Those of single functions are much smaller. */
const SMALL = 256;

/**
 * The same class, but the same bytes are compiled once.
 *
 * For each of the hundreds of JavaScript functions that C can point to, the runtime compiles a module
 * that has nothing but the signature of the function. There are a few dozen signatures.
 */
function remembering(Module: typeof WebAssembly.Module): typeof WebAssembly.Module {
  const known = new Map<string, WebAssembly.Module>();
  return new Proxy(Module, {
    construct(target, given: [BufferSource], newTarget): WebAssembly.Module {
      const [bytes] = given;
      if (!ArrayBuffer.isView(bytes) || bytes.byteLength > SMALL) {
        return Reflect.construct(target, given, newTarget) as WebAssembly.Module;
      }
      const key = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength).join();
      const module = known.get(key) ?? new target(bytes);
      known.set(key, module);
      return module;
    }
  });
}
