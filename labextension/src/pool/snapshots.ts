/** The snapshots that workers are restored from: a site's own, fetched and verified once. */
import { errorText } from '../errors';
import { outlineOf } from '../snapshot';
import type { Outline } from '../snapshot';

/** A snapshot of a site. */
export interface SnapshotSource {
  url: string;
  /** SHA-256 of the file, in hexadecimal. */
  sha256: string;
  /** Its outline, with the header in base64: workers begin with it before the snapshot is there. */
  heapSize?: number;
  head?: string;
}

const snapshots = new Map<string, Promise<WebAssembly.Module | null>>();

/** The digests of files that cannot be used, however often they are fetched. */
const refused = new Set<string>();

/**
 * The snapshot of a site, fetched, verified and compiled once for all workers of a host.
 *
 * A snapshot is state that runs, so only the very file that the site was built with is used. Null
 * if it cannot be had or cannot be verified, since browsers compute digests in secure contexts
 * alone. Workers then start without it.
 */
export function verifiedSnapshot(source: SnapshotSource): Promise<WebAssembly.Module | null> {
  let snapshot = snapshots.get(source.sha256);
  if (snapshot === undefined) {
    snapshot = fetchSnapshot(source).catch((error: unknown) => {
      console.warn(`jupyterlite-pool: workers start without ${source.url}: ${errorText(error)}`);
      snapshots.delete(source.sha256); // another try may succeed
      return null;
    });
    snapshots.set(source.sha256, snapshot);
  }
  return snapshot;
}

/** The outline of a site's snapshot that may be on its way; null if unknown, or if none comes. */
export function outlineAhead({ sha256, heapSize, head }: SnapshotSource): Outline | null {
  if (heapSize === undefined || head === undefined || !canVerify() || refused.has(sha256)) {
    return null;
  }
  return { heapSize, head: Uint8Array.from(atob(head), letter => letter.charCodeAt(0)) };
}

/** Compile a snapshot. Rejects if the bytes are none of this version. */
export async function compileSnapshot(
  bytes: ReadableStream<Uint8Array<ArrayBuffer>>
): Promise<WebAssembly.Module> {
  const headers = { 'Content-Type': 'application/wasm' };
  const snapshot = await WebAssembly.compileStreaming(new Response(bytes, { headers }));
  outlineOf(snapshot);
  return snapshot;
}

function canVerify(): boolean {
  return 'subtle' in crypto;
}

async function fetchSnapshot(source: SnapshotSource): Promise<WebAssembly.Module | null> {
  const { url, sha256 } = source;
  if (!canVerify()) {
    throw new Error('this page is no secure context, so the snapshot cannot be verified');
  }
  const response = await fetch(url);
  if (!response.ok) {
    throw new Error(`status ${response.status}`);
  }
  // The browser compiles what it has while the rest arrives. Nobody gets the module before the digest
  // of the file is known to be right.
  const [file, copy] = (response.body ?? new Blob().stream()).tee();
  const compiling = compileSnapshot(copy.pipeThrough(new DecompressionStream('gzip')));
  compiling.catch(() => undefined); // what is wrong with the file is told first
  const packed = await new Response(file).arrayBuffer();
  const digest = hexadecimal(new Uint8Array(await crypto.subtle.digest('SHA-256', packed)));
  if (digest !== sha256) {
    return refuse(source, `its SHA-256 is ${digest}, not ${sha256}`);
  }
  return compiling.catch((error: unknown) => refuse(source, errorText(error)));
}

/** Do without a file. Another try would find the same one, so null stays. */
function refuse({ url, sha256 }: SnapshotSource, reason: string): null {
  refused.add(sha256);
  console.warn(`jupyterlite-pool: workers start without a snapshot: ${url} is not used: ${reason}`);
  return null;
}

function hexadecimal(bytes: Uint8Array): string {
  return Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('');
}
