/**
 * A memory snapshot, laid down in the heap of a Pyodide that is being made.
 *
 * `jupyterlite_pool/site/snapshot.mjs` writes it, and says what it looks like. Only pages that are
 * not zero are in it, and they go from the blob to the heap piece by piece: all others stay pages
 * that the browser need not even have, and no second copy of the heap is ever made.
 */

const MAGIC = 0x53504c4a; // "JLPS"
const VERSION = 1;
const PAGE = 4096;

/** Fixed part of the table: magic, version, bytes of the heap and of the head, count of runs. */
const TABLE_WORDS = 5;

export interface Snapshot {
  /** Bytes of the heap that it was taken of. */
  heapSize: number;
  /** What Pyodide's `_loadSnapshot` reads; no heap comes after it. */
  head: Uint8Array<ArrayBuffer>;
  /** First page and count of pages, for each run of pages that lie together. */
  runs: readonly (readonly [number, number])[];
  /** The pages, one run after the other. */
  pages: Blob;
}

/** Take a snapshot apart; throws where it is none. */
export async function openSnapshot(blob: Blob): Promise<Snapshot> {
  const fixed = await words(blob.slice(0, TABLE_WORDS * 4));
  const [magic, version, heapSize = 0, headSize = 0, count = 0] = fixed;
  if (magic !== MAGIC || version !== VERSION) {
    throw new Error('this is no snapshot of this version');
  }
  const tableEnd = (TABLE_WORDS + 2 * count) * 4;
  const table = await words(blob.slice(TABLE_WORDS * 4, tableEnd));
  const runs = Array.from(
    { length: count },
    (_, i) => [table[2 * i] ?? 0, table[2 * i + 1] ?? 0] as const
  );
  const headEnd = tableEnd + headSize;
  const head = new Uint8Array(await blob.slice(tableEnd, headEnd).arrayBuffer());
  const pages = blob.slice(headEnd);
  const expected = runs.reduce((sum, [, length]) => sum + length, 0) * PAGE;
  if (pages.size !== expected) {
    throw new Error(`the snapshot has ${pages.size} bytes of pages, not ${expected}`);
  }
  return { heapSize, head, runs, pages };
}

/** Lay down the pages in a heap that is otherwise as the runtime itself made it. */
export async function layDown(snapshot: Snapshot, heap: Uint8Array): Promise<void> {
  const reader = snapshot.pages.stream().getReader();
  let piece = new Uint8Array();
  for (const [page, count] of snapshot.runs) {
    let at = page * PAGE;
    const end = at + count * PAGE;
    while (at < end) {
      if (piece.length === 0) {
        const { done, value } = await reader.read();
        if (done) {
          throw new Error('the snapshot ended too early');
        }
        piece = value;
      }
      const part = piece.subarray(0, end - at);
      heap.set(part, at);
      at += part.length;
      piece = piece.subarray(part.length);
    }
  }
}

async function words(blob: Blob): Promise<Uint32Array> {
  return new Uint32Array(await blob.arrayBuffer());
}
