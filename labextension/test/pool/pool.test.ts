import { expect, test, vi } from 'vitest';

import { PoolError, RemoteError, TerminatedWorkerError } from '../../src/errors';
import type { WorkerFrame } from '../../src/protocol';
import { EMPTY_MODULE, FakeWorker, REPORT, bootNever, bootWell } from '../fakeWorker';
import { given, make, started, submit, useFakePage } from './fakePool';

useFakePage();

test('all workers are ready once it is initialised', async () => {
  const { pool, of } = await started(3);
  expect(pool.workers.map(({ id, state, memory }) => [id, state, memory])).toEqual([
    [0, 'idle', REPORT.memory],
    [1, 'idle', REPORT.memory],
    [2, 'idle', REPORT.memory]
  ]);
  expect(
    of('ready')
      .map(event => event.worker)
      .sort()
  ).toEqual([0, 1, 2]);
});

test('a run gives the value', async () => {
  const { pool, of } = await started(1);
  const running = pool.run('1 + 1');
  const [batch = 0] = await given(FakeWorker.at(0), 1);
  FakeWorker.at(0).value(batch, 2);
  expect(await running).toBe(2);
  expect(of('frame')).toEqual([]); // nobody's but its caller's
});

test('a run that raises rejects with the exception of Python', async () => {
  const { pool } = await started(1);
  const running = pool.run('1 / 0');
  const [batch = 0] = await given(FakeWorker.at(0), 1);
  const error = { type: 'ZeroDivisionError', message: 'division by zero', traceback: 'T' };
  FakeWorker.at(0).post({ kind: 'error', batch, ...error });
  await expect(running).rejects.toBeInstanceOf(RemoteError);
  await expect(running).rejects.toMatchObject(error);
});

test('the death of a worker rejects its run only, and it is replaced', async () => {
  const { pool, of } = await started(2);
  const lost = pool.run('first');
  const other = pool.run('second');
  await given(FakeWorker.at(0), 1);
  const [batch = 0] = await given(FakeWorker.at(1), 1);
  FakeWorker.at(0).die();
  await expect(lost).rejects.toBeInstanceOf(TerminatedWorkerError);
  await expect(lost).rejects.toMatchObject({ reason: 'exited' });
  FakeWorker.at(1).value(batch, 'kept');
  expect(await other).toBe('kept');
  await vi.waitFor(() =>
    expect(pool.workers.map(w => [w.id, w.state])).toEqual([
      [1, 'idle'],
      [2, 'idle']
    ])
  );
  expect(of('ended')).toMatchObject([{ worker: 0, end: { reason: 'exited', status: 7 } }]);
  expect(of('broken')).toEqual([]);
});

test.each([
  ['while its workers boot', bootNever, () => Promise.resolve(EMPTY_MODULE)],
  ['while the runtime is compiled', bootWell, () => new Promise<never>(() => undefined)]
])('terminate settles everything %s', async (_when, boot, compile) => {
  FakeWorker.reset(boot);
  vi.spyOn(WebAssembly, 'compileStreaming').mockImplementation(compile);
  const { pool, of } = make(2);
  const init = pool.init({ pyodideUrl: `http://localhost/${_when}/pyodide.mjs` });
  const running = pool.run('1');
  await vi.waitFor(() => expect(FakeWorker.all).toHaveLength(2));
  pool.terminate();
  pool.terminate();
  await expect(init).rejects.toBeInstanceOf(PoolError);
  await expect(running).rejects.toThrow('the pool was terminated');
  expect(FakeWorker.all.map(worker => worker.terminated)).toEqual([true, true]);
  expect(pool.workers).toEqual([]);
  expect(of('broken')).toHaveLength(1);
});

test('terminate rejects all runs, and starts nothing', async () => {
  const { pool } = await started(1);
  const runs = [pool.run('1'), pool.run('2')];
  pool.terminate();
  for (const run of runs) {
    await expect(run).rejects.toBeInstanceOf(PoolError);
  }
  await expect(pool.init()).rejects.toThrow('the pool was terminated');
  await expect(pool.run('3')).rejects.toThrow('the pool was terminated');
  expect(FakeWorker.all).toHaveLength(1);
});

