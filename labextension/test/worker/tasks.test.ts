import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import type { HostFrame, WorkerFrame } from '../../src/protocol';
import type { Pyodide } from '../../src/worker/pyodide';
import { TaskLoop } from '../../src/worker/tasks';

const close = vi.fn();

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('self', { close, addEventListener: () => undefined });
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  close.mockReset();
});

/** A runner whose batches run until they are told to end, with what it was called for. */
function fakeRunner(): { runner: object; heard: unknown[][]; end: () => void } {
  const heard: unknown[][] = [];
  let end = (): void => undefined;
  const run = (batch: number): Promise<void> => {
    heard.push(['run', batch]);
    return new Promise(resolve => (end = resolve));
  };
  const buffer = { getBuffer: () => ({ data: new Uint8Array(12) }) };
  const runner = {
    run: Object.assign(run, { callPromising: run }),
    cancel: (batch: number) => heard.push(['cancel', batch]),
    put: (key: string) => heard.push(['put', key]),
    state: buffer,
    log: buffer
  };
  return { runner, heard, end: () => end() };
}

function started(runner?: object): { python: Pyodide; posted: WorkerFrame[]; port: MessagePort } {
  const posted: WorkerFrame[] = [];
  const port = { postMessage: (frame: WorkerFrame) => posted.push(frame), onmessage: null };
  const python = {
    _api: {} as Pyodide['_api'],
    _module: { HEAP8: new Int8Array(64) },
    setStdout: () => undefined,
    setStderr: () => undefined,
    globals: {},
    toPy: () => ({
      get: () => Object.assign(() => 5, { callPromising: () => Promise.resolve(5) })
    }),
    runPython: () => undefined,
    pyimport: () => ({ connect: () => runner, destroy: () => undefined })
  } as object as Pyodide;
  const loop = new TaskLoop(python, port as object as MessagePort);
  if (runner) {
    loop.connectRunner({ module: 'a runner', worker: 0, pid: 1, drive: false });
  }
  loop.start();
  return { python, posted, port: port as object as MessagePort };
}

test('a dying worker gives its host time to hear its last word, and then closes', async () => {
  const { python, posted, port } = started();
  expect(port.onmessage).not.toBeNull();
  await python._api.on_fatal?.({ name: 'Exit', message: 'exit(3)', status: 3 });
  expect(posted).toMatchObject([{ kind: 'fatal', reason: 'exited', status: 3, memory: 64 }]);
  expect(port.onmessage).toBeNull();
  expect(close).not.toHaveBeenCalled();
  vi.runAllTimers();
  expect(close).toHaveBeenCalledOnce();
});

test('a worker that its code closes says so once', () => {
  const { posted, port } = started();
  self.close();
  self.close();
  expect(posted).toMatchObject([{ kind: 'fatal', reason: 'silent', running: null }]);
  expect(port.onmessage).toBeNull();
  vi.runAllTimers();
  expect(close).toHaveBeenCalledOnce();
});

test('a worker says that it turns to a frame before it does', async () => {
  const { posted, port } = started();
  const frame: HostFrame = { kind: 'calls', batch: -1, acknowledge: true, calls: ['5'] };
  port.onmessage?.({ data: frame } as MessageEvent);
  await vi.waitFor(() => expect(posted).toHaveLength(2));
  expect(posted).toMatchObject([
    { kind: 'taken', batch: -1 },
    { kind: 'values', batch: -1, values: [5], failed: null, kept: 0 }
  ]);
});

test('a cancel is heard while its batch runs, and other frames after that', async () => {
  const { runner, heard, end } = fakeRunner();
  const { port } = started(runner);
  const tell = (frame: HostFrame): unknown => port.onmessage?.({ data: frame } as MessageEvent);
  tell({ kind: 'run', batch: 4, acknowledge: false, payload: new Uint8Array(1), buffers: [] });
  tell({ kind: 'put', key: 'k', payload: new Uint8Array(1), buffers: [] });
  tell({ kind: 'cancel', batch: 4 });
  expect(heard).toEqual([
    ['run', 4],
    ['cancel', 4]
  ]);
  end();
  await vi.waitFor(() => expect(heard.at(-1)).toEqual(['put', 'k']));
});
