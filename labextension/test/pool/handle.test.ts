import { resolveObjectURL } from 'node:buffer';

import { afterEach, assert, beforeEach, expect, test, vi } from 'vitest';

import { PoolStartError } from '../../src/errors';
import { WorkerHandle } from '../../src/pool/handle';
import { PULSE } from '../../src/protocol';
import type { WorkerEnd } from '../../src/pool/events';
import type { BootOptions, BootPhase, WorkerFrame } from '../../src/protocol';
import { FakeLocks, FakeWorker, REPORT, bootBadly, bootNever } from '../fakeWorker';

const OPTIONS: BootOptions = {
  id: 0,
  pid: 1000,
  pyodideUrl: 'http://localhost/pyodide.mjs',
  lockFileUrl: null,
  lockFile: null,
  runtime: null,
  snapshot: null,
  makeSnapshot: false,
  turns: null,
  packages: [],
  files: null,
  runner: null,
  code: '',
  drive: null,
  stopSigns: null
};

const locks = new FakeLocks();

beforeEach(() => {
  FakeWorker.reset();
  vi.stubGlobal('Worker', FakeWorker);
  vi.stubGlobal('navigator', { locks });
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

interface Heard {
  handle: WorkerHandle;
  worker: FakeWorker;
  frames: WorkerFrame[];
  ends: WorkerEnd[];
  worn: (string | null)[];
  phases: BootPhase[];
  boot: (timeout?: number) => ReturnType<WorkerHandle['boot']>;
}

function start(): Heard {
  const frames: WorkerFrame[] = [];
  const ends: WorkerEnd[] = [];
  const worn: (string | null)[] = [];
  const phases: BootPhase[] = [];
  const handle = new WorkerHandle(0, 'http://localhost/worker.js', {
    frame: (_, frame) => frames.push(frame),
    worn: ({ worn: why }) => worn.push(why),
    ended: (_, end) => ends.push(end)
  });
  const boot = (timeout = 10_000): ReturnType<WorkerHandle['boot']> =>
    handle.boot(Promise.resolve(OPTIONS), timeout, { phase: phase => phases.push(phase) });
  return { handle, worker: FakeWorker.at(-1), frames, ends, worn, phases, boot };
}

test('a boot gives the report, and makes the handle ready', async () => {
  const { handle, phases, boot } = start();
  expect(handle.ready).toBe(false);
  expect(await boot()).toEqual(REPORT);
  expect(handle.ready).toBe(true);
  expect(handle.memorySize).toBe(REPORT.memory);
  expect(phases).toEqual(['loading', 'ready']);
});

test('a boot that fails ends the handle with the cause', async () => {
  FakeWorker.reset(bootBadly);
  const { worker, ends, boot } = start();
  await expect(boot()).rejects.toThrow(PoolStartError);
  expect(ends).toEqual([
    {
      reason: 'start',
      message: 'Error: no Python here',
      status: null,
      running: null,
      memory: 0
    }
  ]);
  expect(worker.terminated).toBe(true);
});

test('a boot that hangs ends at its time limit', async () => {
  FakeWorker.reset(bootNever);
  const { ends, boot } = start();
  await expect(boot(5)).rejects.toThrow('not ready after 0 s');
  expect(ends.map(end => end.reason)).toEqual(['start']);
});

test('the options of a boot may hang as well', async () => {
  const { handle } = start();
  const options = new Promise<BootOptions>(() => undefined);
  await expect(handle.boot(options, 5, { phase: () => undefined })).rejects.toThrow(PoolStartError);
  const again = start().handle;
  const booting = again.boot(options, 10_000, { phase: () => undefined });
  again.terminate();
  await expect(booting).rejects.toThrow('stopped by its owner');
});

test('a worker of another version is not used', async () => {
  FakeWorker.reset(() => Promise.resolve({ ...REPORT, protocol: 99 }));
  const { boot, ends } = start();
  await expect(boot()).rejects.toThrow('it speaks version 99');
  expect(ends[0]?.reason).toBe('start');
});

test('a script that cannot be loaded fails the boot with its URL', async () => {
  FakeWorker.reset(bootNever);
  const { worker, boot } = start();
  const booting = boot();
  worker.fail('');
  await expect(booting).rejects.toThrow('http://localhost/worker.js could not be loaded');
});

test('an error that nobody caught makes a worker worn, and does not end it', async () => {
  const { worker, frames, ends, worn, boot } = start();
  await boot();
  worker.fail('from a timer');
  worker.post({ kind: 'worn', message: 'later' });
  worker.result(1);
  await vi.waitFor(() => expect(frames).toHaveLength(1));
  expect(worn).toEqual(['from a timer']);
  expect(ends).toEqual([]);
});

test.each([
  ['no object', 7],
  ['another kind', { kind: 'constructor' }],
  ['a field of another type', { kind: 'result', batch: '1' }],
  ['a phase of another name', { kind: 'phase', phase: 'constructor' }]
])('a worker that sends %s is stopped', async (_, frame) => {
  const { worker, ends, frames, boot } = start();
  await boot();
  worker.post(frame as object as WorkerFrame);
  await vi.waitFor(() =>
    expect(ends).toMatchObject([
      { reason: 'protocol', message: 'it sent a message that is no frame of a worker' }
    ])
  );
  expect(frames).toEqual([]);
});

test.each([
  ['phase', { kind: 'phase', phase: 'ready' }],
  ['snapshot', { kind: 'snapshot', snapshot: null }]
] as const)('a worker that sends a %s after its start is stopped', async (kind, frame) => {
  const { worker, ends, phases, boot } = start();
  await boot();
  await vi.waitFor(() => expect(phases).toEqual(['loading', 'ready']));
  worker.post(frame);
  const message = `it sent a ${kind} that nobody waits for`;
  await vi.waitFor(() => expect(ends).toMatchObject([{ reason: 'protocol', message }]));
  expect(phases).toEqual(['loading', 'ready']);
});

test('a snapshot is taken once, and only from the worker that was asked for one', async () => {
  FakeWorker.reset(bootNever);
  const { handle, worker, ends } = start();
  const made: (Blob | null)[] = [];
  const told = { phase: () => undefined, snapshot: (blob: Blob | null) => made.push(blob) };
  const options = { ...OPTIONS, makeSnapshot: true };
  const booting = handle.boot(Promise.resolve(options), 10_000, told);
  await vi.waitFor(() => expect(made).toEqual([null]));
  worker.post({ kind: 'snapshot', snapshot: new Blob(['another']) });
  await expect(booting).rejects.toThrow('a snapshot that nobody waits for');
  expect(made).toEqual([null]);
  expect(ends).toMatchObject([{ reason: 'protocol' }]);
});

test('a worker that sends an unreadable message is stopped', async () => {
  const channels: MessageChannel[] = [];
  class Channel extends MessageChannel {
    constructor() {
      super();
      channels.push(this);
    }
  }
  vi.stubGlobal('MessageChannel', Channel);
  const { worker, ends, frames, boot } = start();
  const tasks = channels[1]?.port1; // the first one is for control
  await boot();
  tasks?.dispatchEvent(new MessageEvent('messageerror'));
  expect(ends).toMatchObject([
    { reason: 'protocol', message: 'it sent a message that cannot be read' }
  ]);
  expect(worker.terminated).toBe(true);
  worker.result(1);
  tasks?.dispatchEvent(new MessageEvent('messageerror'));
  expect(ends).toHaveLength(1);
  expect(frames).toEqual([]);
});

test.each([false, true])('Python is asked to stop what it runs (isolated: %s)', async isolated => {
  vi.stubGlobal('crossOriginIsolated', isolated);
  const { handle, worker, boot } = start();
  await boot();
  expect(worker.isAsked(1)).toBe(false);
  handle.interrupt();
  await vi.waitFor(() => expect([1, 2].map(turn => worker.isAsked(turn))).toEqual([true, false]));
});

test('the seal of a turn is broken when the worker is asked, and replaced', async () => {
  const { handle, worker, boot } = start();
  await boot();
  const { stopSigns } = worker.options ?? {};
  assert(stopSigns && 'seals' in stopSigns);
  const seal = stopSigns.seals[1] ?? '';
  expect(resolveObjectURL(seal)).toBeDefined();
  handle.interrupt();
  expect(resolveObjectURL(seal)).toBeUndefined();
  await vi.waitFor(() => expect(worker.frames).toMatchObject([{ kind: 'stop', turn: 1 }]));
  const others = [stopSigns.control, ...stopSigns.seals.filter(each => each !== seal)];
  expect(others.every(resolveObjectURL)).toBe(true);
  handle.terminate();
  expect(others.some(resolveObjectURL)).toBe(false);
});

test("a worker's last word says how it ended", async () => {
  const { handle, worker, ends, boot } = start();
  await boot();
  worker.die(3);
  await vi.waitFor(() => expect(handle.ended).toBe(true));
  expect(ends).toEqual([
    { reason: 'exited', message: 'Python exited', status: 7, running: 3, memory: 4000 }
  ]);
  expect(handle.ready).toBe(false);
});

test('a worker that closes without a word is missed', async () => {
  const { worker, ends, boot } = start();
  await boot();
  const name = worker.lock ?? '';
  expect(locks.isAwaited(name)).toBe(true);
  locks.release(name);
  await vi.waitFor(() => expect(ends).toMatchObject([{ reason: 'silent' }]));
});

test('every frame that a worker had sent is heard before it is missed', async () => {
  const { worker, ends, frames, boot } = start();
  await boot();
  worker.post({ kind: 'taken', batch: 1 });
  locks.release(worker.lock ?? '');
  await vi.waitFor(() => expect(ends).toMatchObject([{ reason: 'silent' }]));
  expect(frames).toEqual([{ kind: 'taken', batch: 1 }]);
});

test('without locks, a worker is gone if its pulse stops, and is not if it never beat', async () => {
  vi.stubGlobal('navigator', {});
  const { worker, ends, boot } = start();
  const { ends: others, boot: bootOther } = start();
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  await boot();
  await bootOther();
  expect(worker.lock).toBeNull();
  for (let beat = 0; beat < 5; beat++) {
    worker.pulse?.postMessage(null);
    await new Promise(resolve => setTimeout(resolve, 5));
    vi.advanceTimersByTime(PULSE);
  }
  expect(ends).toEqual([]);
  vi.advanceTimersByTime(3 * PULSE);
  await vi.waitFor(() => expect(ends).toMatchObject([{ reason: 'silent' }]));
  expect(others).toEqual([]);
});

test('only the first end counts', async () => {
  const { handle, worker, ends, boot } = start();
  await boot();
  handle.terminate();
  handle.terminate();
  worker.fail('later');
  locks.release(worker.lock ?? '');
  expect(ends).toMatchObject([{ reason: 'terminated' }]);
});

test('frames arrive in order, and none after the end', async () => {
  const { handle, worker, frames, boot } = start();
  await boot();
  worker.result(1, false);
  worker.result(1);
  await vi.waitFor(() => expect(frames).toHaveLength(2));
  worker.result(2);
  handle.terminate();
  const { worker: other, frames: others, boot: bootOther } = start();
  await bootOther();
  other.result(3);
  await vi.waitFor(() => expect(others).toHaveLength(1));
  expect(frames.map(frame => frame.kind === 'result' && frame.done)).toEqual([false, true]);
});

test('a control call ends with the worker', async () => {
  const { handle, boot } = start();
  await boot();
  expect(await handle.memory()).toBe(2000);
  const asked = handle.memory();
  handle.terminate();
  await expect(asked).rejects.toThrow('stopped by its owner');
  await expect(handle.memory()).rejects.toThrow('stopped by its owner');
});
