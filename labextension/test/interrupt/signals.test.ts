import { expect, test, vi } from 'vitest';

import { isTold, onLook, stepsSetter } from '../../src/interrupt/signals';

/** A Pyodide, and the steps by which its Python looks for signals. */
function makePython(module: Record<string, unknown> = {}) {
  const python = {
    _module: module as { Py_EmscriptenSignalBuffer?: Record<number, number> },
    setInterruptBuffer: (buffer: unknown) => {
      python._module.Py_EmscriptenSignalBuffer = buffer as Record<number, number>;
    }
  };
  const looks = (): number => {
    const { _module } = python;
    if (!_module.Py_EmscriptenSignalBuffer) {
      return 0;
    }
    const signal = _module.Py_EmscriptenSignalBuffer[0] ?? 0;
    _module.Py_EmscriptenSignalBuffer[0] = 0;
    return signal;
  };
  return { python, looks };
}

test('each look of Python calls the function, and a signal is seen once', () => {
  const { python, looks } = makePython();
  const look = vi.fn(() => 0);
  onLook(python, look);
  expect(looks()).toBe(0);
  expect(look).toHaveBeenCalledTimes(1);
  look.mockReturnValueOnce(2);
  expect(looks()).toBe(2);
  expect(looks()).toBe(0);
  expect(look).toHaveBeenCalledTimes(3);
});

test('it works where the C side is hidden', () => {
  let given: Record<number, number> = {};
  const look = vi.fn(() => 2);
  onLook(
    {
      setInterruptBuffer: buffer => {
        given = buffer as Record<number, number>;
      }
    },
    look
  );
  expect(given[0]).toBe(2);
  look.mockReturnValue(0);
  given[0] = 0;
  expect(given[0]).toBe(0);
});

test('a buffer that a notebook gives to Python is the one that counts', () => {
  const { python, looks } = makePython();
  const look = vi.fn(() => 0);
  onLook(python, look);
  python.setInterruptBuffer([15]);
  expect(looks()).toBe(15);
  expect(look).not.toHaveBeenCalled();
  expect(isTold(python)).toBe(true);
});

test('steps are set in the memory of now, where its place is known', () => {
  const module = { HEAP32: new Int32Array(4), __Py_emscripten_signal_clock: 8 };
  const set = stepsSetter({ ...makePython().python, _module: module });
  set(5);
  expect(module.HEAP32[2]).toBe(5);
  module.HEAP32 = new Int32Array(8); // it has grown
  set(6);
  expect(module.HEAP32[2]).toBe(6);
  expect(() => stepsSetter(makePython().python)(5)).not.toThrow();
});
