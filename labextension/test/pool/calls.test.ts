import { expect, test } from 'vitest';

import { PoolError, RemoteError, TerminatedWorkerError } from '../../src/errors';
import { Calls } from '../../src/pool/calls';
import type { Unfinished } from '../../src/pool/inbox';
import type { WorkerEnd } from '../../src/pool/events';
import type { Job } from '../../src/pool/job';
import type { PageCall, ValuesFrame } from '../../src/protocol';

const NONE: Unfinished = { begun: [], behind: [], untaken: [] };

function ended(reason: WorkerEnd['reason'], running: number | null = null): WorkerEnd {
  return { reason, message: '', status: null, running, memory: 0 };
}

function callsOf(job: Job | undefined): readonly PageCall[] {
  return job?.frame.kind === 'calls' ? job.frame.calls : [];
}

function answer(
  job: Job | undefined,
  values: unknown[],
  rest: Partial<ValuesFrame> = {}
): ValuesFrame {
  return {
    kind: 'values',
    batch: job?.batch ?? 0,
    values,
    failed: null,
    kept: 0,
    took: 0.01 * values.length,
    ...rest
  };
}

/** Calls of which those of `f` are known to be brief. */
async function brief(most?: number): Promise<Calls> {
  const calls = new Calls(() => undefined, most);
  const first = calls.call('f', [], {});
  expect(calls.hear(answer(calls.job(1), [0]))).toBeNull();
  await first;
  return calls;
}

function begin(calls: Calls, count: number): Promise<unknown>[] {
  return Array.from({ length: count }, (_, i) => calls.call('f', [i], {}));
}

const names = (settled: PromiseSettledResult<unknown>[]): unknown[] =>
  settled.map(each =>
    each.status === 'fulfilled' ? each.value : (each.reason as Error).constructor.name
  );

test('a call has a number of its own, below those of batches, and travels alone at first', () => {
  const calls = new Calls(() => undefined);
  void calls.run('1');
  void calls.call('f', [2], {});
  const jobs = [calls.job(1), calls.job(1), calls.job(1)];
  expect(jobs.map(job => job?.batch)).toEqual([-1, -2, undefined]);
  expect(jobs.slice(0, 2).map(callsOf)).toEqual([['1'], [['f', [2]]]]);
});

test('a value settles the call of its place, and an exception rejects it', async () => {
  const calls = await brief();
  const all = Promise.allSettled(begin(calls, 3));
  const raised = { type: 'ValueError', message: 'm', traceback: 't' };
  expect(calls.hear(answer(calls.job(1), [7, raised, 9], { failed: [1] }))).toBeNull();
  const settled = await all;
  expect(names(settled)).toEqual([7, 'RemoteError', 9]);
  expect(settled[1]).toMatchObject({ reason: raised });
});

test('calls that are known to be brief travel together, each worker with its share', async () => {
  const calls = await brief();
  void begin(calls, 10);
  expect([calls.job(4), calls.job(4)].map(job => callsOf(job).length)).toEqual([3, 2]);
  expect(calls.waiting).toBe(5);
});

test('a call travels alone that may be long, hands something over, or is one of few', async () => {
  const calls = await brief();
  const { buffer } = new Uint8Array(8);
  void begin(calls, 1);
  void calls.call('g', [], {});
  void calls.call('f', [buffer], { transfer: [buffer] });
  expect(buffer.byteLength).toBe(0);
  void begin(calls, 1);
  const jobs = [1, 2, 3, 4].map(() => calls.job(1));
  expect(jobs.map(job => callsOf(job).length)).toEqual([1, 1, 1, 1]);
  expect(jobs.map(job => job?.brief)).toEqual([true, false, false, true]);
  const single = await brief(1);
  void begin(single, 2);
  expect(callsOf(single.job(1))).toHaveLength(1);
});

test('calls that turn out to be long travel alone again', async () => {
  const calls = await brief();
  void begin(calls, 4);
  calls.hear(answer(calls.job(2), [0, 1], { took: 40 }));
  expect(callsOf(calls.job(1))).toHaveLength(1);
});

test('calls that a worker gives back have their turn before later ones', async () => {
  const calls = await brief();
  const first = begin(calls, 4);
  const job = calls.job(1);
  void begin(calls, 1);
  expect(calls.hear(answer(job, ['a'], { kept: 1 }))).toBeNull();
  expect(calls.waiting).toBe(3);
  expect(callsOf(calls.job(3))).toEqual([['f', [2]]]);
  expect(calls.hear(answer(job, ['b']))).toBeNull();
  expect(await Promise.all(first.slice(0, 2))).toEqual(['a', 'b']);
});

test.each([
  [[1, 2, 3], 0],
  [[1], 2],
  [[], 3]
])('an answer %j that leaves %i calls of two is wrong', async (values, kept) => {
  const calls = await brief();
  void begin(calls, 2);
  expect(calls.hear(answer(calls.job(1), values, { kept }))).toContain('more calls');
  expect(calls.hear(answer(undefined, [1]))).toContain('more calls');
});

