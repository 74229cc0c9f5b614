import { expect, test, vi } from 'vitest';

import { FakeLocks, FakeWorker } from '../fakeWorker';
import { started, useFakePage } from './fakePool';

useFakePage();

test('a pool with too few slots says so, and grows when other pools end', async () => {
  const locks = new FakeLocks();
  vi.stubGlobal('navigator', { locks });
  locks.take('jupyterlite-pool:slot 0');
  locks.take('jupyterlite-pool:slot 2');
  const { pool, of } = await started(3, { cap: 3 });
  expect(of('limited').at(-1)).toEqual({ type: 'limited', workers: 1 });
  expect(pool.workers).toHaveLength(1);
  locks.release('jupyterlite-pool:slot 2');
  await vi.waitFor(() => expect(of('ready')).toHaveLength(2));
  locks.release('jupyterlite-pool:slot 0');
  await vi.waitFor(() => expect(of('ready')).toHaveLength(3));
  pool.terminate();
  await vi.waitFor(() => expect(locks.held).toEqual([]));
});

test('a pool always has one worker', async () => {
  const locks = new FakeLocks();
  vi.stubGlobal('navigator', { locks });
  locks.take('jupyterlite-pool:slot 0');
  const { pool } = await started(2, { cap: 1, spares: 1 });
  expect(pool.workers).toHaveLength(1);
  expect(FakeWorker.all).toHaveLength(1);
});

test('where the browser refuses locks, a pool has all its workers', async () => {
  const request = (): Promise<never> => Promise.reject(new DOMException('', 'SecurityError'));
  vi.stubGlobal('navigator', { locks: { request } });
  const { pool, of } = await started(3);
  expect(pool.workers).toHaveLength(3);
  expect(of('limited')).toEqual([]);
  pool.terminate();
});
