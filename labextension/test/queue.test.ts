import { expect, test } from 'vitest';

import { BatchQueue } from '../src/pool/queue';

function queueOf(...batches: number[]): BatchQueue<{ batch: number }> {
  const queue = new BatchQueue<{ batch: number }>();
  for (const batch of batches) {
    queue.push({ batch });
  }
  return queue;
}

test('first in, first out', () => {
  const queue = queueOf(3, 1, 2);
  expect([queue.shift(), queue.shift(), queue.shift()]).toEqual([
    { batch: 3 },
    { batch: 1 },
    { batch: 2 }
  ]);
});

test('an empty queue gives nothing', () => {
  expect(queueOf().shift()).toBeUndefined();
});

test('what was taken out by its number is not given', () => {
  const queue = queueOf(1, 2, 3);
  expect(queue.remove(2)).toBe(true);
  expect(queue.remove(2)).toBe(false);
  expect(queue.length).toBe(2);
  expect([queue.shift()?.batch, queue.shift()?.batch]).toEqual([1, 3]);
});

test('clear takes everything, in order', () => {
  const queue = queueOf(2, 1);
  expect(queue.clear()).toEqual([{ batch: 2 }, { batch: 1 }]);
  expect(queue.length).toBe(0);
});
