/** Pyodide's files, as a host finds them and compiles them once for all of its workers. */

import { errorText } from '../errors';

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

/** Where a snapshot is, and what it must be. */
export interface SnapshotSource {
  url: string;
  /** SHA-256 of the file, in hexadecimal. */
  sha256: string;
}

const snapshots = new Map<string, Promise<Blob | null>>();

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
