import { expect, test, vi } from 'vitest';

import { PoolStartError } from '../../src/errors';
import { FakeLocks, FakeWorker, bootBadly, bootLate, bootWell } from '../fakeWorker';
import type { Boot } from '../fakeWorker';
import { given, make, started, submit, useFakePage } from './fakePool';
import type { Made } from './fakePool';

useFakePage();

test('two failed starts break the pool, and reject all of its runs', async () => {
  FakeWorker.reset(bootBadly);
  const { pool, of } = make(1);
  const running = pool.run('1');
  submit(pool, 1);
  await expect(pool.init()).rejects.toBeInstanceOf(PoolStartError);
  await expect(running).rejects.toBeInstanceOf(PoolStartError);
  await expect(running).rejects.toThrow('no Python here');
  expect(FakeWorker.all).toHaveLength(2);
  expect(of('broken')).toHaveLength(1);
  expect(pool.queued).toBe(0);
  await expect(pool.run('2')).rejects.toBeInstanceOf(PoolStartError);
  expect(() => submit(pool, 2)).toThrow(PoolStartError);
});

test('one failed start is tried again, and forgotten', async () => {
  FakeWorker.reset(bootBadly, bootWell, bootBadly, bootWell);
  const { pool, of } = make(1);
  await expect(pool.init()).rejects.toBeInstanceOf(PoolStartError);
  await vi.waitFor(() => expect(of('ready')).toHaveLength(1));
  pool.kill(1);
  await vi.waitFor(() => expect(of('ready')).toHaveLength(2));
  expect(FakeWorker.all).toHaveLength(4);
  expect(of('broken')).toEqual([]);
});

test('failed starts do not break a pool while some workers serve', async () => {
  vi.spyOn(console, 'warn').mockReturnValue(undefined);
  FakeWorker.reset(bootWell, bootWell, bootBadly);
  const { pool, of } = await started(2);
  FakeWorker.at(0).die();
  await vi.waitFor(() => expect(of('ended')).toHaveLength(3)); // it, and two that did not start
  submit(pool, 1);
  await given(FakeWorker.at(1), 1);
  expect(of('broken')).toEqual([]);
  FakeWorker.at(1).die();
  await vi.waitFor(() => expect(of('broken')).toHaveLength(1));
});

test('starts that fail do not break a pool while other workers still start', async () => {
  FakeWorker.reset(bootBadly, bootBadly, bootLate, bootWell);
  const { pool, of } = make(3);
  await expect(pool.init()).rejects.toBeInstanceOf(PoolStartError); // not all of them have started
  await vi.waitFor(() => expect(of('ready')).toHaveLength(3)); // what failed is tried again
  expect(of('broken')).toEqual([]);
  expect(FakeWorker.all).toHaveLength(5);
});

test('where all starts fail, each worker is tried once', async () => {
  FakeWorker.reset(bootBadly);
  const { pool, of } = make(3);
  await expect(pool.init()).rejects.toBeInstanceOf(PoolStartError);
  await vi.waitFor(() => expect(of('broken')).toHaveLength(1));
  expect(FakeWorker.all).toHaveLength(3);
});

test('a browser that refuses to make workers breaks the pool at once', async () => {
  const refuse = vi.fn(function () {
    throw new DOMException('of another origin', 'SecurityError');
  });
  vi.stubGlobal('Worker', refuse);
  const { pool, of } = make(2);
  await expect(pool.init()).rejects.toThrow('of another origin');
  expect([refuse.mock.calls.length, of('broken').length]).toEqual([1, 1]);
});

test('a pool that is scaled while it waits for its first slots has all its workers', async () => {
  vi.stubGlobal('navigator', { locks: new FakeLocks() });
  const { pool, of } = make(1, { spares: 1 });
  const up = pool.init();
  pool.scale(3);
  await up;
  expect(of('ready')).toHaveLength(3);
  expect(of('limited')).toEqual([]);
  pool.terminate();
});

test('a pool starts a spare as soon as another pool leaves it a slot', async () => {
  const locks = new FakeLocks();
  vi.stubGlobal('navigator', { locks });
  const slot = 'jupyterlite-pool:slot 1';
  locks.take(slot); // another pool has it
  const { pool } = await started(1, { spares: 1, cap: 2 });
  expect(FakeWorker.all).toHaveLength(1);
  locks.release(slot);
  await vi.waitFor(() => expect(pool.spares).toBe(1));
  expect([FakeWorker.all.length, pool.workers.length]).toEqual([2, 1]);
  pool.terminate();
});

