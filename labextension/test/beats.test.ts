import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { Stopwatch, afterBeats } from '../src/pool/beats';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

test('a limit ends when it should', () => {
  const action = vi.fn();
  afterBeats(1000, action);
  vi.advanceTimersByTime(999);
  expect(action).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(action).toHaveBeenCalledOnce();
});

test('a limit that is called off never ends', () => {
  const action = vi.fn();
  const callOff = afterBeats(1000, action);
  vi.advanceTimersByTime(600);
  callOff();
  vi.advanceTimersByTime(10_000);
  expect(action).not.toHaveBeenCalled();
});

test('the time in which nothing ran does not count', () => {
  const action = vi.fn();
  afterBeats(1000, action);
  vi.advanceTimersByTime(500);
  // Frozen for an hour: the clock goes on, timers do not.
  const clock = performance.now.bind(performance);
  vi.spyOn(performance, 'now').mockImplementation(() => clock() + 3_600_000);
  vi.advanceTimersByTime(399);
  expect(action).not.toHaveBeenCalled();
  vi.advanceTimersByTime(101);
  expect(action).toHaveBeenCalledOnce();
});

test('a stopwatch does not count the time in which nothing ran', () => {
  const watch = new Stopwatch();
  vi.advanceTimersByTime(3_000);
  expect(watch.elapsed).toBe(3_000);
  const clock = performance.now.bind(performance);
  vi.spyOn(performance, 'now').mockImplementation(() => clock() + 3_600_000);
  vi.advanceTimersByTime(1_000);
  expect(watch.elapsed).toBeGreaterThanOrEqual(4_000);
  expect(watch.elapsed).toBeLessThanOrEqual(4_500);
  watch.stop();
  expect(vi.getTimerCount()).toBe(0);
});
