import { expect, test } from 'vitest';

import { blocksOf } from '../../../src/plugin/timeline/blocks';
import { KIND, Recording, STATE } from '../../../src/plugin/timeline/data';
import { many, sample } from './sample';

test('a bar that can be seen is a block of its own', () => {
  const recording = sample();
  const blocks = blocksOf(recording, recording.all(0), recording.whole, 0.01);
  expect(blocks.map(({ begin, end, count }) => [begin, end, count])).toEqual([
    [0, 2, 1],
    [2, 5, 1],
    [6, 8, 1]
  ]);
  expect(blocks.map(({ state, failed }) => [state, failed])).toEqual([
    [STATE.done, 0],
    [STATE.failed, 1],
    [STATE.running, 0]
  ]);
  expect(blocks.map(({ label }) => label)).toEqual([0, 0, 0]);
  const second = blocksOf(recording, recording.all(1), recording.whole, 0.01);
  expect(second.map(({ kind }) => kind)).toEqual([KIND.starting, KIND.preparing, KIND.item]);
  expect(second.map(({ label }) => label)).toEqual([-1, -1, 1]);
  expect(second.map(({ cancelled }) => cancelled)).toEqual([0, 0, 1]);
});

test('there are no more blocks than pixels, and no bar is lost', () => {
  const recording = many(100_000);
  const pixels = 600;
  const { whole } = recording;
  const unit = (whole.to - whole.from) / pixels;
  let [bars, failed] = [0, 0];
  for (const worker of recording.workers) {
    const blocks = blocksOf(recording, recording.track(worker), whole, unit);
    expect(blocks.length).toBeLessThanOrEqual(pixels + 1);
    for (const block of blocks) {
      bars += block.count;
      failed += block.failed;
      expect(block.last - block.first + 1).toBe(block.count);
    }
  }
  expect(bars).toBe(100_000);
  expect(failed).toBe(100);
});

test('closer, the same bars are told apart, and only those in view are looked at', () => {
  const recording = many(100_000);
  const blocks = blocksOf(recording, recording.track(0), { from: 10, to: 10.1 }, 0.0001);
  expect(blocks.length).toBeGreaterThanOrEqual(100);
  expect(blocks.length).toBeLessThanOrEqual(103);
  expect(blocks.every(({ count }) => count === 1)).toBe(true);
});

test('narrow bars with gaps between them are less busy', () => {
  const recording = new Recording();
  const work = recording.workOf(1, 'f');
  for (let i = 0; i < 100; i++) {
    recording.track(0).add(i * 0.1, i * 0.1 + 0.025, KIND.item, STATE.done, work, i);
  }
  const blocks = blocksOf(recording, recording.track(0), { from: 0, to: 10 }, 1);
  expect(blocks).toHaveLength(10);
  for (const { busy, count } of blocks) {
    expect(count).toBe(10);
    expect(busy).toBeCloseTo(0.25, 1);
  }
});

test('many bars have the colour of what took most of the time', () => {
  const recording = new Recording();
  const [f, g] = [recording.workOf(1, 'f'), recording.workOf(2, 'g')];
  const track = recording.track(0);
  track.add(0, 0.1, KIND.item, STATE.done, f, 0);
  track.add(0.1, 0.4, KIND.item, STATE.done, g, 0);
  track.add(0.4, 0.5, KIND.item, STATE.done, f, 1);
  const [block] = blocksOf(recording, track, { from: 0, to: 10 }, 1);
  expect(block).toMatchObject({ label: 1, count: 3, begin: 0, end: 0.5 });
});
