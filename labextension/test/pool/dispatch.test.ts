import { expect, test, vi } from 'vitest';

import type { PoolEvent } from '../../src/pool/events';
import { FakeWorker } from '../fakeWorker';
import { given, make, started, submit, submitBrief, useFakePage } from './fakePool';

useFakePage();

test('batches are served in their order, also those that came before a worker was ready', async () => {
  const { pool, of } = make(1);
  submit(pool, 1);
  submit(pool, 2);
  submit(pool, 3);
  await pool.init();
  const worker = FakeWorker.at(0);
  expect(await given(worker, 1)).toEqual([1]);
  expect(pool.queued).toBe(2);
  worker.result(1);
  expect(await given(worker, 2)).toEqual([1, 2]);
  worker.result(2, false); // not its end
  worker.result(2);
  expect(await given(worker, 3)).toEqual([1, 2, 3]);
  expect(of('dispatched').map(event => event.batch)).toEqual([1, 2, 3]);
  expect(of('frame')).toHaveLength(3);
});

test('a worker has one batch at a time', async () => {
  const { pool } = await started(2);
  for (const batch of [1, 2, 3]) {
    submit(pool, batch);
  }
  expect(pool.workers.map(worker => worker.state)).toEqual(['busy', 'busy']);
  expect(pool.queued).toBe(1);
  expect(await given(FakeWorker.at(0), 1)).toEqual([1]);
  expect(await given(FakeWorker.at(1), 1)).toEqual([2]);
  FakeWorker.at(1).result(2);
  expect(await given(FakeWorker.at(1), 2)).toEqual([2, 3]);
  expect(FakeWorker.at(0).batches).toEqual([1]);
});

test('each worker is sent an object once, before the batch that needs it', async () => {
  const { pool } = await started(1);
  pool.put('f', new Uint8Array([1]), []);
  pool.put('e', new Uint8Array([2]), []);
  submit(pool, 1, ['e', 'f']);
  submit(pool, 2, ['f']);
  const worker = FakeWorker.at(0);
  await given(worker, 1);
  worker.result(1);
  await given(worker, 2);
  const keys = worker.frames.map(frame => (frame.kind === 'put' ? frame.key : frame.kind));
  expect(keys).toEqual(['e', 'f', 'run', 'run']);
});

test('a replacement is sent the objects that its predecessor had', async () => {
  const { pool } = await started(1);
  pool.put('f', new Uint8Array([1]), []);
  submit(pool, 1, ['f']);
  submit(pool, 2, ['f']);
  await given(FakeWorker.at(0), 1);
  FakeWorker.at(0).die();
  await vi.waitFor(() => expect(FakeWorker.all).toHaveLength(2));
  await given(FakeWorker.at(1), 1);
  expect(FakeWorker.at(1).frames.map(frame => frame.kind)).toEqual(['put', 'run']);
});

test('a dropped object is forgotten everywhere', async () => {
  const { pool } = await started(1);
  pool.put('f', new Uint8Array([1]), []);
  submit(pool, 1, ['f']);
  pool.drop('f');
  pool.drop('f');
  submit(pool, 2, ['f']);
  const worker = FakeWorker.at(0);
  await given(worker, 1);
  worker.result(1);
  await given(worker, 2);
  expect(worker.frames.map(frame => frame.kind)).toEqual(['put', 'run', 'drop', 'run']);
});

test('a batch that waits can be taken back', async () => {
  const { pool } = await started(1);
  submit(pool, 1);
  submit(pool, 2);
  expect(pool.cancel(2)).toBe(true);
  expect(pool.cancel(2)).toBe(false);
  expect(pool.cancel(1)).toBe(false);
  await vi.waitFor(() =>
    expect(FakeWorker.at(0).frames.at(-1)).toEqual({ kind: 'cancel', batch: 1 })
  );
  expect(FakeWorker.at(0).batches).toEqual([1]);
});

test('a batch with a target is run by that worker, before any other', async () => {
  const { pool } = await started(2);
  submit(pool, 1);
  submit(pool, 2); // both are busy
  submit(pool, 3);
  pool.submit(4, new Uint8Array([4]), [], [], { target: 1 });
  await given(FakeWorker.at(0), 1);
  FakeWorker.at(0).result(1);
  expect(await given(FakeWorker.at(0), 2)).toEqual([1, 3]);
  await given(FakeWorker.at(1), 1);
  FakeWorker.at(1).result(2);
  expect(await given(FakeWorker.at(1), 2)).toEqual([2, 4]);
});

