import { expect, test, vi } from 'vitest';

import { FakeLocks, FakeWorker } from '../fakeWorker';
import { given, started, submit, submitBrief, useFakePage } from './fakePool';

useFakePage();

test('the end of a worker names the batch that it had, and the task', async () => {
  const { pool, of } = await started(1);
  submit(pool, 5);
  await given(FakeWorker.at(0), 1);
  FakeWorker.at(0).die(4);
  await vi.waitFor(() => expect(of('ended')).toHaveLength(1));
  expect(of('ended')).toMatchObject([{ worker: 0, batch: 5, end: { running: 4 } }]);
});

test('the end of a worker names the batches that waited there', async () => {
  const { pool, of } = await started(1);
  submitBrief(pool, 5, 1, 2, 3);
  await given(FakeWorker.at(0), 3);
  FakeWorker.at(0).result(1);
  FakeWorker.at(0).die(0);
  await vi.waitFor(() => expect(of('ended')).toMatchObject([{ batch: 2, untaken: [3] }]));
});

test('the batches that waited at a worker may have run if the worker was stopped', async () => {
  const { pool, of } = await started(1);
  submitBrief(pool, 5, 1, 2, 3);
  pool.kill(0);
  expect(of('ended')).toMatchObject([{ batch: 1, behind: [2, 3], untaken: [] }]);
});

test('batches that a worker never turned to have not run', async () => {
  const { pool, of } = await started(1);
  FakeWorker.at(0).deaf = true;
  submitBrief(pool, 5, 1, 2);
  await given(FakeWorker.at(0), 2);
  FakeWorker.at(0).die();
  await vi.waitFor(() => expect(of('ended')).toMatchObject([{ batch: null, untaken: [1, 2] }]));
});

test('a worker that said that it turned to a batch has begun it, whatever it says last', async () => {
  const { pool, of } = await started(1);
  submit(pool, 5);
  await given(FakeWorker.at(0), 1);
  FakeWorker.at(0).die(null, null);
  await vi.waitFor(() => expect(of('ended')).toMatchObject([{ batch: 5, untaken: [] }]));
});

test('if a worker goes without a word, the next batch in its turn may have run', async () => {
  const locks = new FakeLocks();
  vi.stubGlobal('navigator', { locks });
  const { pool, of } = await started(1);
  submitBrief(pool, 5, 1, 2, 3);
  await given(FakeWorker.at(0), 3);
  FakeWorker.at(0).result(1);
  await vi.waitFor(() => expect(pool.workers).toMatchObject([{ finished: 1 }]));
  locks.release(FakeWorker.at(0).lock ?? '');
  await vi.waitFor(() =>
    expect(of('ended')).toMatchObject([{ batch: null, behind: [2], untaken: [3] }])
  );
});

test('another worker evaluates source that a worker never turned to, before later batches', async () => {
  const { pool } = await started(1);
  FakeWorker.at(0).deaf = true;
  const first = pool.run('1');
  const second = pool.run('2');
  await given(FakeWorker.at(0), 1);
  FakeWorker.at(0).die();
  for (const [i, value] of [first, second].entries()) {
    await vi.waitFor(() => expect(FakeWorker.all).toHaveLength(2));
    const batch = (await given(FakeWorker.at(1), i + 1)).at(-1) ?? 0;
    FakeWorker.at(1).value(batch, i);
    expect(await value).toBe(i);
  }
});

test('a worker goes on if it has already finished the batch that it is stopped for', async () => {
  const { pool, of } = await started(1);
  submit(pool, 1);
  submit(pool, 2);
  FakeWorker.at(0).result(1);
  expect(await given(FakeWorker.at(0), 2)).toEqual([1, 2]);
  pool.kill(0, 'terminated', 'it took too long', 1);
  FakeWorker.at(0).result(2);
  await vi.waitFor(() => expect(pool.workers).toMatchObject([{ id: 0, state: 'idle' }]));
  expect(of('ended')).toEqual([]);
});

test('a worker at fault that has finished the batch ends after its next batch', async () => {
  const { pool, of } = await started(1);
  submit(pool, 1);
  submit(pool, 2);
  FakeWorker.at(0).result(1);
  await given(FakeWorker.at(0), 2);
  pool.kill(0, 'protocol', 'it lied', 1);
  expect(of('ended')).toEqual([]);
  FakeWorker.at(0).result(2);
  await vi.waitFor(() => expect(of('ended')).toMatchObject([{ worker: 0, batch: null }]));
  expect(of('ended')).toMatchObject([{ end: { reason: 'recycled', message: 'it lied' } }]);
  expect(of('frame').map(({ frame }) => frame.kind)).toEqual(['result', 'result']);
});

test('a worker is asked to end a batch that it runs, and starts no more of it', async () => {
  const { pool, of } = await started(1);
  submitBrief(pool, 5, 1, 2);
  pool.kill(0, 'terminated', 'it took too long', 1);
  const worker = FakeWorker.at(0);
  await vi.waitFor(() => expect(worker.isAsked(1)).toBe(true));
  expect(worker.frames).toContainEqual({ kind: 'cancel', batch: 1 });
  worker.result(1);
  worker.result(2);
  await vi.waitFor(() => expect(pool.workers).toMatchObject([{ id: 0, state: 'idle' }]));
  expect([worker.isAsked(2), of('ended')]).toEqual([false, []]);
});

test('a batch that waits at a worker is stopped in its turn, and only then', async () => {
  const { pool } = await started(1);
  submitBrief(pool, 5, 1, 2);
  pool.kill(0, 'terminated', 'it took too long', 2);
  const worker = FakeWorker.at(0);
  await vi.waitFor(() => expect(worker.frames).toContainEqual({ kind: 'cancel', batch: 2 }));
  expect(worker.isAsked(1)).toBe(false);
  worker.result(1); // it may have turned to the next one before it heard of the end of that
  await vi.waitFor(() => expect(worker.isAsked(2)).toBe(true));
  worker.result(2);
});

test('a worker that is stopped while it is set up ends at once', async () => {
  const { pool, of } = await started(1);
  pool.submit(1, new Uint8Array(), [], [], { target: 0 });
  await given(FakeWorker.at(0), 1);
  pool.kill(0, 'terminated', 'it took too long', 1);
  expect(of('ended')).toMatchObject([{ worker: 0, end: { message: 'it took too long' } }]);
  expect(FakeWorker.at(0).isAsked(1)).toBe(false);
});
