import { expect, test } from 'vitest';

import { across, barAt, beside, reveal, under } from '../../../src/plugin/timeline/cursor';
import { Recording } from '../../../src/plugin/timeline/data';
import { sample } from './sample';

const recording = sample();
const rows = recording.workers.map(worker => recording.all(worker));
const { whole } = recording;

test('the first key chooses the first bar in view', () => {
  expect(beside(rows, null, 1, whole)).toEqual({ row: 0, place: 0 });
  expect(across(rows, null, -1, { from: 5.5, to: 5.8 })).toEqual({ row: 1, place: 2 });
  expect(beside([new Recording().all(0)], null, 1, whole)).toBeNull();
});

test('keys go from bar to bar in a row, and stop at its ends', () => {
  expect(beside(rows, { row: 0, place: 0 }, 1, whole)).toEqual({ row: 0, place: 1 });
  expect(beside(rows, { row: 0, place: 2 }, 1, whole)).toEqual({ row: 0, place: 2 });
  expect(beside(rows, { row: 0, place: 0 }, -1, whole)).toEqual({ row: 0, place: 0 });
});

test('keys go to the bar of another row that ran at about the same time', () => {
  expect(across(rows, { row: 0, place: 1 }, 1, whole)).toEqual({ row: 1, place: 2 });
  expect(across(rows, { row: 1, place: 0 }, -1, whole)).toEqual({ row: 0, place: 0 });
  expect(across(rows, { row: 1, place: 0 }, 1, whole)).toEqual({ row: 1, place: 0 });
});

test('a point finds the bar under it, or hardly beside it', () => {
  expect(under(rows, 0, 3, 0)).toEqual({ row: 0, place: 1 });
  expect(under(rows, 0, 5.4, 0.1)).toBeNull();
  expect(under(rows, 0, 5.05, 0.1)).toEqual({ row: 0, place: 1 });
  expect(under(rows, 5, 3, 0)).toBeNull();
});

test('a chosen bar is what it was, or gone', () => {
  expect(barAt(recording, rows, { row: 1, place: 2 })).toMatchObject({ worker: 1, item: 2 });
  expect(barAt(recording, rows, { row: 1, place: 3 })).toBeNull();
  expect(barAt(recording, rows, null)).toBeNull();
});

test('a bar out of view comes into the middle of it', () => {
  const bar = barAt(recording, rows, { row: 0, place: 2 });
  expect(bar && reveal({ from: 0, to: 2 }, bar)).toEqual({ from: 6, to: 8 });
  expect(bar && reveal({ from: 5, to: 7 }, bar)).toEqual({ from: 5, to: 7 });
});
