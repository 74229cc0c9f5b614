import { expect, test } from 'vitest';

import { Pace } from '../../src/interrupt/pace';

/** The looks of a loop whose steps take so many milliseconds each, until a time; the last number. */
function run(pace: Pace, step: number, looks: number): number[] {
  let now = 0;
  let steps = pace.reset();
  return Array.from({ length: looks }, () => {
    now += steps * step;
    steps = pace.next(now);
    return steps;
  });
}

test('a loop of fast steps is looked at each 200 steps, after few looks', () => {
  expect(run(new Pace(), 0.0001, 5)).toEqual([1, 8, 64, 200, 200]);
});

test('a loop of slow steps is looked at in each of them', () => {
  expect(new Set(run(new Pace(), 400, 9))).toEqual(new Set([1]));
});

test('steps that become slow are looked at each time, after one look', () => {
  const pace = new Pace();
  run(pace, 0.0001, 5);
  expect(pace.next(1e6)).toBe(1);
});

test('looks come every five milliseconds where steps take a part of one', () => {
  const steps = run(new Pace(), 0.25, 20);
  expect(steps.at(-1)).toBeGreaterThan(15);
  expect(steps.at(-1)).toBeLessThan(25);
});
