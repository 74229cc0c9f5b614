import { expect, test } from 'vitest';

import { Line } from '../../src/pool/line';

function lineOf(...items: number[]): Line<number> {
  const line = new Line<number>();
  items.forEach(item => line.push(item));
  return line;
}

test('first come, first served, and nobody is left behind', () => {
  const line = lineOf(1, 2);
  expect([line.first, line.last, line.length]).toEqual([1, 2, 2]);
  expect([line.shift(), line.shift(), line.shift()]).toEqual([1, 2, undefined]);
  expect([line.first, line.last, line.length]).toEqual([undefined, undefined, 0]);
  line.push(3);
  expect(line.items).toEqual([3]);
});

test('those that come back have their turn before all others', () => {
  const line = lineOf(1, 2, 3, 4);
  line.shift();
  line.shift();
  line.putBack([1, 2]);
  line.putBack([]);
  expect(line.items).toEqual([1, 2, 3, 4]);
});

test('some can leave from the end, or all', () => {
  const line = lineOf(1, 2, 3, 4);
  line.shift();
  line.pop();
  expect(line.items).toEqual([2, 3]);
  line.keep(1);
  expect(line.items).toEqual([2]);
  expect(line.clear()).toEqual([2]);
  line.pop();
  expect(line.length).toBe(0);
});
