/**
 * Memory snapshots: packed into a blob, and copied back into the heap of a new Pyodide.
 *
 * A snapshot has only the pages that are not zero, and they go from the blob to the heap piece by
 * piece. So no second copy of the heap is made, and the browser need not allocate the zero pages.
 *
 *     5 × u32   magic, version, bytes of the heap, bytes of Pyodide's own header, count of runs
 *     2 × u32   for each run: its first page, its count of pages
 *     …         Pyodide's own header, as `_loadSnapshot` reads it, with no heap after it
 *     …         the pages
 *
 * The site's build uses this file, too (`jupyterlite_pool/site/snapshot.mjs`).
 */

const MAGIC = 0x53504c4a; // "JLPS"
const VERSION = 1;
const PAGE = 4096;

/** Fixed part of the table: magic, version, bytes of the heap and of the head, count of runs. */
const TABLE_WORDS = 5;

/**
 * The number that decides how Python hashes texts, as `PYTHONHASHSEED` in the environment of a start.
 *
 * All workers must hash alike, since tasks sort work by hashes, as Dask's shuffles do. A worker that is
 * restored has the number of the Python that the snapshot was made of, which may be another machine's.
 * So every start has this one.
 */
export const HASH_SEED = '0';

export interface Snapshot {
  /** Bytes of the whole heap. */
  heapSize: number;
  /** Pyodide's own header, for `_loadSnapshot`; no heap comes after it. */
  head: Uint8Array<ArrayBuffer>;
  /** First page and count of pages, for each run of pages that lie together. */
  runs: readonly (readonly [number, number])[];
  /** The pages, one run after the other. */
  pages: Blob;
}

/** Pack the result of Pyodide's `makeMemorySnapshot`. */
export function packSnapshot(made: Uint8Array<ArrayBuffer>): Blob {
  const [, headSize = 0] = new Uint32Array(made.buffer, made.byteOffset, 2);
  const heap = made.subarray(headSize);
  const runs = usedRuns(heap);
  const table = [MAGIC, VERSION, heap.length, headSize, runs.length, ...runs.flat()];
  const pages = runs.map(([page, count]) => heap.subarray(page * PAGE, (page + count) * PAGE));
  return new Blob([Uint32Array.from(table), made.subarray(0, headSize), ...pages]);
}

/** The pages that are not zero, as runs of pages that lie together. */
function usedRuns(heap: Uint8Array<ArrayBuffer>): [number, number][] {
  const runs: [number, number][] = [];
  const all = asWords(heap);
  for (let page = 0; page < heap.length / PAGE; page++) {
    const last = runs.at(-1);
    if (isZero(all, page)) {
      continue;
    }
    if (last && last[0] + last[1] === page) {
      last[1] += 1;
    } else {
      runs.push([page, 1]);
    }
  }
  return runs;
}

function asWords(heap: Uint8Array): Uint32Array {
  return new Uint32Array(heap.buffer, heap.byteOffset, heap.length / 4);
}

/** Whether a page is zero. A bare loop is fastest, and a start waits for thousands of pages. */
function isZero(all: Uint32Array, page: number): boolean {
  const end = ((page + 1) * PAGE) / 4;
  for (let place = (page * PAGE) / 4; place < end; place++) {
    if (all[place] !== 0) {
      return false;
    }
  }
  return true;
}

/** Read the table and the header of a snapshot. Throws if the blob is none. */
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

/** Copy the pages into the heap of a new runtime. */
export async function layDown(snapshot: Snapshot, heap: Uint8Array): Promise<void> {
  const reader = snapshot.pages.stream().getReader();
  const all = asWords(heap);
  let piece = new Uint8Array();
  let next = 0;
  for (const [page, count] of snapshot.runs) {
    clear(all, next, page);
    next = page + count;
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
  clear(all, next, snapshot.heapSize / PAGE);
}

/** Clear pages that are zero in the snapshot: the new runtime may have written into them. */
function clear(all: Uint32Array, from: number, to: number): void {
  for (let page = from; page < to; page++) {
    if (!isZero(all, page)) {
      all.fill(0, (page * PAGE) / 4, ((page + 1) * PAGE) / 4);
    }
  }
}

async function words(blob: Blob): Promise<Uint32Array> {
  return new Uint32Array(await blob.arrayBuffer());
}
