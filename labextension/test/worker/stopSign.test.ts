import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import type { StopSigns } from '../../src/protocol';
import type { Pyodide } from '../../src/worker/pyodide';
import { StopSign } from '../../src/worker/stopSign';

/** The addresses that cannot be had: their seals are broken. */
let broken: Set<string>;
let questions: string[];

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date', 'performance'] });
  broken = new Set();
  questions = [];
  vi.stubGlobal(
    'XMLHttpRequest',
    class {
      status = 0;
      private url = '';

      open(_method: string, url: string): void {
        this.url = url;
      }

      send(): void {
        questions.push(this.url);
        if (broken.has(this.url)) {
          throw new Error('no such address');
        }
        this.status = 200;
      }
    }
  );
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

interface Made {
  sign: StopSign;
  /** Let Python compute for milliseconds; whether it gets a signal. */
  compute: (milliseconds: number) => boolean;
}

function made(signs: StopSigns): Made {
  let buffer: { 0: number } | undefined;
  const python = {
    _module: {},
    setInterruptBuffer: (given: { 0: number }) => {
      buffer = given;
    }
  } as object as Pyodide;
  const sign = new StopSign(python, signs);
  const compute = (milliseconds: number): boolean => {
    let told = false;
    for (let passed = 0; passed < milliseconds; passed += 20) {
      vi.advanceTimersByTime(20);
      if (buffer?.[0] === 2) {
        told = true;
        sign.answered(false);
        buffer[0] = 0; // as Python does
      }
    }
    return told;
  };
  return { sign, compute };
}

const seals = (): { control: string; seals: string[] } => ({
  control: 'control',
  seals: ['seal 0', 'seal 1', 'seal 2']
});

test('a turn whose seal is broken is stopped once, and no other turn is', () => {
  const { sign, compute } = made(seals());
  sign.begin();
  expect(compute(2_000)).toBe(false);
  expect(sign.hear({ kind: 'stop', turn: 2, seal: null })).toBe(false);
  broken.add('seal 1');
  expect(compute(2_000)).toBe(true);
  sign.end();
  sign.begin();
  expect(compute(2_000)).toBe(false);
});

test('a request that comes when its turn is over stops no other turn', () => {
  const { sign, compute } = made(seals());
  sign.begin();
  sign.end();
  broken.add('seal 1');
  expect(sign.hear({ kind: 'stop', turn: 1, seal: 'new seal 1' })).toBe(false);
  for (let turn = 2; turn <= 4; turn++) {
    sign.begin();
    expect(compute(2_000)).toBe(false);
    sign.end();
  }
  expect(new Set(questions)).toEqual(new Set(['seal 2', 'seal 0', 'new seal 1']));
});

test('brief turns ask nothing, and long ones seldom', () => {
  const { sign, compute } = made(seals());
  for (let turn = 0; turn < 100; turn++) {
    sign.begin();
    compute(100);
    sign.end();
  }
  expect(questions).toEqual([]);
  sign.begin();
  compute(10_400);
  expect(questions.length).toBeGreaterThan(30);
  expect(questions.length).toBeLessThan(60);
});

test('where no seal can be seen, nothing is stopped', () => {
  const { sign, compute } = made(seals());
  ['control', 'seal 0', 'seal 1', 'seal 2'].forEach(seal => broken.add(seal));
  sign.begin();
  expect(compute(5_000)).toBe(false);
  sign.end();
  sign.begin();
  expect(compute(5_000)).toBe(false);
  expect(questions).toEqual(['seal 1', 'control']);
});

test('shared memory names the turn that is to stop', () => {
  const memory = new SharedArrayBuffer(4);
  const { sign, compute } = made({ memory });
  sign.begin();
  expect(compute(100)).toBe(false);
  new Int32Array(memory)[0] = 1;
  expect(compute(100)).toBe(true);
  sign.end();
  sign.begin();
  expect(compute(100)).toBe(false);
  new Int32Array(memory)[0] = 2;
  expect(compute(20)).toBe(true);
});

test('a turn that gives way hears of a request by the event loop, until it obeys', () => {
  const { sign, compute } = made(seals());
  sign.begin();
  expect(sign.hear({ kind: 'stop', turn: 1, seal: 'new seal 1' })).toBe(true);
  expect([compute(20), compute(20)]).toEqual([true, true]);
  sign.answered(true);
  expect(compute(2_000)).toBe(false);
  sign.end();
  sign.begin();
  expect(compute(2_000)).toBe(false);
});

test('Python that is asked to stop looks at its next step, and at each that may not be stopped', () => {
  const clock = new Int32Array(2).fill(50);
  const python = {
    _module: { HEAP32: clock, __Py_emscripten_signal_clock: 4 },
    setInterruptBuffer: () => undefined
  };
  const sign = new StopSign(python as object as Pyodide, seals());
  sign.begin();
  clock[1] = 50;
  sign.hear({ kind: 'stop', turn: 2, seal: null });
  expect(clock[1]).toBe(50);
  sign.hear({ kind: 'stop', turn: 1, seal: null });
  expect(clock[1]).toBe(1);
  clock[1] = 50; // Python has looked
  sign.answered(false);
  expect(clock[1]).toBe(1);
  clock[1] = 50;
  sign.answered(true);
  expect(clock[1]).toBe(50);
});
