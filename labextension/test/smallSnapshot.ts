import { packSnapshot } from '../src/snapshot';

export const PAGE = 4096;

/** Pyodide's own header: its second word is its length. */
export const HEAD = new Uint8Array(Uint32Array.from([9, 16, 3, 4]).buffer);

/** What `makeMemorySnapshot` gives for a heap. */
export function madeOf(heap: Uint8Array): Uint8Array<ArrayBuffer> {
  const made = new Uint8Array(HEAD.length + heap.length);
  made.set(HEAD);
  made.set(heap, HEAD.length);
  return made;
}

/** A packed snapshot of the smallest heap there is. */
export function smallSnapshot(): Blob {
  return packSnapshot(madeOf(new Uint8Array(16 * PAGE).fill(7, 3 * PAGE, 5 * PAGE)));
}

export async function compiled(snapshot: Blob): Promise<WebAssembly.Module> {
  return WebAssembly.compile(await snapshot.arrayBuffer());
}
