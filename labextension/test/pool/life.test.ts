import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { Life } from '../../src/pool/life';
import type { WorkerEnd } from '../../src/pool/events';
import { PULSE } from '../../src/protocol';
import { FakeLocks } from '../fakeWorker';

const END: WorkerEnd = {
  reason: 'terminated',
  message: 'stopped',
  status: null,
  running: null,
  memory: 0
};

const locks = new FakeLocks();

beforeEach(() => {
  vi.stubGlobal('navigator', { locks });
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

test('a lock that is granted means that the worker is gone', async () => {
  const onGone = vi.fn();
  const life = new Life(onGone);
  expect(life.pulse).toBeNull();
  life.watch();
  expect(locks.isAwaited(life.lock ?? '')).toBe(true);
  locks.release(life.lock ?? '');
  await vi.waitFor(() => expect(onGone).toHaveBeenCalledOnce());
});

test('a life that has ended waits for no lock', () => {
  const life = new Life(() => undefined);
  life.watch();
  life.close(END);
  expect(locks.isAwaited(life.lock ?? '')).toBe(false);
});

test('without locks, beats that stop mean that the worker is gone', async () => {
  vi.stubGlobal('navigator', {});
  const onGone = vi.fn();
  const life = new Life(onGone);
  expect(life.lock).toBeNull();
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  life.watch();
  vi.advanceTimersByTime(10 * PULSE); // the first beat may take as long as it likes
  life.pulse?.postMessage(null);
  await new Promise(resolve => setTimeout(resolve, 10));
  vi.advanceTimersByTime(2 * PULSE);
  expect(onGone).not.toHaveBeenCalled();
  vi.advanceTimersByTime(PULSE);
  await vi.waitFor(() => expect(onGone).toHaveBeenCalledOnce());
  life.close(END);
  expect(vi.getTimerCount()).toBe(0);
});

test('only the first end counts, and rejects the calls that wait', async () => {
  const life = new Life(() => undefined);
  const waiting = life.orEnd(new Promise(() => undefined));
  expect(await life.orEnd(Promise.resolve(1))).toBe(1);
  expect(life.close(END)).toBe(true);
  expect(life.close({ ...END, message: 'later' })).toBe(false);
  expect(life.end).toBe(END);
  await expect(waiting).rejects.toThrow('stopped');
  await expect(life.orEnd(Promise.resolve(1))).rejects.toThrow('stopped');
});