test('a worker first runs the batches that its owner brings when it is ready', async () => {
  // As a kernel does: it hears of several events at once, and they bring more batches.
  const listener = (event: PoolEvent): void => {
    if (event.type === 'ready') {
      submit(pool, 1);
      pool.submit(2, new Uint8Array([2]), [], [], { target: event.worker });
    }
  };
  const { pool } = make(1, { listener });
  await pool.init();
  await given(FakeWorker.at(0), 1);
  FakeWorker.at(0).result(2);
  expect(await given(FakeWorker.at(0), 2)).toEqual([2, 1]);
});

test('one call after another goes to the worker that is warm', async () => {
  const { pool, of } = await started(3);
  submit(pool, 1);
  submit(pool, 2);
  await given(FakeWorker.at(1), 1);
  FakeWorker.at(0).result(1);
  FakeWorker.at(1).result(2);
  await vi.waitFor(() => expect(of('frame')).toHaveLength(2));
  for (const batch of [3, 4]) {
    submit(pool, batch);
    await given(FakeWorker.at(1), batch - 1);
    FakeWorker.at(1).result(batch);
    await vi.waitFor(() => expect(of('frame')).toHaveLength(batch));
  }
  expect(FakeWorker.at(0).batches).toEqual([1]);
});

test('a batch that the listener brings with a result is not given to a worn worker', async () => {
  const more = (event: PoolEvent): void => {
    if (event.type === 'frame' && event.frame.kind === 'result' && event.frame.batch < 3) {
      submit(pool, event.frame.batch + 1);
    }
  };
  const { pool, of } = await started(1, { maxBatches: 1, listener: more });
  submit(pool, 1);
  for (const batch of [1, 2, 3]) {
    expect(await given(FakeWorker.at(batch - 1), 1)).toEqual([batch]);
    FakeWorker.at(batch - 1).result(batch);
    await vi.waitFor(() => expect(of('ended')).toHaveLength(batch));
    await vi.waitFor(() => expect(of('ready')).toHaveLength(batch + 1));
  }
});

test('an object that cannot be sent fails the batch that needs it, and nothing else', async () => {
  const { pool, of } = await started(1);
  const function_ = (() => 1) as unknown as Uint8Array<ArrayBuffer>; // as good as one too large
  pool.put('bad', function_, []);
  submit(pool, 1);
  submit(pool, 2, ['bad']);
  submit(pool, 3);
  await given(FakeWorker.at(0), 1);
  FakeWorker.at(0).result(1);
  expect(await given(FakeWorker.at(0), 2)).toEqual([1, 3]);
  FakeWorker.at(0).result(3);
  await vi.waitFor(() => expect(of('frame')).toHaveLength(3));
  const told = of('frame').map(({ frame }) => [frame.kind, frame.kind !== 'output' && frame.batch]);
  expect(told).toEqual([
    ['result', 1],
    ['error', 2],
    ['result', 3]
  ]);
  expect(of('ended')).toEqual([]);
});

test('brief batches of a group wait at the workers, once every worker has one', async () => {
  const { pool } = await started(2);
  submitBrief(pool, 5, 1, 2, 3, 4);
  expect(pool.queued).toBe(0);
  expect(await given(FakeWorker.at(0), 2)).toEqual([1, 3]);
  expect(await given(FakeWorker.at(1), 2)).toEqual([2, 4]);
});

test('a worker has at most eight batches, and all are of one group', async () => {
  const { pool } = await started(1);
  submitBrief(pool, 5, ...Array.from({ length: 10 }, (_, i) => i));
  expect(pool.queued).toBe(2);
  await given(FakeWorker.at(0), 8);
  FakeWorker.at(0).result(0);
  await vi.waitFor(() => expect(pool.queued).toBe(1));
  submit(pool, 20);
  submitBrief(pool, 6, 21);
  FakeWorker.at(0).result(1);
  FakeWorker.at(0).result(2);
  await vi.waitFor(() => expect(pool.workers).toMatchObject([{ finished: 3 }]));
  expect(pool.queued).toBe(3); // the others have their turn when the worker has nothing left
});

test('no batch waits at a worker that is to be replaced after so many batches', async () => {
  const { pool } = await started(1, { maxBatches: 5 });
  submitBrief(pool, 5, 1, 2);
  expect(pool.queued).toBe(1);
});
