import { expect, test } from 'vitest';

import { JobQueue } from '../../src/pool/queue';

interface Item {
  batch: number;
  target?: number;
  lane?: number;
  brief?: boolean;
  first?: boolean;
}

function queueOf(...batches: number[]): JobQueue<Item> {
  const queue = new JobQueue<Item>();
  for (const batch of batches) {
    queue.push({ batch });
  }
  return queue;
}

test('first in, first out', () => {
  const queue = queueOf(3, 1, 2);
  expect([queue.next(0), queue.next(0), queue.next(0)]).toEqual([
    { batch: 3 },
    { batch: 1 },
    { batch: 2 }
  ]);
});

test('an empty queue gives nothing', () => {
  expect(queueOf().next(0)).toBeUndefined();
});

test('a removed job is not given to anybody', () => {
  const queue = queueOf(1, 2, 3);
  expect(queue.remove(2)).toBe(true);
  expect(queue.remove(2)).toBe(false);
  expect(queue.length).toBe(2);
  expect([queue.next(0)?.batch, queue.next(0)?.batch]).toEqual([1, 3]);
});

test('jobs that are put back go before all others, in their order', () => {
  const queue = queueOf(3);
  queue.putBack([{ batch: 1 }, { batch: 2 }]);
  expect(queue.clear().map(({ batch }) => batch)).toEqual([1, 2, 3]);
});

test('clear takes everything, in order', () => {
  const queue = queueOf(2, 1);
  expect(queue.clear()).toEqual([{ batch: 2 }, { batch: 1 }]);
  expect(queue.length).toBe(0);
});

test('a job with a target goes before all others at that worker, and to no other worker', () => {
  const queue = queueOf(1);
  queue.push({ batch: 2, target: 7 });
  queue.push({ batch: 3, target: 7 });
  expect(queue.length).toBe(3);
  expect([queue.next(7)?.batch, queue.next(8)?.batch, queue.next(8)?.batch]).toEqual([
    2,
    1,
    undefined
  ]);
  expect(queue.next(7)?.batch).toBe(3);
});

test('jobs whose target has ended are forgotten', () => {
  const queue = queueOf(1);
  queue.push({ batch: 2, target: 7 });
  queue.push({ batch: 3, target: 8 });
  queue.forget(7);
  expect(queue.clear().map(({ batch }) => batch)).toEqual([1, 3]);
});

test('lanes take turns', () => {
  const queue = queueOf();
  for (const [batch, lane] of [
    [1, 5],
    [2, 5],
    [3, 5],
    [4, 6],
    [5, 6]
  ] as const) {
    queue.push({ batch, lane });
  }
  const order = [0, 1, 2, 3, 4].map(() => queue.next(0)?.batch);
  expect(order).toEqual([1, 4, 2, 5, 3]);
});

test('a lane whose jobs may not run holds up no other lane', () => {
  const queue = queueOf();
  queue.push({ batch: 1, lane: 5 });
  queue.push({ batch: 2, lane: 6 });
  const mayRun = ({ lane }: Item): boolean => lane !== 5;
  expect(queue.next(0, mayRun)?.batch).toBe(2);
  expect(queue.next(0, mayRun)).toBeUndefined();
  expect(queue.next(0)?.batch).toBe(1);
});

test('a job that is first goes before those of its lane alone', () => {
  const queue = queueOf();
  queue.push({ batch: 1, lane: 5 });
  queue.push({ batch: 2, lane: 6 });
  queue.push({ batch: 3, lane: 6, first: true });
  expect([queue.next(0), queue.next(0), queue.next(0)].map(job => job?.batch)).toEqual([1, 3, 2]);
});

test('the next job is taken as a brief one only if it is brief, and of that lane', () => {
  const queue = queueOf();
  queue.push({ batch: 1, lane: 5, brief: true });
  queue.push({ batch: 2, lane: 5 });
  expect(queue.nextBrief(6, 0)).toBeUndefined();
  queue.push({ batch: 3, lane: 6 });
  expect(queue.nextBrief(5, 0)).toBeUndefined(); // the other lane would wait
  queue.remove(3);
  queue.push({ batch: 4, target: 0 });
  expect(queue.nextBrief(5, 0)).toBeUndefined();
  expect(queue.nextBrief(5, 1)?.batch).toBe(1);
  expect(queue.nextBrief(5, 1)).toBeUndefined();
  expect([queue.remove(2), queue.remove(4)]).toEqual([true, true]);
  expect(queue.length).toBe(0);
});
