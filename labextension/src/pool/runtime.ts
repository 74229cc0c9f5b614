/** Pyodide's files, as a host finds them and compiles them once for all of its workers. */

import { errorText } from '../errors';
import type { SharedRuntime } from '../protocol';

/** The release that this pool was made with; hosts that bring their own name another URL. */
export const DEFAULT_PYODIDE_URL = 'https://cdn.jsdelivr.net/pyodide/v314.0.6/full/pyodide.mjs';

const runtimes = new Map<string, Promise<SharedRuntime>>();

/**
 * The runtime beside `pyodideUrl`, fetched and compiled once however many workers ask.
 *
 * Rejects where it cannot be had. A worker left to find that out would never say so: Pyodide's start
 * does not end when its runtime is missing, cut short or forbidden.
 */
export function sharedRuntime(pyodideUrl: string): Promise<SharedRuntime> {
  let runtime = runtimes.get(pyodideUrl);
  if (runtime === undefined) {
    runtime = load(pyodideUrl).catch((error: unknown) => {
      throw new Error(`${pyodideUrl} cannot start: ${(error as Error).message}`);
    });
    runtime.catch(() => runtimes.delete(pyodideUrl)); // the next time it may be there
    runtimes.set(pyodideUrl, runtime);
  }
  return runtime;
}

async function load(pyodideUrl: string): Promise<SharedRuntime> {
  const library = readArchive(new URL('python_stdlib.zip', pyodideUrl).href);
  library.catch(() => undefined); // it is the runtime whose fault is told first
  const module = await compile(new URL('pyodide.asm.wasm', pyodideUrl).href);
  return { module, library: await library };
}

/** A zip archive ends with a record that begins so; a comment may make it this long. */
const [ARCHIVE_END, MOST_END] = ['PK\x05\x06', 22 + 0xffff];

/**
 * A zip archive, as a blob: the browser keeps it outside of this thread's memory.
 *
 * Python ends without a word about the file where its library is cut short, or is another page.
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
    // It is served as another type than application/wasm, or did not come to its end.
  }
  const bytes = await whole.arrayBuffer();
  return WebAssembly.compile(bytes).catch((error: unknown) => {
    throw new Error(`${url} could not be compiled: ${errorText(error)}`);
  });
}

/** Where a snapshot is, and what it must be. */
export interface SnapshotSource {
  url: string;
  /** SHA-256 of the file, in hexadecimal. */
  sha256: string;
}

const snapshots = new Map<string, Promise<Blob | null>>();

/**
 * Snapshots that the workers of this host have made, by what they are of. They stay in memory: what
 * runs is kept nowhere else.
 */
export const madeSnapshots = new Map<string, Blob>();

/**
 * The snapshot that all workers of a host restore, fetched and verified once.
 *
 * A snapshot is state that runs, so it is used only if it is the very file that the site was built
 * with. Null where it cannot be had or not be verified (browsers do that in secure contexts alone):
 * workers then start the ordinary way.
 */
export function verifiedSnapshot(source: SnapshotSource): Promise<Blob | null> {
  let snapshot = snapshots.get(source.sha256);
  if (snapshot === undefined) {
    snapshot = fetchSnapshot(source).catch((error: unknown) => {
      console.warn(`jupyterlite-pool: workers start without ${source.url}: ${errorText(error)}`);
      snapshots.delete(source.sha256); // the next time it may be there
      return null;
    });
    snapshots.set(source.sha256, snapshot);
  }
  return snapshot;
}

async function fetchSnapshot({ url, sha256 }: SnapshotSource): Promise<Blob | null> {
  if (!('subtle' in crypto)) {
    throw new Error('this page is no secure context, where it could be verified');
  }
  const response = await fetch(url);
  if (!response.ok) {
    throw new Error(`status ${response.status}`);
  }
  const packed = await response.arrayBuffer();
  const digest = hexadecimal(new Uint8Array(await crypto.subtle.digest('SHA-256', packed)));
  if (digest !== sha256) {
    // It will not be another the next time.
    console.warn(`jupyterlite-pool: ${url} is not used: its SHA-256 is ${digest}, not ${sha256}`);
    return null;
  }
  // A blob, which the browser keeps outside of this worker's memory, and cannot be changed.
  const unpacked = new Blob([packed]).stream().pipeThrough(new DecompressionStream('gzip'));
  return new Response(unpacked).blob();
}

function hexadecimal(bytes: Uint8Array): string {
  return Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('');
}
