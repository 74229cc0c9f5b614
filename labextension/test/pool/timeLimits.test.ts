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

test.each([false, true])(
  'a worker that does not obey is stopped (isolated: %s)',
  async isolated => {
    const { of } = await overdue(isolated);
    vi.advanceTimersByTime(9_000);
    expect(of('expired')).toEqual([]);
    vi.advanceTimersByTime(1_050);
    expect(of('expired')).toEqual([{ type: 'expired', worker: 0, batch: 1 }]);
    await turn();
    expect([FakeWorker.at(0).isAsked(1), of('ended')]).toEqual([true, []]);
    vi.advanceTimersByTime(1_200);
    expect(of('ended')).toMatchObject([{ worker: 0, batch: 1, end: { reason: 'terminated' } }]);
  }
);

test.each([false, true])('a worker that obeys goes on (isolated: %s)', async isolated => {
  const { pool, of } = await overdue(isolated);
  submit(pool, 2);
  vi.advanceTimersByTime(10_100);
  FakeWorker.at(0).result(1);
  await turn();
  expect(FakeWorker.at(0).isAsked(2)).toBe(false);
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
