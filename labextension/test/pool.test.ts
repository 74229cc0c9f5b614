import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { PoolError, PoolStartError, RemoteError, TerminatedWorkerError } from '../src/errors';
import { PyodidePool } from '../src/pool/pool';
import type { PoolOptions } from '../src/pool/pool';
import type { PoolEvent } from '../src/pool/events';
import type { BootOptions, WorkerFrame } from '../src/protocol';
import {
  EMPTY_MODULE,
  FakeLocks,
  FakeWorker,
  REPORT,
  bootBadly,
  bootNever,
  bootWell,
  emptyFile
} from './fakeWorker';
import type { Boot } from './fakeWorker';

const WORKER_URL = 'http://localhost/worker.js';

beforeEach(() => {
  FakeWorker.reset();
  vi.stubGlobal('location', { href: 'http://localhost/index.html' });
  vi.stubGlobal('Worker', FakeWorker);
  vi.stubGlobal('navigator', { hardwareConcurrency: 2 });
  vi.stubGlobal('location', { href: 'http://localhost/index.html' });
  vi.stubGlobal('fetch', vi.fn(emptyFile));
  vi.spyOn(WebAssembly, 'compileStreaming').mockResolvedValue(EMPTY_MODULE);
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
  vi.useRealTimers();
});

interface Made {
  pool: PyodidePool;
  events: PoolEvent[];
  /** The events of one kind. */
  of: <K extends PoolEvent['type']>(type: K) => Extract<PoolEvent, { type: K }>[];
}

function make(size = 1, options: PoolOptions = {}): Made {
  const events: PoolEvent[] = [];
  const listener = (event: PoolEvent): void => {
    events.push(event);
    options.listener?.(event);
  };
  const pool = new PyodidePool(WORKER_URL, size, { ...options, listener });
  const of = <K extends PoolEvent['type']>(type: K): Extract<PoolEvent, { type: K }>[] =>
    events.filter((event): event is Extract<PoolEvent, { type: K }> => event.type === type);
  return { pool, events, of };
}

async function started(size = 1, options: PoolOptions = {}): Promise<Made> {
  const made = make(size, options);
  await made.pool.init();
  return made;
}

function submit(pool: PyodidePool, batch: number, needs: string[] = []): void {
  pool.submit(batch, new Uint8Array([batch]), [], needs);
}

/** Wait until a worker was given so many frames to run. */
async function given(worker: FakeWorker, count: number): Promise<number[]> {
  await vi.waitFor(() => expect(worker.batches).toHaveLength(count));
  return worker.batches;
}

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

test('the runtime is fetched and compiled once for all workers', async () => {
  const seen: BootOptions['runtime'][] = [];
  FakeWorker.reset(options => {
    seen.push(options.runtime);
    return Promise.resolve(REPORT);
  });
  const { pool } = make(3);
  await pool.init({ pyodideUrl: 'http://localhost/once/pyodide.mjs' });
  expect(WebAssembly.compileStreaming).toHaveBeenCalledTimes(1);
  expect(fetch).toHaveBeenCalledTimes(2); // the runtime itself, and Python's library
  expect(seen.every(runtime => runtime?.module instanceof WebAssembly.Module)).toBe(true);
  expect(seen.every(runtime => runtime?.library instanceof Blob)).toBe(true);
});

test('a runtime that is served as something else is compiled all the same', async () => {
  const bytes = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]);
  const answer = (url: string): Promise<Response> =>
    url.endsWith('.wasm') ? Promise.resolve(new Response(bytes)) : emptyFile();
  vi.stubGlobal('fetch', answer);
  vi.spyOn(WebAssembly, 'compileStreaming').mockRejectedValue(new TypeError('wrong type'));
  const { pool } = make(1);
  await pool.init({ pyodideUrl: 'http://localhost/type/pyodide.mjs' });
  expect(FakeWorker.at(0).options?.runtime?.module).toBeInstanceOf(WebAssembly.Module);
});

