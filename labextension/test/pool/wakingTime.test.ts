import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { Stopwatch, afterBeats } from '../../src/pool/wakingTime';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

test('a limit ends after its time', () => {
  const action = vi.fn();
  afterBeats(1000, action);
  vi.advanceTimersByTime(999);
  expect(action).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(action).toHaveBeenCalledOnce();
});

test('a cancelled limit never ends', () => {
  const action = vi.fn();
  const callOff = afterBeats(1000, action);
  vi.advanceTimersByTime(600);
  callOff();
  vi.advanceTimersByTime(10_000);
  expect(action).not.toHaveBeenCalled();
});

test('a pause does not count for a limit', () => {
  const action = vi.fn();
  afterBeats(1000, action);
  vi.advanceTimersByTime(500);
  // The page is frozen for an hour: the clock goes on, timers do not.
  const clock = performance.now.bind(performance);
  vi.spyOn(performance, 'now').mockImplementation(() => clock() + 3_600_000);
  vi.advanceTimersByTime(399);
  expect(action).not.toHaveBeenCalled();
  vi.advanceTimersByTime(101);
  expect(action).toHaveBeenCalledOnce();
});

test('a pause does not count for a stopwatch', () => {
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
