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

function started(): { python: Pyodide; posted: WorkerFrame[]; port: MessagePort } {
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
    runPython: () => undefined
  } as object as Pyodide;
  new TaskLoop(python, port as object as MessagePort).start();
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
  const frame: HostFrame = { kind: 'wish', batch: -1, acknowledge: true, wishes: ['5'] };
  port.onmessage?.({ data: frame } as MessageEvent);
  await vi.waitFor(() => expect(posted).toHaveLength(2));
  expect(posted).toMatchObject([
    { kind: 'taken', batch: -1 },
    { kind: 'values', batch: -1, values: [5], failed: null, kept: 0 }
  ]);
});
