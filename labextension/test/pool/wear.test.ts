import { expect, test, vi } from 'vitest';

import type { PoolEvent } from '../../src/pool/events';
import { FakeWorker } from '../fakeWorker';
import { given, started, submit, useFakePage } from './fakePool';

useFakePage();

test('a worker that has run its share is replaced, and loses nothing', async () => {
  // As a kernel does: it submits the next batch when it hears of a result.
  const listener = (event: PoolEvent): void => {
    if (event.type === 'frame' && event.frame.kind === 'result' && event.frame.batch === 3) {
      submit(pool, 4);
    }
  };
  const { pool, of } = await started(1, { maxBatches: 2, listener });
  pool.submit(1, new Uint8Array([1]), [], [], { target: 0 }); // has a target: does not count
  submit(pool, 2);
  submit(pool, 3);
  for (const batch of [1, 2, 3]) {
    await given(FakeWorker.at(0), batch);
    FakeWorker.at(0).result(batch);
  }
  await vi.waitFor(() => expect(FakeWorker.all).toHaveLength(2));
  expect(await given(FakeWorker.at(1), 1)).toEqual([4]);
  expect(FakeWorker.at(0).terminated).toBe(true);
  expect(of('ended').map(({ batch, end }) => [batch, end.reason])).toEqual([[null, 'recycled']]);
});

test('a worker whose memory has grown is replaced when it is idle', async () => {
  const { pool, of } = await started(1, { maxMemory: 2500 });
  submit(pool, 1);
  submit(pool, 2);
  await given(FakeWorker.at(0), 1);
  FakeWorker.at(0).result(1);
  await vi.waitFor(() => expect(of('ended')).toHaveLength(1));
  expect(of('ended')[0]).toMatchObject({ batch: null, end: { reason: 'recycled' } });
  expect(await given(FakeWorker.at(1), 1)).toEqual([2]);
});

test('a worker that was only set up is not worn; it ends after its first batch', async () => {
  const { pool, events, of } = await started(1, { maxMemory: 2500 });
  pool.submit(1, new Uint8Array([1]), [], [], { target: 0 });
  await given(FakeWorker.at(0), 1);
  FakeWorker.at(0).result(1);
  await vi.waitFor(() => expect(of('frame')).toHaveLength(1));
  submit(pool, 2);
  expect(await given(FakeWorker.at(0), 2)).toEqual([1, 2]);
  FakeWorker.at(0).result(2);
  await vi.waitFor(() => expect(of('ended')).toMatchObject([{ end: { reason: 'recycled' } }]));
  const types = events.map(({ type }) => type).filter(type => type === 'frame' || type === 'ended');
  expect(types).toEqual(['frame', 'frame', 'ended']); // what it has done is told before its end
});

test('a worker whose memory is nearly full is replaced without a limit as well', async () => {
  const { pool, of } = await started(1);
  submit(pool, 1);
  await given(FakeWorker.at(0), 1);
  const payload = new Uint8Array();
  const memory = 3.75 * 2 ** 30;
  FakeWorker.at(0).post({
    kind: 'result',
    batch: 1,
    payload,
    buffers: [],
    done: true,
    memory
  });
  await vi.waitFor(() => expect(of('ended')).toMatchObject([{ end: { reason: 'recycled' } }]));
});

test('a worn worker is given nothing more, and ends after its batch', async () => {
  const warn = vi.spyOn(console, 'warn').mockReturnValue(undefined);
  const { pool, of } = await started(1);
  submit(pool, 1);
  submit(pool, 2);
  const worker = FakeWorker.at(0);
  await given(worker, 1);
  worker.post({ kind: 'worn', message: 'a timer threw' });
  worker.result(1);
  await vi.waitFor(() => expect(of('ended')).toHaveLength(1));
  expect(worker.batches).toEqual([1]);
  expect(await given(FakeWorker.at(1), 1)).toEqual([2]);
  expect(warn).toHaveBeenCalledWith(expect.stringContaining('worker 0 will be replaced'));
});

test('an idle worker that is worn is replaced at once', async () => {
  vi.spyOn(console, 'warn').mockReturnValue(undefined);
  const { pool, of } = await started(1);
  FakeWorker.at(0).post({ kind: 'worn', message: 'a timer threw' });
  await vi.waitFor(() => expect(of('ready')).toHaveLength(2));
  expect(pool.workers.map(({ id }) => id)).toEqual([1]);
});