test('of calls that travel together, only the one that ran is lost with its worker', async () => {
  const calls = await brief();
  const all = begin(calls, 4);
  const job = calls.job(1) as Job;
  calls.hear(answer(job, ['a'], { kept: 3 }));
  const lost = calls.end({ ...NONE, begun: [job] }, 'it exited', ended('exited', 1));
  expect(lost).toEqual({ batch: -3, behind: [], untaken: [-4, -5] });
  await expect(all[1]).rejects.toThrow('it exited');
  const again = calls.job(1);
  expect(callsOf(again)).toEqual([
    ['f', [2]],
    ['f', [3]]
  ]);
  calls.hear(answer(again, ['c', 'd']));
  expect(names(await Promise.allSettled(all))).toEqual(['a', 'TerminatedWorkerError', 'c', 'd']);
});

test('if nothing tells which call ran, each says that it may have begun, and none runs again', async () => {
  const calls = await brief();
  const all = begin(calls, 2);
  const job = calls.job(1) as Job;
  const lost = calls.end({ ...NONE, begun: [job] }, 'stopped', ended('terminated'));
  expect(lost).toEqual({ batch: null, behind: [-2, -3], untaken: [] });
  for (const call of all) {
    await expect(call).rejects.toBeInstanceOf(TerminatedWorkerError);
    await expect(call).rejects.toThrow('may have begun this one');
  }
  expect(calls.waiting).toBe(0);
});

test('calls that a worker never turned to run elsewhere, unless their data is gone', async () => {
  const calls = await brief();
  const { buffer } = new Uint8Array(8);
  const moved = calls.call('g', [buffer], { transfer: [buffer] });
  void begin(calls, 1);
  const jobs = [calls.job(1), calls.job(1)] as Job[];
  const lost = calls.end({ ...NONE, untaken: jobs }, 'it exited', ended('exited'));
  expect(lost).toEqual({ batch: null, behind: [], untaken: [-2, -3] });
  await expect(moved).rejects.toThrow('had not begun, but its data had been handed over');
  expect(callsOf(calls.job(1))).toEqual([['f', [0]]]);
});

test('the batches of an owner are told with their own numbers', () => {
  const job = (batch: number): Job => ({ batch }) as Job;
  const jobs = { begun: [job(1)], behind: [job(2)], untaken: [job(3)] };
  const lost = new Calls(() => undefined).end(jobs, '', ended('exited', 0));
  expect(lost).toEqual({ batch: 1, behind: [2], untaken: [3] });
});

test('what the page does with an argument later does not change it', () => {
  const calls = new Calls(() => undefined);
  const list = [1];
  void calls.call('f', [list, list], {});
  list.push(2);
  expect(callsOf(calls.job(1))).toEqual([['f', [[1], [1]]]]);
});

test('an argument that cannot be sent rejects its own call, and names the function', async () => {
  const calls = new Calls(() => undefined);
  const bad = calls.call('f', [() => 1], {});
  await expect(bad).rejects.toBeInstanceOf(PoolError);
  await expect(bad).rejects.toThrow('the arguments of f cannot be sent to a worker');
  expect(calls.waiting).toBe(0);
});

test('what a page hands over is taken at once, unless the call is sent at once', async () => {
  const { buffer } = new Uint8Array([5, 6]);
  const sent: Job[] = [];
  const idle: Calls = new Calls(() => sent.push(idle.job(1) as Job));
  void idle.call('f', [buffer], { transfer: [buffer] });
  expect(sent).toMatchObject([{ transfer: [buffer] }]);
  const busy = new Calls(() => undefined);
  void busy.call('f', [buffer], { transfer: [buffer] });
  expect(buffer.byteLength).toBe(0);
  const job = busy.job(1);
  expect(job?.transfer).toEqual([new Uint8Array([5, 6]).buffer]);
  expect(callsOf(job)).toEqual([['f', job?.transfer]]);
  const bad = busy.call('f', [() => 1], { transfer: [new ArrayBuffer(1)] });
  await expect(bad).rejects.toThrow('the arguments of f cannot be sent to a worker');
  expect(busy.waiting).toBe(0);
});

test('a call that the browser could not send says so as one that cannot be copied', async () => {
  const calls = new Calls(() => undefined);
  const call = calls.call('f', [1], { transfer: [new ArrayBuffer(1)] });
  const { batch = 0 } = calls.job(1) ?? {};
  const type = 'DataCloneError';
  calls.refuse({ kind: 'error', batch, type, message: 'it is detached', traceback: '' });
  await expect(call).rejects.toThrow(
    'the arguments of f cannot be sent to a worker: it is detached'
  );
});

test('a frame that could not be served rejects its calls, and no batch', async () => {
  const calls = new Calls(() => undefined);
  const call = calls.run('1');
  const error = { kind: 'error', type: 'E', message: 'm', traceback: 't' } as const;
  expect(calls.refuse({ ...error, batch: 1 })).toBe(false);
  expect(calls.refuse({ ...error, batch: calls.job(1)?.batch ?? 0 })).toBe(true);
  await expect(call).rejects.toBeInstanceOf(RemoteError);
});

test('the end of the pool rejects all calls, those that wait and those that run', async () => {
  const calls = new Calls(() => undefined);
  const both = Promise.allSettled([calls.run('1'), calls.run('2')]);
  calls.job(1);
  calls.close(new Error('the pool ended'));
  expect(names(await both)).toEqual(['Error', 'Error']);
  await expect(calls.call('f', [], {})).rejects.toThrow('the pool ended');
  expect(calls.waiting).toBe(0);
});
