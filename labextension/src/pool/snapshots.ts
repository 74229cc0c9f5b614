/** The snapshots that workers are restored from: a site's own, fetched and verified once. */
import { errorText } from '../errors';

/** A snapshot of a site. */
export interface SnapshotSource {
  url: string;
  /** SHA-256 of the file, in hexadecimal. */
  sha256: string;
}

const snapshots = new Map<string, Promise<Blob | null>>();

/**
 * The snapshot of a site, fetched and verified once for all workers of a host.
 *
 * A snapshot is state that runs, so only the very file is used that the site was built with. Null
 * where it cannot be had, or not be verified, which browsers do in secure contexts alone. Workers
 * then start without it.
 */
export function verifiedSnapshot(source: SnapshotSource): Promise<Blob | null> {
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

async function fetchSnapshot({ url, sha256 }: SnapshotSource): Promise<Blob | null> {
  if (!('subtle' in crypto)) {
    throw new Error('this page is no secure context, so the snapshot cannot be verified');
  }
  const response = await fetch(url);
  if (!response.ok) {
    throw new Error(`status ${response.status}`);
  }
  const packed = await response.arrayBuffer();
  const digest = hexadecimal(new Uint8Array(await crypto.subtle.digest('SHA-256', packed)));
  if (digest !== sha256) {
    // Another try would find the same file, so null stays.
    console.warn(
      `jupyterlite-pool: workers start without a snapshot: ${url} is not used: ` +
        `its SHA-256 is ${digest}, not ${sha256}`
    );
    return null;
  }
  // A blob: the browser keeps it outside of this thread's memory, and nobody can change it.
  const unpacked = new Blob([packed]).stream().pipeThrough(new DecompressionStream('gzip'));
  return new Response(unpacked).blob();
}

function hexadecimal(bytes: Uint8Array): string {
  return Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('');
}
