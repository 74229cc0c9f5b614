import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import type { WorkerFrame } from '../src/protocol';
import type { Pyodide } from '../src/worker/pyodide';
import { TaskLoop } from '../src/worker/tasks';

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

test('a dying worker gives its host time to hear its last word, and then closes', async () => {
  const posted: WorkerFrame[] = [];
  const port = { postMessage: (frame: WorkerFrame) => posted.push(frame), onmessage: null };
  const python = {
    _api: {} as Pyodide['_api'],
    _module: { HEAP8: new Int8Array(64) },
    setStdout: () => undefined,
    setStderr: () => undefined
  };
  const loop = new TaskLoop(python as object as Pyodide, port as object as MessagePort);
  loop.start();
  expect(port.onmessage).not.toBeNull();
  await python._api.on_fatal?.({ name: 'Exit', message: 'exit(3)', status: 3 });
  expect(posted).toMatchObject([{ kind: 'fatal', reason: 'exited', status: 3, memory: 64 }]);
  expect(port.onmessage).toBeNull();
  expect(close).not.toHaveBeenCalled();
  vi.runAllTimers();
  expect(close).toHaveBeenCalledOnce();
});
