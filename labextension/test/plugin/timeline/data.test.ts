import { expect, test } from 'vitest';

import { KIND, NOTEBOOK, Recording, STATE, Track } from '../../../src/plugin/timeline/data';
import { many, sample } from './sample';

const { item } = KIND;
const { done } = STATE;

test('bars are in the order of their beginnings, however they come', () => {
  const track = new Track(0);
  for (let i = 0; i < 200; i++) {
    track.add(i, i + 0.5, item, done, 0, i);
  }
  track.add(150.2, 150.4, item, done, 0, 999);
  expect(track.size).toBe(201);
  expect(track.item[151]).toBe(999);
  expect(track.item[152]).toBe(151);
  const begins = [...track.begin.subarray(0, track.size)];
  expect(begins).toEqual([...begins].sort((one, other) => one - other));
});

test('the first bar that may be seen is found', () => {
  const track = new Track(0);
  [0, 1, 2, 5].forEach((begin, i) => track.add(begin, begin + 1, item, done, 0, i));
  expect(track.from(-1)).toBe(0);
  expect(track.from(1.5)).toBe(1);
  expect(track.from(3)).toBe(3);
  expect(track.from(9)).toBe(4);
});

test('a recording knows its rows, its span and its bars', () => {
  const recording = sample();
  expect(recording.workers).toEqual([0, 1]);
  expect(recording.whole).toEqual({ from: 0, to: 8 });
  expect(recording.size).toBe(6);
  recording.track(NOTEBOOK).add(0, 1, item, done, 1, 0);
  expect(recording.workers).toEqual([0, 1, NOTEBOOK]);
  const all = recording.all(0);
  expect(all.size).toBe(3);
  expect(recording.bar(all, 2)).toEqual(recording.running[0]);
  expect(recording.track(0).size).toBe(2);
  expect(recording.all(1)).toBe(recording.track(1));
  expect(recording.all(99).size).toBe(0);
});

test('an empty recording has a span, too', () => {
  const { whole } = new Recording();
  expect(whole.to).toBeGreaterThan(whole.from);
});

test('functions of several jobs have one label', () => {
  const recording = sample();
  expect(recording.workOf(3, 'f')).toBe(1);
  expect(recording.workOf(5, 'f')).toBe(3);
  expect(recording.labels).toEqual(['f', 'g']);
});

test('only so many bars are kept, and the oldest go first', () => {
  const recording = new Recording(100);
  for (let i = 0; i < 101; i++) {
    recording.track(0).add(i, i + 1, item, done, 0, i);
  }
  recording.follow(101, [], 3);
  expect(recording.forgotten).toBe(3 + 26);
  expect(recording.size).toBe(75);
  expect(recording.track(0).item[0]).toBe(26);
  expect(recording.whole.from).toBe(26);
  const large = many(1000);
  large.follow(1, [], 0);
  expect(large.size).toBe(1000);
});
