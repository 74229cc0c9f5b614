import { expect, test } from 'vitest';

import { Layout, NAMES, RIGHT } from '../../../src/plugin/timeline/layout';
import { marks, panned, timeText, within, zoomed } from '../../../src/plugin/timeline/view';
import { trans } from './sample';

const WHOLE = { from: 0, to: 100 };

test('a zoom leaves the time under the pointer where it is', () => {
  const next = zoomed(WHOLE, 2, 25, WHOLE);
  expect(next).toEqual({ from: 12.5, to: 62.5 });
  expect((25 - next.from) / (next.to - next.from)).toBe(0.25);
  expect(zoomed(next, 0.5, 25, WHOLE)).toEqual(WHOLE);
});

test('nobody gets beyond the ends, or too close', () => {
  expect(zoomed(WHOLE, 0.1, 50, WHOLE)).toEqual(WHOLE);
  expect(panned({ from: 10, to: 30 }, -1, WHOLE)).toEqual({ from: 0, to: 20 });
  expect(panned({ from: 70, to: 90 }, 1, WHOLE)).toEqual({ from: 80, to: 100 });
  expect(within({ from: 150, to: 170 }, WHOLE)).toEqual({ from: 80, to: 100 });
  const close = zoomed(WHOLE, 1e12, 50, WHOLE);
  expect(close.to - close.from).toBeCloseTo(1e-5, 9);
});

test.each([
  [{ from: 0, to: 4 }, 5, [0, 1, 2, 3, 4]],
  [{ from: 0.013, to: 0.047 }, 4, [0.02, 0.03, 0.04]],
  [{ from: 0, to: 100 }, 5, [0, 20, 40, 60, 80, 100]],
  [{ from: 7, to: 8 }, 10, [7, 7.1, 7.2, 7.3, 7.4, 7.5, 7.6, 7.7, 7.8, 7.9, 8]]
])('the marks of %j are round', (span, most, expected) => {
  expect(marks(span, most)).toEqual(expected);
});

test.each([
  [0, '0 s'],
  [0.0000042, '4.2 µs'],
  [0.01234, '12.3 ms'],
  [1.5, '1.5 s'],
  [59.94, '59.9 s'],
  [65, '1:05'],
  [3723, '1:02:03']
])('%d seconds are %s', (seconds, text) => {
  expect(timeText(seconds, trans)).toBe(text);
});

test('a point has a time and a row, and back', () => {
  const layout = new Layout(NAMES + RIGHT + 200, 3, { from: 10, to: 20 });
  expect(layout.time(layout.x(12.5))).toBeCloseTo(12.5);
  expect(layout.x(10)).toBe(NAMES);
  expect(layout.unit).toBe(0.05);
  for (const row of [0, 1, 2]) {
    expect(layout.row(layout.y(row) + 1)).toBe(row);
  }
  expect(layout.row(0)).toBeNull();
  expect(layout.row(layout.bottom + 1)).toBeNull();
  expect(layout.between(NAMES + 100, NAMES, { from: 0, to: 30 })).toEqual({ from: 10, to: 15 });
});
