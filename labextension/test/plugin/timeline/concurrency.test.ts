import { expect, test } from 'vitest';

import { NOTEBOOK, KIND, STATE } from '../../../src/plugin/timeline/data';
import { runningOver, totalsOf, workersOver } from '../../../src/plugin/timeline/concurrency';
import { byWorker } from '../../../src/plugin/timeline/table';
import { many, sample } from './sample';

test('how many tasks ran at once, part by part', () => {
  const recording = sample();
  expect([...runningOver(recording, recording.whole, 8)]).toEqual([1, 1, 1, 2, 2, 1, 1, 1]);
  expect([...runningOver(recording, recording.whole, 4)]).toEqual([1, 1.5, 1.5, 1]);
  expect([...runningOver(recording, { from: 2.5, to: 3.5 }, 1)]).toEqual([1.5]);
  expect([...workersOver(recording, recording.whole, 8)]).toEqual([1, 2, 2, 2, 2, 2, 1, 1]);
});

test('the parts add up to the time that tasks ran, however many there are', () => {
  const recording = many(100_000);
  const { whole } = recording;
  for (const parts of [7, 600]) {
    const sum = runningOver(recording, whole, parts).reduce((one, other) => one + other, 0);
    expect((sum * (whole.to - whole.from)) / parts).toBeCloseTo(100, 5);
  }
});

test('the totals of a part count what is in it', () => {
  const recording = sample();
  const totals = totalsOf(recording, { from: 1, to: 4 });
  expect(totals).toMatchObject({
    seconds: 3,
    items: 3,
    failed: 1,
    cancelled: 1,
    busy: 4,
    there: 6,
    workers: 2
  });
  expect(totals.functions).toEqual([
    { label: 'f', items: 2, seconds: 3 },
    { label: 'g', items: 1, seconds: 1 }
  ]);
  expect(totalsOf(recording, { from: 7, to: 8 })).toMatchObject({ items: 1, busy: 1, workers: 1 });
  expect(totalsOf(recording, { from: 5.2, to: 5.4 })).toMatchObject({ items: 1, cancelled: 1 });
});

test('the notebook counts as a worker where it ran items', () => {
  const recording = sample();
  recording.track(NOTEBOOK).add(0, 4, KIND.item, STATE.done, 1, 0);
  expect(totalsOf(recording, { from: 1, to: 4 })).toMatchObject({ workers: 3, there: 9, busy: 7 });
});

test('the table tells of each worker what the drawing shows', () => {
  const recording = sample();
  expect(byWorker(recording, recording.whole)).toEqual([
    { worker: 0, items: 3, failed: 1, cancelled: 0, busy: 7, prepared: 0, running: true },
    { worker: 1, items: 1, failed: 0, cancelled: 1, busy: 3, prepared: 2, running: false }
  ]);
});
