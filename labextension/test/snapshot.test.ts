import { expect, test } from 'vitest';

import { layDown, outlineOf, packSnapshot } from '../src/snapshot';
import { EMPTY_MODULE } from './fakeWorker';
import { HEAD, PAGE, compiled, madeOf, smallSnapshot } from './smallSnapshot';

/** Pages of WebAssembly are that many of ours. */
const EACH = 16;

function memoryOf(pages: number, fill = 0): WebAssembly.Memory {
  const memory = new WebAssembly.Memory({ initial: pages });
  new Uint8Array(memory.buffer).fill(fill);
  return memory;
}

test('a snapshot tells its outline', async () => {
  const { heapSize, head } = outlineOf(await compiled(smallSnapshot()));
  expect(heapSize).toBe(EACH * PAGE);
  expect([...head]).toEqual([...HEAD]);
});

test('pages come into their places, and all others are cleared', async () => {
  const heap = new Uint8Array(32 * EACH * PAGE);
  // Each length that an address can have in the module, and the first and the last page.
  for (const page of [0, 1, 2, 3, 255, 256, 257, 511]) {
    heap[page * PAGE + 5] = page + 1;
    heap[(page + 1) * PAGE - 1] = 3;
  }
  heap.fill(0xff, 300 * PAGE, 302 * PAGE);
  const memory = memoryOf(32, 1);
  layDown(await compiled(packSnapshot(madeOf(heap))), memory);
  expect(Buffer.compare(new Uint8Array(memory.buffer), heap)).toBe(0);
});

test('a heap that is larger than the snapshot is cleared to its end', async () => {
  const memory = memoryOf(2, 1);
  layDown(await compiled(smallSnapshot()), memory);
  const found = Array.from(
    { length: 2 * EACH },
    (_, page) => new Uint8Array(memory.buffer)[page * PAGE]
  );
  expect(found).toEqual([0, 0, 0, 7, 7, ...Array<number>(27).fill(0)]);
});

test('a heap without a single byte has a snapshot', async () => {
  const memory = memoryOf(1, 1);
  layDown(await compiled(packSnapshot(madeOf(new Uint8Array(EACH * PAGE)))), memory);
  expect(new Uint8Array(memory.buffer).some(byte => byte !== 0)).toBe(false);
});

test('the same snapshot is laid down as often as one likes', async () => {
  const snapshot = await compiled(smallSnapshot());
  const [first, second] = [memoryOf(1), memoryOf(1, 1)];
  layDown(snapshot, first);
  new Uint8Array(first.buffer).fill(9);
  layDown(snapshot, second);
  expect(new Uint8Array(second.buffer)[3 * PAGE]).toBe(7);
});

test('a heap that is too small stays as it is', async () => {
  const snapshot = await compiled(packSnapshot(madeOf(new Uint8Array(2 * EACH * PAGE).fill(7))));
  const memory = memoryOf(1, 1);
  expect(() => layDown(snapshot, memory)).toThrow('the heap has 65536 bytes, not 131072');
  expect(new Uint8Array(memory.buffer).every(byte => byte === 1)).toBe(true);
});

test('a module that is no snapshot of this version is refused, and changes nothing', async () => {
  const bytes = new Uint8Array(await smallSnapshot().arrayBuffer());
  const version = 8 + 2 + 1 + 'jupyterlite-pool'.length;
  expect(bytes[version]).toBe(2);
  bytes[version] = 1;
  for (const module of [EMPTY_MODULE, await WebAssembly.compile(bytes)]) {
    const memory = memoryOf(1, 1);
    expect(() => outlineOf(module)).toThrow('no snapshot of this version');
    expect(() => layDown(module, memory)).toThrow('no snapshot of this version');
    expect(new Uint8Array(memory.buffer).every(byte => byte === 1)).toBe(true);
  }
});

test('a snapshot that was cut short is no module', async () => {
  const whole = smallSnapshot();
  await expect(compiled(whole.slice(0, whole.size - 1))).rejects.toThrow();
});
