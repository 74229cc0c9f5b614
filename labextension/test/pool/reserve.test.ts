import { expect, test, vi } from 'vitest';

import { FakeWorker, bootBadly, bootWell } from '../fakeWorker';
import { given, started, submit, useFakePage } from './fakePool';

useFakePage();

test('a spare starts when all workers are ready, and does not count as a worker', async () => {
  const { pool, of } = await started(2, { spares: 1 });
  await vi.waitFor(() => expect(pool.spares).toBe(1));
  expect(FakeWorker.all).toHaveLength(3);
  expect(pool.workers.map(({ id }) => id)).toEqual([0, 1]);
  expect(of('ready')).toHaveLength(2);
});

test('a spare takes the place of a worker that is lost, and another follows', async () => {
  const { pool, of } = await started(1, { spares: 1 });
  await vi.waitFor(() => expect(pool.spares).toBe(1));
  submit(pool, 1);
  submit(pool, 2);
  pool.kill(0);
  expect(await given(FakeWorker.at(1), 1)).toEqual([2]);
  expect(of('ready').map(({ worker }) => worker)).toEqual([0, 1]);
  await vi.waitFor(() => expect(pool.spares).toBe(1));
  expect(FakeWorker.all).toHaveLength(3);
});

test('a spare that ends is replaced, and the listener hears nothing', async () => {
  const { pool, of } = await started(1, { spares: 1 });
  await vi.waitFor(() => expect(pool.spares).toBe(1));
  FakeWorker.at(1).die();
  await vi.waitFor(() => expect(FakeWorker.all).toHaveLength(3));
  await vi.waitFor(() => expect(pool.spares).toBe(1));
  expect(of('ended')).toEqual([]);
});

test('a spare that cannot start is tried again only after another worker has started', async () => {
  FakeWorker.reset(bootWell, bootBadly, bootBadly, bootWell);
  const { pool } = await started(1, { spares: 1 });
  await vi.waitFor(() => expect(FakeWorker.at(1).terminated).toBe(true));
  expect(FakeWorker.all).toHaveLength(2);
  pool.kill(0); // its replacement fails, and the next one starts
  await vi.waitFor(() => expect(pool.spares).toBe(1));
  expect(FakeWorker.all).toHaveLength(5);
  expect(pool.workers).toMatchObject([{ id: 3, state: 'idle' }]);
});

test('spares take no room from workers', async () => {
  vi.stubGlobal('navigator', { hardwareConcurrency: 2, deviceMemory: 1 });
  const { pool } = await started(2, { spares: 1 });
  submit(pool, 1);
  await given(FakeWorker.at(0), 1);
  expect(FakeWorker.all).toHaveLength(2);
});

test('a pool that ends stops its spares', async () => {
  const { pool } = await started(1, { spares: 1 });
  await vi.waitFor(() => expect(pool.spares).toBe(1));
  pool.terminate();
  expect(FakeWorker.all.every(worker => worker.terminated)).toBe(true);
  expect(FakeWorker.all).toHaveLength(2);
});
