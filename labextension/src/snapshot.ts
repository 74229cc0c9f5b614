/**
 * Memory snapshots: WebAssembly modules without code, whose data segments are pages of a heap.
 *
 * A browser compiles such a module once, hands it to workers without a copy, and copies its segments
 * into the heap of a new Pyodide when the worker makes an instance of it. A module has only the pages
 * that are not zero, so the browser need not allocate the others.
 *
 *     section    content
 *     custom     4 × u32: version, bytes of the heap, bytes of Pyodide's own header, count of runs
 *                …        Pyodide's own header, as `_loadSnapshot` reads it, with no heap after it
 *                2 × u32  for each run of pages that lie together: its first page, its count of pages
 *     import     the heap
 *     data       the pages, one segment for each run
 *
 * The site's build uses this file, too (`jupyterlite_pool/site/snapshot.mjs`).
 */

/** The name of the custom section. No other module of WebAssembly has one of that name. */
const NAME = 'jupyterlite-pool';
const VERSION = 2;
const PAGE = 4096;

/** WebAssembly counts memory in pages of its own. */
const MEMORY_PAGE = 65_536;

/** The words in front of Pyodide's own header. */
const FIXED_WORDS = 4;

/** Numbers of WebAssembly's binary format. */
const PREAMBLE = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
const SECTION = { custom: 0, import: 2, data: 11 } as const;
const [IS_MEMORY, NO_MAXIMUM, ACTIVE, I32_CONST, END] = [0x02, 0x00, 0x00, 0x41, 0x0b];

/**
 * The number that decides how Python hashes texts, as `PYTHONHASHSEED` in the environment of a start.
 *
 * All workers must hash alike, since tasks sort work by hashes, as Dask's shuffles do. A worker that is
 * restored has the number of the Python that the snapshot was made of, which may be another machine's.
 * So every start has this one.
 */
export const HASH_SEED = '0';

/** What a runtime must know of a snapshot before it is made. */
export interface Outline {
  /** Bytes of the whole heap. */
  heapSize: number;
  /** Pyodide's own header, for `_loadSnapshot`; no heap comes after it. */
  head: Uint8Array<ArrayBuffer>;
}

/** First page and count of pages, for each run of pages that lie together. */
type Runs = readonly (readonly [number, number])[];

/** Pack the result of Pyodide's `makeMemorySnapshot`. */
export function packSnapshot(made: Uint8Array<ArrayBuffer>): Blob {
  const [, headSize = 0] = new Uint32Array(made.buffer, made.byteOffset, 2);
  const heap = made.subarray(headSize);
  const runs = usedRuns(heap);
  const about = [
    ...text(NAME),
    ...bytesOf([VERSION, heap.length, headSize, runs.length]),
    ...made.subarray(0, headSize),
    ...bytesOf(runs.flat())
  ];
  const limits = [NO_MAXIMUM, ...unsigned(heap.length / MEMORY_PAGE)];
  const imported = [1, ...text('heap'), ...text('memory'), IS_MEMORY, ...limits];
  const segments = runs.flatMap(([page, count]) => [
    Uint8Array.from([ACTIVE, I32_CONST, ...signed(page * PAGE), END, ...unsigned(count * PAGE)]),
    heap.subarray(page * PAGE, (page + count) * PAGE)
  ]);
  return new Blob([
    Uint8Array.from(PREAMBLE),
    ...section(SECTION.custom, [Uint8Array.from(about)]),
    ...section(SECTION.import, [Uint8Array.from(imported)]),
    ...section(SECTION.data, [Uint8Array.from(unsigned(runs.length)), ...segments])
  ]);
}

/** What a snapshot tells of itself. Throws if the module is none of this version. */
export function outlineOf(snapshot: WebAssembly.Module): Outline {
  const { heapSize, head } = read(snapshot);
  return { heapSize, head };
}

/**
 * Make a heap what it was when the snapshot was made.
 *
 * Throws before it has changed anything if the module is no snapshot of this version.
 */
export function layDown(snapshot: WebAssembly.Module, memory: WebAssembly.Memory): void {
  const { heapSize, runs } = read(snapshot);
  if (memory.buffer.byteLength < heapSize) {
    throw new Error(`the heap has ${memory.buffer.byteLength} bytes, not ${heapSize}`);
  }
  const all = asWords(new Uint8Array(memory.buffer));
  let next = 0;
  for (const [page, count] of runs) {
    clear(all, next, page);
    next = page + count;
  }
  clear(all, next, (all.length * 4) / PAGE);
  // This copies the segments. Nobody needs the instance.
  new WebAssembly.Instance(snapshot, { heap: { memory } });
}

/** Read the custom section. */
function read(snapshot: WebAssembly.Module): Outline & { runs: Runs } {
  const [content] = WebAssembly.Module.customSections(snapshot, NAME);
  const [version, heapSize = 0, headSize = 0, count = 0] = content
    ? words(content, 0, FIXED_WORDS)
    : [];
  if (content === undefined || version !== VERSION) {
    throw new Error('this is no snapshot of this version');
  }
  const table = FIXED_WORDS * 4 + headSize;
  const pairs = words(content, table, 2 * count);
  const runs = Array.from(
    { length: count },
    (_, i) => [pairs[2 * i] ?? 0, pairs[2 * i + 1] ?? 0] as const
  );
  return { heapSize, head: new Uint8Array(content.slice(FIXED_WORDS * 4, table)), runs };
}

function words(content: ArrayBuffer, at: number, count: number): Uint32Array {
  return new Uint32Array(content.slice(at, at + 4 * count));
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

/** Clear pages that are zero in the snapshot: the new runtime may have written into them. */
function clear(all: Uint32Array, from: number, to: number): void {
  for (let page = from; page < to; page++) {
    if (!isZero(all, page)) {
      all.fill(0, (page * PAGE) / 4, ((page + 1) * PAGE) / 4);
    }
  }
}

// --- WebAssembly's binary format ---------------------------------------------------------------

function section(id: number, parts: Uint8Array<ArrayBuffer>[]): Uint8Array<ArrayBuffer>[] {
  const size = parts.reduce((sum, part) => sum + part.length, 0);
  return [Uint8Array.from([id, ...unsigned(size)]), ...parts];
}

/** A name, with its length in front of it. */
function text(name: string): number[] {
  const bytes = new TextEncoder().encode(name);
  return [...unsigned(bytes.length), ...bytes];
}

function bytesOf(numbers: readonly number[]): Uint8Array {
  return new Uint8Array(Uint32Array.from(numbers).buffer);
}

/** A number below 2³² in LEB128. */
function unsigned(value: number): number[] {
  const low = value & 0x7f;
  const rest = value >>> 7;
  return rest === 0 ? [low] : [low | 0x80, ...unsigned(rest)];
}

/** The same number as a signed one of 32 bits, as `i32.const` takes an address. */
function signed(value: number): number[] {
  const low = value & 0x7f;
  const rest = value >> 7;
  const ends = (rest === 0 && low < 0x40) || (rest === -1 && low >= 0x40);
  return ends ? [low] : [low | 0x80, ...signed(rest)];
}