test('a listener that throws does not stop the pool', async () => {
  const complain = vi.spyOn(console, 'error').mockReturnValue(undefined);
  const { pool } = await started(1, {
    listener: () => {
      throw new Error('mine');
    }
  });
  submit(pool, 1);
  submit(pool, 2);
  await given(FakeWorker.at(0), 1);
  FakeWorker.at(0).result(1);
  expect(await given(FakeWorker.at(0), 2)).toEqual([1, 2]);
  expect(complain).toHaveBeenCalled();
});

test('output belongs to the task that printed it', async () => {
  const { of } = await started(1);
  FakeWorker.at(0).post({ kind: 'output', task: 9, stream: 'stdout', text: 'hello\n' });
  await vi.waitFor(() => expect(of('frame')).toHaveLength(1));
  expect(of('frame')).toMatchObject([{ worker: 0, frame: { task: 9, text: 'hello\n' } }]);
});

test('ready workers can be asked for their memory, and each result tells it', async () => {
  const { pool } = await started(1);
  expect(await pool.memory()).toEqual(new Map([[0, 2000]]));
  submit(pool, 1);
  await given(FakeWorker.at(0), 1);
  FakeWorker.at(0).result(1);
  await vi.waitFor(() => expect(pool.workers).toMatchObject([{ memory: 3000, finished: 1 }]));
});

test('a worker that was killed is replaced', async () => {
  const { pool, of } = await started(1);
  submit(pool, 1);
  pool.kill(0);
  pool.kill(0);
  expect(FakeWorker.at(0).terminated).toBe(true);
  expect(of('ended')).toMatchObject([{ worker: 0, batch: 1, end: { reason: 'terminated' } }]);
  await vi.waitFor(() => expect(pool.workers).toMatchObject([{ id: 1, state: 'idle' }]));
});

test('frames of a worker that has ended are ignored', async () => {
  const { pool, of } = await started(1);
  submit(pool, 1);
  await given(FakeWorker.at(0), 1);
  FakeWorker.at(0).result(1);
  pool.kill(0);
  FakeWorker.at(0).result(1);
  await vi.waitFor(() => expect(of('ready')).toHaveLength(2));
  expect(of('frame')).toEqual([]);
  expect(of('ended')).toHaveLength(1);
});

test('an answer to a batch that a worker does not have ends the worker', async () => {
  const { pool, of } = await started(1);
  submit(pool, 1);
  await given(FakeWorker.at(0), 1);
  FakeWorker.at(0).result(2);
  await vi.waitFor(() => expect(of('ended')).toHaveLength(1));
  expect(of('ended')).toMatchObject([{ batch: 1, end: { reason: 'protocol' } }]);
  expect(of('frame')).toEqual([]);
  await vi.waitFor(() => expect(of('ready')).toHaveLength(2));
});

test.each([
  ['a batch', 'values'],
  ['source', 'result'],
  ['source', 'begin']
])('a worker that answers %s with a frame of the kind %s is stopped', async (what, kind) => {
  const { pool, of } = await started(1);
  const running =
    what === 'source' ? pool.run('6 * 7').catch((error: unknown) => (error as Error).name) : null;
  if (running === null) {
    submit(pool, 1);
  }
  const [batch = 0] = await given(FakeWorker.at(0), 1);
  const result = { payload: new Uint8Array(), buffers: [], done: true, memory: 1 };
  FakeWorker.at(0).post({
    kind,
    batch,
    values: [1],
    failed: null,
    kept: 0,
    took: 1,
    ...result
  } as unknown as WorkerFrame);
  await vi.waitFor(() => expect(of('ended')).toMatchObject([{ end: { reason: 'protocol' } }]));
  if (running === null) {
    expect(of('ended')[0]?.batch).toBe(batch);
  } else {
    expect(await running).toBe('TerminatedWorkerError');
  }
});