test.each([
  ['is not there', () => Promise.resolve(new Response('', { status: 404 })), 'loaded: status 404'],
  [
    'cannot be reached',
    () => Promise.reject(new TypeError('offline')),
    'loaded: TypeError: offline'
  ],
  ['is something else', () => Promise.resolve(new Response('<html>')), 'compiled: CompileError']
])('a runtime that %s breaks the pool at once, and is named', async (what, fetch, said) => {
  vi.stubGlobal('fetch', fetch);
  vi.spyOn(WebAssembly, 'compileStreaming').mockRejectedValue(new TypeError('wrong type'));
  const { pool, of } = make(1);
  const pyodideUrl = `http://localhost/${what}/pyodide.mjs`;
  await expect(pool.init({ pyodideUrl })).rejects.toBeInstanceOf(PoolStartError);
  await vi.waitFor(() => expect(of('broken')).toHaveLength(1));
  const url = new URL('pyodide.asm.wasm', pyodideUrl).href;
  expect(of('broken')[0]?.message).toContain(`${url} could not be ${said}`);
});

test('what comes first is served first, also before a worker is ready', async () => {
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

test('each worker is sent what it needs once, before what needs it', async () => {
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

test('a replacement is sent what its predecessor had', async () => {
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

test('what was dropped is forgotten everywhere', async () => {
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

test('a run gives the value', async () => {
  const { pool, of } = await started(1);
  const running = pool.run('1 + 1');
  const [batch = 0] = await given(FakeWorker.at(0), 1);
  FakeWorker.at(0).post({ kind: 'value', batch, value: 2 });
  expect(await running).toBe(2);
  expect(of('frame')).toEqual([]); // nobody's but its caller's
});

test('a run that raises rejects with what Python said', async () => {
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
  FakeWorker.at(1).post({ kind: 'value', batch, value: 'kept' });
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

test('the end of a worker names the batch that it had, and the task', async () => {
  const { pool, of } = await started(1);
  submit(pool, 5);
  await given(FakeWorker.at(0), 1);
  FakeWorker.at(0).die(4);
  await vi.waitFor(() => expect(of('ended')).toHaveLength(1));
  expect(of('ended')).toMatchObject([{ worker: 0, batch: 5, end: { running: 4 } }]);
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

test('a worker that was killed is replaced', async () => {
  const { pool, of } = await started(1);
  submit(pool, 1);
  pool.kill(0);
  pool.kill(0);
  expect(FakeWorker.at(0).terminated).toBe(true);
  expect(of('ended')).toMatchObject([{ worker: 0, batch: 1, end: { reason: 'terminated' } }]);
  await vi.waitFor(() => expect(pool.workers).toMatchObject([{ id: 1, state: 'idle' }]));
});

test('late words of a worker that has ended are not heard', async () => {
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

test('an answer to what was not asked ends the worker', async () => {
  const { pool, of } = await started(1);
  submit(pool, 1);
  await given(FakeWorker.at(0), 1);
  FakeWorker.at(0).result(2);
  await vi.waitFor(() => expect(of('ended')).toHaveLength(1));
  expect(of('ended')).toMatchObject([{ batch: 1, end: { reason: 'protocol' } }]);
  expect(of('frame')).toEqual([]);
  await vi.waitFor(() => expect(of('ready')).toHaveLength(2));
});

test('two failed starts break the pool, and everything with it', async () => {
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

test('a boot that hangs is given up in time', async () => {
  FakeWorker.reset(bootNever);
  const { pool, of } = make(1, { startTimeout: 5 });
  const running = pool.run('1');
  await expect(pool.init()).rejects.toThrow('not ready after');
  await expect(running).rejects.toBeInstanceOf(PoolStartError);
  expect(of('broken')).toHaveLength(1);
});

test('a runtime that never arrives is given up in time', async () => {
  vi.spyOn(WebAssembly, 'compileStreaming').mockReturnValue(new Promise(() => undefined));
  const { pool } = make(1, { startTimeout: 5 });
  const pyodideUrl = 'http://localhost/hanging/pyodide.mjs';
  await expect(pool.init({ pyodideUrl })).rejects.toBeInstanceOf(PoolStartError);
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

test('terminate settles what runs and what waits, and starts nothing', async () => {
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

test('the memory of ready workers can be asked for, and is kept from results', async () => {
  const { pool } = await started(1);
  expect(await pool.memory()).toEqual(new Map([[0, 2000]]));
  submit(pool, 1);
  await given(FakeWorker.at(0), 1);
  FakeWorker.at(0).result(1);
  await vi.waitFor(() => expect(pool.workers).toMatchObject([{ memory: 3000, finished: 1 }]));
});

test('a relative URL of Pyodide is the page’s, not the worker’s', async () => {
  vi.stubGlobal('location', { href: 'http://localhost/page/index.html' });
  const urls: string[] = [];
  FakeWorker.reset(options => {
    urls.push(options.pyodideUrl);
    return Promise.resolve(REPORT);
  });
  await make(1).pool.init({ pyodideUrl: '../pyodide/pyodide.mjs' });
  expect(urls).toEqual(['http://localhost/pyodide/pyodide.mjs']);
});

test('a batch with a target is run by that worker, before any other', async () => {
  const { pool } = await started(2);
  submit(pool, 1);
  submit(pool, 2); // both are busy
  submit(pool, 3);
  pool.submit(4, new Uint8Array([4]), [], [], 1);
  await given(FakeWorker.at(0), 1);
  FakeWorker.at(0).result(1);
  expect(await given(FakeWorker.at(0), 2)).toEqual([1, 3]);
  await given(FakeWorker.at(1), 1);
  FakeWorker.at(1).result(2);
  expect(await given(FakeWorker.at(1), 2)).toEqual([2, 4]);
});

test('a worker runs nothing before what its owner has for it when it is ready', async () => {
  // As a kernel does: with the word of a worker others are heard, and bring more batches.
  const listener = (event: PoolEvent): void => {
    if (event.type === 'ready') {
      submit(pool, 1);
      pool.submit(2, new Uint8Array([2]), [], [], event.worker);
    }
  };
  const { pool } = make(1, { listener });
  await pool.init();
  await given(FakeWorker.at(0), 1);
  FakeWorker.at(0).result(2);
  expect(await given(FakeWorker.at(0), 2)).toEqual([2, 1]);
});

test.each([
  ['a batch', 'value'],
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
  const result = { payload: new Uint8Array(), buffers: [], next: 1, done: true, memory: 1 };
  FakeWorker.at(0).post({ kind, batch, value: 1, ...result } as unknown as WorkerFrame);
  await vi.waitFor(() => expect(of('ended')).toMatchObject([{ end: { reason: 'protocol' } }]));
  if (running === null) {
    expect(of('ended')[0]?.batch).toBe(batch);
  } else {
    expect(await running).toBe('TerminatedWorkerError');
  }
});

test('a worker that has run its share is replaced, and loses nothing', async () => {
  // As a kernel does: the next batch comes while the last one's result is told.
  const listener = (event: PoolEvent): void => {
    if (event.type === 'frame' && event.frame.kind === 'result' && event.frame.batch === 3) {
      submit(pool, 4);
    }
  };
  const { pool, of } = await started(1, { maxBatches: 2, listener });
  pool.submit(1, new Uint8Array([1]), [], [], 0); // has a target: does not count
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

function submitBrief(pool: PyodidePool, group: number, ...batches: number[]): void {
  for (const batch of batches) {
    pool.submit(batch, new Uint8Array([batch]), [], [], undefined, group);
  }
}

test('brief batches of a group wait at the workers, once every worker has one', async () => {
  const { pool } = await started(2);
  submitBrief(pool, 5, 1, 2, 3, 4);
  expect(pool.queued).toBe(0);
  expect(await given(FakeWorker.at(0), 2)).toEqual([1, 3]);
  expect(await given(FakeWorker.at(1), 2)).toEqual([2, 4]);
});

test('no more than eight wait at a worker, and none behind one of another group', async () => {
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
  expect(pool.queued).toBe(2);
});

test('what waited at a worker that has ended is named', async () => {
  const { pool, of } = await started(1);
  submitBrief(pool, 5, 1, 2, 3);
  await given(FakeWorker.at(0), 3);
  FakeWorker.at(0).result(1);
  FakeWorker.at(0).die(0);
  await vi.waitFor(() => expect(of('ended')).toMatchObject([{ batch: 2, untaken: [3] }]));
});

test('what waited at a worker that was stopped may have run, for all that is known', async () => {
  const { pool, of } = await started(1);
  submitBrief(pool, 5, 1, 2, 3);
  pool.kill(0);
  expect(of('ended')).toMatchObject([{ batch: 1, behind: [2, 3], untaken: [] }]);
});

test('what a worker was given and never turned to is not taken to have run', async () => {
  const { pool, of } = await started(1);
  FakeWorker.at(0).deaf = true;
  submitBrief(pool, 5, 1, 2);
  await given(FakeWorker.at(0), 2);
  FakeWorker.at(0).die();
  await vi.waitFor(() => expect(of('ended')).toMatchObject([{ batch: null, untaken: [1, 2] }]));
});

test('a worker that is to be stopped for what it has done by now goes on', async () => {
  const { pool, of } = await started(1);
  submit(pool, 1);
  submit(pool, 2);
  FakeWorker.at(0).result(1);
  expect(await given(FakeWorker.at(0), 2)).toEqual([1, 2]);
  pool.kill(0, 'terminated', 'it took too long', 1);
  expect(pool.interrupt(0, 1)).toBe(false);
  FakeWorker.at(0).result(2);
  await vi.waitFor(() => expect(pool.workers).toMatchObject([{ id: 0, state: 'idle' }]));
  expect(of('ended')).toEqual([]);
});

test('a worker that was asked to stop what it had done goes on with what comes next', async () => {
  vi.stubGlobal('crossOriginIsolated', true);
  const { pool } = await started(1);
  const worker = FakeWorker.at(0);
  const asked = new Int32Array(worker.options?.interrupts ?? new ArrayBuffer(4));
  submit(pool, 1);
  submit(pool, 2);
  worker.result(1);
  expect(pool.interrupt(0, 1)).toBe(true); // its result is on its way
  expect(asked[0]).toBe(2);
  expect(await given(worker, 2)).toEqual([1, 2]);
  expect(asked[0]).toBe(0);
});

test('one that was at fault meanwhile ends when it has done what it was given since', async () => {
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

test('a worker is stopped for what it runs, or what waits there', async () => {
  const { pool, of } = await started(1);
  submitBrief(pool, 5, 1, 2);
  pool.kill(0, 'terminated', 'it took too long', 2);
  expect(of('ended')).toMatchObject([{ batch: 1, behind: [2] }]);
});

test('a worker that said that it turned to a batch cannot take it back', async () => {
  const { pool, of } = await started(1);
  submit(pool, 5);
  await given(FakeWorker.at(0), 1);
  FakeWorker.at(0).die(null, null);
  await vi.waitFor(() => expect(of('ended')).toMatchObject([{ batch: 5, untaken: [] }]));
});

test('of what had its turn at a worker that is gone without a word, nobody knows', async () => {
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

test('source that a worker never turned to is evaluated by another, before what came later', async () => {
  const { pool } = await started(1);
  FakeWorker.at(0).deaf = true;
  const first = pool.run('1');
  const second = pool.run('2');
  await given(FakeWorker.at(0), 1);
  FakeWorker.at(0).die();
  for (const [i, value] of [first, second].entries()) {
    await vi.waitFor(() => expect(FakeWorker.all).toHaveLength(2));
    const batch = (await given(FakeWorker.at(1), i + 1)).at(-1) ?? 0;
    FakeWorker.at(1).post({ kind: 'value', batch, value: i });
    expect(await value).toBe(i);
  }
});

test('nothing waits at a worker that is to end after so many batches', async () => {
  const { pool } = await started(1, { maxBatches: 5 });
  submitBrief(pool, 5, 1, 2);
  expect(pool.queued).toBe(1);
});

test('a spare starts when all workers are ready, and is none of them', async () => {
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

test('a spare that ends is replaced, and nobody is told', async () => {
  const { pool, of } = await started(1, { spares: 1 });
  await vi.waitFor(() => expect(pool.spares).toBe(1));
  FakeWorker.at(1).die();
  await vi.waitFor(() => expect(FakeWorker.all).toHaveLength(3));
  await vi.waitFor(() => expect(pool.spares).toBe(1));
  expect(of('ended')).toEqual([]);
});

test('a spare that cannot start is tried again only when another worker could', async () => {
  FakeWorker.reset(bootWell, bootBadly, bootBadly, bootWell);
  const { pool } = await started(1, { spares: 1 });
  await vi.waitFor(() => expect(FakeWorker.at(1).terminated).toBe(true));
  expect(FakeWorker.all).toHaveLength(2);
  pool.kill(0); // its replacement fails, and the next one starts
  await vi.waitFor(() => expect(pool.spares).toBe(1));
  expect(FakeWorker.all).toHaveLength(5);
  expect(pool.workers).toMatchObject([{ id: 3, state: 'idle' }]);
});

test('spares take no memory that the workers were promised', async () => {
  vi.stubGlobal('navigator', { hardwareConcurrency: 2, deviceMemory: 1 });
  const { pool } = await started(2, { spares: 1 });
  submit(pool, 1);
  await given(FakeWorker.at(0), 1);
  expect(FakeWorker.all).toHaveLength(2);
});

test('a pool that ends takes its spares along', async () => {
  const { pool } = await started(1, { spares: 1 });
  await vi.waitFor(() => expect(pool.spares).toBe(1));
  pool.terminate();
  expect(FakeWorker.all.every(worker => worker.terminated)).toBe(true);
  expect(FakeWorker.all).toHaveLength(2);
});

test('one call after the other goes to the same worker, which is warm', async () => {
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

test('a worker whose memory has grown is replaced when it has nothing to do', async () => {
  const { pool, of } = await started(1, { maxMemory: 2500 });
  submit(pool, 1);
  submit(pool, 2);
  await given(FakeWorker.at(0), 1);
  FakeWorker.at(0).result(1);
  await vi.waitFor(() => expect(of('ended')).toHaveLength(1));
  expect(of('ended')[0]).toMatchObject({ batch: null, end: { reason: 'recycled' } });
  expect(await given(FakeWorker.at(1), 1)).toEqual([2]);
});

test('a worker that was only set up is not worn by that, and ends when it has run something', async () => {
  const { pool, events, of } = await started(1, { maxMemory: 2500 });
  pool.submit(1, new Uint8Array([1]), [], [], 0);
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

test('who hears of a result may bring more, and a worker that is worn is not given it', async () => {
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

test('what cannot be sent fails the batch that needs it, and nothing else', async () => {
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

test('a worker whose memory is nearly full is replaced, though nobody has set a limit', async () => {
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
    next: 1,
    done: true,
    memory
  });
  await vi.waitFor(() => expect(of('ended')).toMatchObject([{ end: { reason: 'recycled' } }]));
});

test('a library that is no whole archive is named', async () => {
  vi.stubGlobal('fetch', () => Promise.resolve(new Response('<!doctype html>')));
  const { pool } = make(1);
  const pyodideUrl = 'http://localhost/ruined/pyodide.mjs';
  await expect(pool.init({ pyodideUrl })).rejects.toThrow(
    'http://localhost/ruined/python_stdlib.zip could not be loaded: it is no whole zip archive'
  );
});

test('a first start may take a minute, and is tried twice', async () => {
  vi.useFakeTimers();
  try {
    FakeWorker.reset(bootNever);
    const { pool, of } = make(1);
    const failed = expect(pool.init()).rejects.toThrow('not ready after 60 s');
    await vi.advanceTimersByTimeAsync(59_000);
    expect(of('broken')).toHaveLength(0);
    await vi.advanceTimersByTimeAsync(62_000); // once more, then it gives up
    await failed;
  } finally {
    vi.useRealTimers();
  }
});

test('a worn worker is given nothing more, and ends after what it has', async () => {
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

test('while some workers serve, starts that fail do not break the pool', async () => {
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

/** A pool of which one worker is lost and cannot be replaced; its timers are the test's. */
async function lessened(size: number, ...then: Boot[]): Promise<Made> {
  vi.spyOn(console, 'warn').mockReturnValue(undefined);
  FakeWorker.reset(...Array<Boot>(size).fill(bootWell), bootBadly, bootBadly, ...then);
  const made = await started(size);
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  FakeWorker.at(0).die();
  await turns(() => made.of('ended').length === 3);
  return made;
}

/** Wait for messages alone: no time passes. */
async function turns(condition: () => boolean): Promise<void> {
  while (!condition()) {
    await new Promise(resolve => setImmediate(resolve));
  }
}

test('what could not start is tried again after half a minute, not before, and serves', async () => {
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

test('what fails again is tried once each half minute, and the others serve', async () => {
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

test('a worker that ends meanwhile does not put the next try off', async () => {
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

test('workers with nothing to do are let go, and come back for the next batch', async () => {
  const { pool, of } = await started(2, { idleTimeout: 20, spares: 1 });
  await vi.waitFor(() => expect(of('ended')).toHaveLength(2));
  expect(of('ended').map(({ end }) => end.reason)).toEqual(['retired', 'retired']);
  expect([pool.workers, pool.spares]).toEqual([[], 0]);
  submit(pool, 7);
  await vi.waitFor(() => expect(pool.workers.some(({ state }) => state === 'busy')).toBe(true));
  expect(FakeWorker.all.flatMap(worker => worker.batches)).toEqual([7]);
  const busy = FakeWorker.all.find(worker => worker.batches.length > 0);
  await new Promise(resolve => setTimeout(resolve, 60));
  expect(busy?.terminated).toBe(false); // a batch may take as long as it likes
  busy?.result(7);
  await vi.waitFor(() => expect(pool.workers).toEqual([]));
});

test('a pool that others leave too little room for says so, and grows when they end', async () => {
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

test('a pool has one worker in any case', async () => {
  const locks = new FakeLocks();
  vi.stubGlobal('navigator', { locks });
  locks.take('jupyterlite-pool:slot 0');
  const { pool } = await started(2, { cap: 1, spares: 1 });
  expect(pool.workers).toHaveLength(1);
  expect(FakeWorker.all).toHaveLength(1);
});

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

test('who makes a snapshot ends with the pool', async () => {
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
])('a snapshot that %s keeps nobody waiting', async (what, maker) => {
  FakeWorker.reset(bootWell, bootWell, maker);
  const { pool } = make(2);
  await pool.init({ runner: what });
  expect(FakeWorker.at(2).options?.makeSnapshot).toBe(true);
  expect(FakeWorker.at(1).options?.snapshot).toBeNull();
  expect(pool.workers.every(({ state }) => state === 'idle')).toBe(true);
});
