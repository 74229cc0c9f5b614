import { expect, test } from 'vitest';

import { layDown, openSnapshot, packSnapshot } from '../../src/worker/snapshot';

const PAGE = 4096;

/** A snapshot with two runs: page 1, and pages 3 and 4. */
function packed(magic = 0x53504c4a, missing = 0): Blob {
  const table = Uint32Array.from([magic, 1, 6 * PAGE, 3, 2, 1, 1, 3, 2]);
  const pages = [7, 8, 9].map(value => new Uint8Array(PAGE).fill(value));
  const blob = new Blob([table, new Uint8Array([1, 2, 3]), ...pages]);
  return blob.slice(0, blob.size - missing);
}

/** A blob whose stream gives pieces of this size. */
function inPieces(blob: Blob, size: number): Blob {
  const stream = async function* (): AsyncGenerator<Uint8Array> {
    const bytes = new Uint8Array(await blob.arrayBuffer());
    for (let at = 0; at < bytes.length; at += size) {
      yield bytes.subarray(at, at + size);
    }
  };
  const from = (ReadableStream as unknown as { from(of: unknown): ReadableStream }).from;
  return Object.assign(blob, { stream: () => from(stream()) });
}

test('the parts of a snapshot are found', async () => {
  const { heapSize, head, runs, pages } = await openSnapshot(packed());
  expect(heapSize).toBe(6 * PAGE);
  expect([...head]).toEqual([1, 2, 3]);
  expect(runs).toEqual([
    [1, 1],
    [3, 2]
  ]);
  expect(pages.size).toBe(3 * PAGE);
});

test.each([1000, PAGE, 5000, 10 * PAGE])(
  'pages come into their places, read in pieces of %i bytes',
  async size => {
    const snapshot = await openSnapshot(packed());
    const heap = new Uint8Array(6 * PAGE).fill(1);
    await layDown({ ...snapshot, pages: inPieces(snapshot.pages, size) }, heap);
    const firsts = Array.from({ length: 6 }, (_, page) => heap[page * PAGE]);
    const lasts = Array.from({ length: 6 }, (_, page) => heap[page * PAGE + PAGE - 1]);
    expect(firsts).toEqual([0, 7, 0, 8, 9, 0]);
    expect(lasts).toEqual(firsts);
  }
);

test('packed pages are laid down unchanged', async () => {
  const heap = new Uint8Array(8 * PAGE);
  heap[2 * PAGE + 5] = 1;
  heap[3 * PAGE - 1] = 2;
  heap.fill(3, 3 * PAGE, 4 * PAGE);
  heap[7 * PAGE] = 4;
  const made = new Uint8Array(16 + heap.length);
  new Uint32Array(made.buffer, 0, 2).set([9, 16]);
  made.set(heap, 16);
  const snapshot = await openSnapshot(packSnapshot(made));
  expect(snapshot.runs).toEqual([
    [2, 2],
    [7, 1]
  ]);
  const restored = new Uint8Array(heap.length).fill(255);
  await layDown(snapshot, restored);
  expect(restored).toEqual(heap);
  expect([...snapshot.head]).toEqual([...made.subarray(0, 16)]);
});

test('a blob that is no snapshot is refused', async () => {
  await expect(openSnapshot(packed(1))).rejects.toThrow('no snapshot');
  await expect(openSnapshot(new Blob(['short']))).rejects.toThrow();
  await expect(openSnapshot(packed(undefined, 1))).rejects.toThrow('bytes of pages');
});
