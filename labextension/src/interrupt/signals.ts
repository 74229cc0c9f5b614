/** Where Python looks for signals, and how often. */

/** The part of Pyodide that is used. */
export interface Python {
  setInterruptBuffer(buffer: unknown): void;
  /** Private to Pyodide: its C side. Only the first is used where it lacks the others. */
  _module?: {
    Py_EmscriptenSignalBuffer?: unknown;
    HEAP32?: Int32Array;
    /** The address of the number of steps until Python looks again. */
    __Py_emscripten_signal_clock?: number;
  };
}

/** Whether something else tells Python of signals already. */
export function isTold({ _module }: Python): boolean {
  return Boolean(_module?.Py_EmscriptenSignalBuffer);
}

/**
 * Call a function each time that Python looks for signals; it returns the signal, or 0.
 *
 * Python reads element 0 of its buffer, and writes 0 there when it has seen a signal. It asks for the
 * buffer first. So the buffer is made to be there only where there is a signal: that makes a look
 * several times cheaper. If anything else gives Python a buffer of its own, that one counts.
 */
export function onLook(python: Python, look: () => number): void {
  let signal = 0;
  const buffer = Object.defineProperty({}, 0, {
    get: () => (signal ||= look()),
    set: (value: number) => {
      signal = value;
    }
  });
  python.setInterruptBuffer(buffer);
  const module = python._module;
  if (module?.Py_EmscriptenSignalBuffer !== buffer) {
    return;
  }
  Object.defineProperty(module, 'Py_EmscriptenSignalBuffer', {
    configurable: true,
    enumerable: true,
    get: () => ((signal ||= look()) === 0 ? undefined : buffer),
    set: (value: unknown) => {
      const writable = { configurable: true, enumerable: true, writable: true };
      Object.defineProperty(module, 'Py_EmscriptenSignalBuffer', { ...writable, value });
    }
  });
}

/**
 * What sets after how many steps Python looks again.
 *
 * In releases that do not tell the place of that number, Python looks every 50 steps.
 */
export function stepsSetter({ _module }: Python): (steps: number) => void {
  const address = _module?.__Py_emscripten_signal_clock;
  if (_module?.HEAP32 === undefined || typeof address !== 'number') {
    return () => undefined;
  }
  const module = _module as { HEAP32: Int32Array };
  return steps => {
    // Looked up each time: the memory is another object when it has grown.
    module.HEAP32[address >> 2] = steps;
  };
}
