import { afterEach, expect, test, vi } from 'vitest';

import type { CreatePyodideModule, Pyodide, PyodideRuntime } from '../../src/worker/pyodide';
import { importRuntime, loadWith, trampolinePlace } from '../../src/worker/releases';

const classic = globalThis as { _createPyodideModule?: CreatePyodideModule };
const python = { version: '1' } as object as Pyodide;

afterEach(() => {
  delete classic._createPyodideModule;
  vi.useRealTimers();
});

/** The runtime of a release, with Python's state at word 4 and what `exported` names at word 2. */
function runtime(offset: number, exported: Partial<PyodideRuntime>): PyodideRuntime {
  const HEAP32 = new Int32Array(16);
  HEAP32[2] = offset;
  return { HEAP32, __PyRuntime: 16, ...exported } as PyodideRuntime;
}

test.each([
  ['now', { __PyEM_EMSCRIPTEN_TRAMPOLINE_OFFSET: 8 }],
  ['in earlier releases', { __PyEM_EMSCRIPTEN_COUNT_ARGS_OFFSET: 8 }]
])('the trampoline is found by the name that it has %s', (_, exported) => {
  expect(trampolinePlace(runtime(12, exported))).toBe(4 + 3);
});

test.each([
  ['tells nothing', runtime(12, {})],
  ['tells the first word of the state', runtime(0, { __PyEM_EMSCRIPTEN_COUNT_ARGS_OFFSET: 8 })]
])('a runtime that %s has no place to write to', (_, module) => {
  expect(() => trampolinePlace(module)).toThrow('does not tell');
});

test('the function of a classic script is replaced while a Pyodide starts, and no longer', async () => {
  const own: CreatePyodideModule = async () => Promise.resolve(runtime(0, {}));
  classic._createPyodideModule = own;
  const made: unknown[] = [];
  const create: CreatePyodideModule = async settings => {
    made.push(settings);
    return own(settings);
  };
  const load = async (): Promise<Pyodide> => {
    await classic._createPyodideModule?.({ INITIAL_MEMORY: 7 });
    return python;
  };
  const options = { indexURL: '/', _loadSnapshot: Promise.resolve(new Uint8Array()) };
  expect(await loadWith(load, options, create)).toBe(python);
  expect(made).toEqual([{ INITIAL_MEMORY: 7 }]);
  expect(classic._createPyodideModule).toBe(own);
});

test('a release that lets nobody make its runtime is an error, and does not hang', async () => {
  vi.useFakeTimers();
  const never = async (): Promise<Pyodide> => new Promise(() => undefined);
  const options = { indexURL: '/', _loadSnapshot: Promise.resolve(new Uint8Array()) };
  const loading = loadWith(never, options, () => Promise.reject(new Error('not asked')));
  const failed = expect(loading).rejects.toThrow('lets nobody else make its runtime');
  await vi.advanceTimersByTimeAsync(5_000);
  await failed;
});

test('a release that takes long after it has asked is waited for', async () => {
  vi.useFakeTimers();
  let end: (started: Pyodide) => void = () => undefined;
  const options = { indexURL: '/', _loadSnapshot: Promise.resolve(new Uint8Array()) };
  const loading = loadWith(
    async ({ createPyodideModule }) => {
      await createPyodideModule?.({});
      return new Promise<Pyodide>(resolve => (end = resolve));
    },
    options,
    async () => Promise.resolve(runtime(0, {}))
  );
  await vi.advanceTimersByTimeAsync(60_000);
  end(python);
  expect(await loading).toBe(python);
});

test('a script that cannot be loaded is named', async () => {
  await expect(importRuntime('file:///nowhere/pyodide.mjs')).rejects.toThrow(
    'file:///nowhere/pyodide.asm.mjs could not be loaded'
  );
});
