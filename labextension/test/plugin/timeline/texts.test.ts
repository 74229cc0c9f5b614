import { expect, test } from 'vitest';

import { NOTEBOOK, Recording } from '../../../src/plugin/timeline/data';
import { totalsOf } from '../../../src/plugin/timeline/concurrency';
import { barText, headline, rowName, totalsText } from '../../../src/plugin/timeline/texts';
import { many, sample, trans } from './sample';

test('each bar says what it is', () => {
  const recording = sample();
  const texts = recording.workers.flatMap(worker => {
    const track = recording.all(worker);
    return Array.from({ length: track.size }, (_, place) =>
      barText(recording.bar(track, place), trans)
    );
  });
  expect(texts).toEqual([
    'Item 0 of f (job 3) ran on worker 0 for 2 s',
    'Item 1 of f (job 3) failed on worker 0 after 3 s',
    'Item 7 of f (job 3) has been running on worker 0 for 2 s',
    'worker 1 started in 1 s',
    'worker 1 was prepared in 1 s',
    'Item 2 of g (job 4) was cancelled on worker 1 after 3 s'
  ]);
  expect(rowName(NOTEBOOK, trans)).toBe('notebook');
});

test('a call of submit has no job', () => {
  const recording = new Recording();
  const track = recording.track(0);
  track.add(0, 0.5, 0, 1, recording.workOf(0, 'pow'), 4);
  expect(barText(recording.bar(track, 0), trans)).toBe('Call 4 of pow ran on worker 0 for 500 ms');
});

test('the headline answers whether it is parallel', () => {
  const recording = sample();
  expect(headline(recording, recording.whole, trans)).toBe(
    'While anything ran, 1.3 tasks ran at once on average, on 2 workers.'
  );
  const full = many(4000);
  expect(headline(full, full.whole, trans)).toContain(' 4 tasks ran at once on average, on 4 ');
  expect(headline(many(100, 1), many(100, 1).whole, trans)).toContain('1 tasks ran at once');
  expect(headline(new Recording(), { from: 0, to: 1 }, trans)).toMatch(/^Nothing has run so far/);
});

test('the totals of a part are told in one line', () => {
  const recording = sample();
  expect(totalsText(totalsOf(recording, { from: 1, to: 4 }), trans)).toBe(
    '3 s chosen · 3 items · 2 workers at work · 4 s of work · workers busy 67 % · ' +
      '1 failed · 1 cancelled'
  );
});
