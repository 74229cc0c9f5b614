import { afterEach, expect, test, vi } from 'vitest';

import { FakeWorker } from '../fakeWorker';
import { given, started, submit, useFakePage } from './fakePool';

useFakePage();

afterEach(() => void vi.useRealTimers());

async function overdue(isolated: boolean): Promise<Awaited<ReturnType<typeof started>>> {
  vi.stubGlobal('crossOriginIsolated', isolated);
  const made = await started(1);
  made.pool.submit(1, new Uint8Array([1]), [], [], { timeLimit: 10 });
  await given(FakeWorker.at(0), 1);
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  FakeWorker.at(0).post({ kind: 'begin', batch: 1 });
  await turn();
  return made;
}

/** Let messages arrive; timers are fake. */
async function turn(): Promise<void> {
  for (let i = 0; i < 20; i++) {
    await new Promise<void>(resolve => setImmediate(resolve));
  }
}

const flag = (): number =>
  new Int32Array(FakeWorker.at(0).options?.interrupts ?? new ArrayBuffer(4))[0] ?? 0;

test('a worker that cannot be asked is stopped', async () => {
  const { of } = await overdue(false);
  vi.advanceTimersByTime(9_000);
  expect(of('expired')).toEqual([]);
  vi.advanceTimersByTime(2_000);
  expect(of('expired')).toEqual([{ type: 'expired', worker: 0, batch: 1 }]);
  expect(of('ended')).toMatchObject([{ worker: 0, batch: 1, end: { reason: 'terminated' } }]);
});

test('a worker that is asked and does not obey is stopped a little later', async () => {
  const { of } = await overdue(true);
  vi.advanceTimersByTime(10_100);
  expect(of('expired')).toHaveLength(1);
  expect(of('ended')).toEqual([]);
  expect(flag()).toBe(2);
  vi.advanceTimersByTime(1_000);
  expect(of('ended')).toHaveLength(1);
});

test('a worker that obeys goes on, and its next batch is not asked to stop', async () => {
  const { pool, of } = await overdue(true);
  submit(pool, 2);
  vi.advanceTimersByTime(10_100);
  expect(flag()).toBe(2);
  FakeWorker.at(0).result(1);
  await turn();
  expect(flag()).toBe(0);
  vi.advanceTimersByTime(60_000);
  expect(of('ended')).toEqual([]);
  expect(FakeWorker.at(0).batches).toEqual([1, 2]);
});

test('a batch that has ended in time is not overdue', async () => {
  const { of } = await overdue(false);
  FakeWorker.at(0).result(1);
  await turn();
  vi.advanceTimersByTime(60_000);
  expect([of('expired'), of('ended')]).toEqual([[], []]);
});

test('the batches of a lane that took too long are taken back or stopped, and no others', async () => {
  const { pool, of } = await started(2);
  pool.limitLane(7, 10);
  [1, 2, 3].forEach(batch =>
    pool.submit(batch, new Uint8Array(), [], [], { lane: 7, maxWorkers: 1 })
  );
  pool.submit(4, new Uint8Array(), [], [], { lane: 8 });
  pool.submit(5, new Uint8Array(), [], [], { lane: 8 });
  await given(FakeWorker.at(0), 1);
  pool.limitLane(7, null);
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  pool.limitLane(8, 100);
  pool.limitLane(7, 10);
  vi.advanceTimersByTime(11_000);
  expect(of('laneExpired')).toEqual([{ type: 'laneExpired', lane: 7 }]);
  expect(of('cancelled').map(({ batch }) => batch)).toEqual([2, 3]);
  expect(of('ended')).toMatchObject([{ batch: 1, end: { reason: 'terminated' } }]);
  expect(pool.queued).toBe(1);
});
