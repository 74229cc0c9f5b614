import { expect, test, vi } from 'vitest';

import type { MadeSnapshot } from '../../src/pool/snapshotMaker';
import { FakeWorker, bootBadly, bootNever, bootWell } from '../fakeWorker';
import { make, useFakePage } from './fakePool';

useFakePage();

test('where the site has no snapshot, one is made beside the first worker', async () => {
  FakeWorker.reset();
  FakeWorker.snapshot = new Blob(['memory']);
  const { pool, of } = make(3);
  await pool.init({ runner: 'some.runner' });
  const made = FakeWorker.all.map(({ options }) => [
    options?.makeSnapshot,
    options?.snapshot?.size
  ]);
  expect(made).toEqual([
    [false, undefined],
    [false, 6],
    [false, 6],
    [true, undefined]
  ]);
  expect(FakeWorker.at(3).terminated).toBe(true);
  expect(pool.workers).toHaveLength(3);
  FakeWorker.at(0).die();
  await vi.waitFor(() => expect(of('ready')).toHaveLength(4));
  expect(FakeWorker.at(4).options?.snapshot?.size).toBe(6);
});

test('the worker that makes a snapshot ends with the pool', async () => {
  FakeWorker.reset(bootWell, bootNever);
  FakeWorker.snapshot = undefined;
  const { pool } = make(1);
  await pool.init({ runner: 'another runner' });
  await vi.waitFor(() => expect(FakeWorker.all).toHaveLength(2));
  expect(FakeWorker.at(1).terminated).toBe(false);
  pool.terminate();
  expect(FakeWorker.at(1).terminated).toBe(true);
});

test.each([
  ['cannot be made', bootWell],
  ['ends with its worker', bootBadly]
])('no worker waits for a snapshot that %s', async (what, maker) => {
  FakeWorker.reset(bootWell, bootWell, maker);
  const { pool } = make(2);
  await pool.init({ runner: what });
  expect(FakeWorker.at(2).options?.makeSnapshot).toBe(true);
  expect(FakeWorker.at(1).options?.snapshot).toBeNull();
  expect(pool.workers.every(({ state }) => state === 'idle')).toBe(true);
});

test('no snapshot is made where another pool of the kernel has made one', async () => {
  FakeWorker.reset();
  FakeWorker.snapshot = new Blob(['memory']);
  const { pool } = make(1);
  const told: MadeSnapshot[] = [];
  await pool.init({ runner: 'a runner of two pools', onMade: made => told.push(made) });
  await vi.waitFor(() => expect(told).toHaveLength(1));
  const likeness = told[0]?.likeness ?? '';
  FakeWorker.reset();
  // As in a broker of its own, which knows nothing of the first pool.
  const { pool: second } = make(2);
  const snapshot = new Blob(['other']);
  await second.init({ runner: 'a runner of two pools', made: [{ likeness, snapshot }] });
  expect(FakeWorker.all.map(({ options }) => options?.snapshot?.size)).toEqual([5, 5]);
});
