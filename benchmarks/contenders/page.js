/**
 * Measures a contender on an empty page of its own: seconds until its workers are ready,
 * milliseconds of a call, calls per second, seconds of a large buffer.
 *
 * A contender has `start(count, pyodideUrl)` and `nothing()`, an empty call of Python on one of its
 * workers. A contender that can send data also has `length(view)`, a buffer's length in Python.
 */
export const PYTHON = 'def nothing():\n    pass';

const now = () => performance.now() / 1000;

export function compete(contender) {
  window.contender = {
    async start(count) {
      const pyodideUrl = new URL('static/pyodide/pyodide.mjs', location.href).href;
      const started = now();
      await contender.start(count, pyodideUrl);
      return now() - started;
    },
    async call(count) {
      const started = now();
      for (let i = 0; i < count; i++) {
        await contender.nothing();
      }
      return ((now() - started) * 1000) / count;
    },
    async many(count) {
      const started = now();
      await Promise.all(Array.from({ length: count }, () => contender.nothing()));
      return count / (now() - started);
    },
    async length(size) {
      const bytes = new Uint8Array(size);
      for (let at = 0; at < size; at += 65536) {
        crypto.getRandomValues(bytes.subarray(at, Math.min(size, at + 65536)));
      }
      const started = now();
      const length = await contender.length(bytes);
      const took = now() - started;
      if (length !== size) {
        throw new Error(`Python saw ${length} bytes of ${size}`);
      }
      return took;
    }
  };
}
