import { expect, test } from 'vitest';

import { pack, shorten, wordsOf } from '../../src/broker/gather';
import { SMALL } from '../../src/protocol';
import type { PoolEvent } from '../../src/pool/events';

const dispatched = (worker: number, batch: number): PoolEvent => ({
  type: 'dispatched',
  worker,
  batch
});

function result(batch: number, bytes: number[], buffers: ArrayBuffer[] = []): PoolEvent {
  const payload = new Uint8Array(bytes);
  const rest = { done: bytes.length > 1, memory: 0 };
  return { type: 'frame', worker: 2, frame: { kind: 'result', batch, payload, buffers, ...rest } };
}

const limited: PoolEvent = { type: 'limited', workers: 1 };

test('small events are packed into one, in order', () => {
  const told = shorten([dispatched(1, 7), result(7, [5, 6]), result(8, []), dispatched(1, 9)]);
  const words = [
    [1, 7, -1, 0],
    [2, 7, 2, 1],
    [2, 8, 0, 0],
    [1, 9, -1, 0]
  ].flat();
  expect(told).toEqual([pack(words, [new Uint8Array([5, 6])])]);
});

test('other events are told unchanged, in their place', () => {
  const large = result(3, Array<number>(SMALL).fill(1));
  const buffered = result(4, [1], [new ArrayBuffer(8)]);
  const told = shorten([dispatched(1, 7), limited, large, buffered, dispatched(1, 8)]);
  const gathered = (batch: number) => pack([1, batch, -1, 0], []);
  expect(told).toEqual([gathered(7), limited, large, buffered, gathered(8)]);
});

test('a packed event is words of four bytes, then the payloads', () => {
  const event = pack([2, 7, 3, 0], [new Uint8Array([1, 2]), new Uint8Array([3])]);
  expect([...wordsOf(event)]).toEqual([2, 7, 3, 0]);
  const [head, rest] = [event.packed.slice(0, 4), event.packed.slice(20)];
  expect([...new Int32Array(head.buffer)]).toEqual([4]);
  expect([...rest]).toEqual([1, 2, 3]);
});
