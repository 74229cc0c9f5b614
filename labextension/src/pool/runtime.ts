/** Pyodide's own files, which a host fetches and compiles once for all of its workers. */

import { errorText } from '../errors';
import type { SharedRuntime } from '../protocol';

/** The release of Pyodide that this pool was made with; a kernel names its own. */
export const DEFAULT_PYODIDE_URL = 'https://cdn.jsdelivr.net/pyodide/v314.0.6/full/pyodide.mjs';

const runtimes = new Map<string, Promise<SharedRuntime>>();

/**
 * The runtime beside `pyodideUrl`, fetched and compiled once.
 *
 * Rejects where it cannot be had. A worker could not tell: Pyodide's start never ends when its runtime
 * is missing, cut short or forbidden.
 */
export function sharedRuntime(pyodideUrl: string): Promise<SharedRuntime> {
  let runtime = runtimes.get(pyodideUrl);
  if (runtime === undefined) {
    runtime = load(pyodideUrl).catch((error: unknown) => {
      throw new Error(`${pyodideUrl} cannot start: ${(error as Error).message}`);
    });
    runtime.catch(() => runtimes.delete(pyodideUrl)); // another try may succeed
    runtimes.set(pyodideUrl, runtime);
  }
  return runtime;
}

const lockFiles = new Map<string, Promise<string | null>>();

/**
 * The text of a lock file, requested once; null where it cannot be had.
 *
 * Then each worker requests it by itself, and Pyodide says what is wrong with it.
 */
export function sharedLockFile(url: string): Promise<string | null> {
  let text = lockFiles.get(url);
  if (text === undefined) {
    text = request(url)
      .then(async answer => answer.text())
      .catch(() => {
        lockFiles.delete(url); // another try may succeed
        return null;
      });
    lockFiles.set(url, text);
  }
  return text;
}

async function load(pyodideUrl: string): Promise<SharedRuntime> {
  const library = readArchive(new URL('python_stdlib.zip', pyodideUrl).href);
  library.catch(() => undefined); // it is awaited below
  const module = await compile(new URL('pyodide.asm.wasm', pyodideUrl).href);
  return { module, library: await library };
}

/** How the last record of a zip archive begins, and how long a comment can make that record. */
const [ARCHIVE_END, MOST_END] = ['PK\x05\x06', 22 + 0xffff];

/**
 * A zip archive, as a blob: the browser keeps that outside of this thread's memory.
 *
 * The archive is checked here: Python would end without naming the file.
 */
async function readArchive(url: string): Promise<Blob> {
  const answer = await request(url);
  const archive = await answer.blob().catch((error: unknown) => {
    throw new Error(`${url} could not be loaded: ${errorText(error)}`);
  });
  const end = await archive.slice(-MOST_END).text();
  if (!end.includes(ARCHIVE_END)) {
    throw new Error(`${url} could not be loaded: it is no whole zip archive`);
  }
  return archive;
}

async function request(url: string): Promise<Response> {
  const answer = await fetch(url).catch((error: unknown) => {
    throw new Error(`${url} could not be loaded: ${errorText(error)}`);
  });
  if (!answer.ok) {
    throw new Error(`${url} could not be loaded: status ${answer.status}`);
  }
  return answer;
}

async function compile(url: string): Promise<WebAssembly.Module> {
  const answer = await request(url);
  const whole = answer.clone();
  try {
    return await WebAssembly.compileStreaming(answer);
  } catch (error) {
    if (!(error instanceof TypeError)) {
      throw new Error(`${url} could not be compiled: ${errorText(error)}`);
    }
    // It was served as another type than application/wasm, or was cut short.
  }
  const bytes = await whole.arrayBuffer();
  return WebAssembly.compile(bytes).catch((error: unknown) => {
    throw new Error(`${url} could not be compiled: ${errorText(error)}`);
  });
}