test('a pool that is made smaller starts a spare, for which there was no room before', async () => {
  vi.stubGlobal('navigator', { locks: new FakeLocks() });
  const { pool } = await started(2, { spares: 1, cap: 2 });
  expect([FakeWorker.all.length, pool.spares]).toEqual([2, 0]);
  pool.scale(1);
  await vi.waitFor(() => expect(pool.spares).toBe(1));
  expect([FakeWorker.all.length, pool.workers.length]).toEqual([3, 1]);
  pool.terminate();
});

/** A pool with a worker that was lost and cannot be replaced. The test moves its timers. */
async function lessened(size: number, ...then: Boot[]): Promise<Made> {
  vi.spyOn(console, 'warn').mockReturnValue(undefined);
  FakeWorker.reset(...Array<Boot>(size).fill(bootWell), bootBadly, bootBadly, ...then);
  const made = await started(size);
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  FakeWorker.at(0).die();
  await turns(() => made.of('ended').length === 3);
  return made;
}

/** Wait for messages. No time passes. */
async function turns(condition: () => boolean): Promise<void> {
  while (!condition()) {
    await new Promise(resolve => setImmediate(resolve));
  }
}

test('a failed start is tried again after half a minute, and the worker serves', async () => {
  const { pool, of } = await lessened(2, bootWell);
  await vi.advanceTimersByTimeAsync(29_999);
  expect(FakeWorker.all).toHaveLength(4);
  await vi.advanceTimersByTimeAsync(1);
  expect(FakeWorker.all).toHaveLength(5);
  await turns(() => of('ready').length === 3);
  expect(pool.workers).toMatchObject([
    { id: 1, state: 'idle' },
    { id: 4, state: 'idle' }
  ]);
  submit(pool, 1);
  submit(pool, 2);
  await turns(() => FakeWorker.at(4).batches.length === 1);
  FakeWorker.at(4).result(FakeWorker.at(4).batches[0] ?? 0);
  await turns(() => of('frame').length === 1);
});

test('starts that fail again are tried once each half minute, while other workers serve', async () => {
  const { pool, of } = await lessened(2, bootBadly);
  for (const made of [5, 6, 7]) {
    await vi.advanceTimersByTimeAsync(29_999);
    expect(FakeWorker.all).toHaveLength(made - 1);
    await vi.advanceTimersByTimeAsync(1);
    await turns(() => of('ended').length === made - 1);
    expect(FakeWorker.all).toHaveLength(made);
  }
  expect(of('broken')).toEqual([]);
  expect(pool.workers).toMatchObject([{ id: 1, state: 'idle' }]);
});

test('a worker that ends does not delay the next try', async () => {
  const { pool, of } = await lessened(3, bootWell);
  await vi.advanceTimersByTimeAsync(20_000);
  FakeWorker.at(1).die();
  await turns(() => of('ended').length === 4);
  await vi.advanceTimersByTimeAsync(9_999);
  expect(FakeWorker.all).toHaveLength(5);
  await vi.advanceTimersByTimeAsync(1);
  await turns(() => pool.workers.filter(({ state }) => state === 'idle').length === 3);
});

test('when the last worker that serves ends, a start is tried at once', async () => {
  const { pool, of } = await lessened(2, bootWell);
  FakeWorker.at(1).die();
  await turns(() => pool.workers.filter(({ state }) => state === 'idle').length === 2);
  expect(of('broken')).toEqual([]);
});

test('a pool that is terminated tries nothing again', async () => {
  const { pool } = await lessened(2, bootWell);
  expect(vi.getTimerCount()).toBe(1);
  pool.terminate();
  expect(vi.getTimerCount()).toBe(0);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(FakeWorker.all).toHaveLength(4);
});

test('a pool can grow, and takes work on its new workers', async () => {
  const { pool } = await started(1);
  submit(pool, 1);
  submit(pool, 2);
  pool.scale(2);
  await vi.waitFor(() => expect(FakeWorker.all).toHaveLength(2));
  expect(await given(FakeWorker.at(1), 1)).toEqual([2]);
  expect(pool.size).toBe(2);
});

test('a pool that shrinks ends idle workers at once and busy ones after their batch', async () => {
  const { pool, of } = await started(3);
  submit(pool, 1);
  submit(pool, 2);
  await given(FakeWorker.at(1), 1);
  pool.scale(1);
  expect(FakeWorker.all.map(({ terminated }) => terminated)).toEqual([false, false, true]);
  FakeWorker.at(1).result(2);
  await vi.waitFor(() => expect(FakeWorker.at(1).terminated).toBe(true));
  FakeWorker.at(0).result(1);
  submit(pool, 3);
  expect(await given(FakeWorker.at(0), 2)).toEqual([1, 3]);
  expect(of('ended').map(({ batch, end }) => [batch, end.reason])).toEqual([
    [null, 'retired'],
    [null, 'retired']
  ]);
  expect(FakeWorker.all).toHaveLength(3);
  expect(() => pool.scale(0)).toThrow(RangeError);
});
