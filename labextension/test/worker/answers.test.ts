import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import type { ValuesFrame } from '../../src/protocol';
import { Answers } from '../../src/worker/answers';

const raised = { type: 'ValueError', message: 'm', traceback: 't' };

let now = 0;

beforeEach(() => {
  now = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => now);
});

afterEach(() => vi.restoreAllMocks());

/** Answers to some calls, and what they post; a post fails as one between threads would. */
function answersTo(count: number): { answers: Answers; posted: ValuesFrame[] } {
  const posted: ValuesFrame[] = [];
  const answers = new Answers(-1, count, frame => posted.push(structuredClone(frame)));
  return { answers, posted };
}

test('answers are posted together, at the end', () => {
  const { answers, posted } = answersTo(3);
  now = 0.5;
  expect([answers.add(1), answers.fail(raised), answers.add(3)]).toEqual([true, true, false]);
  expect(posted).toEqual([
    { kind: 'values', batch: -1, values: [1, raised, 3], failed: [1], kept: 0, took: 0.5 }
  ]);
});

test('an answer does not wait long for those behind it', () => {
  const { answers, posted } = answersTo(4);
  answers.add(1);
  now = 2.5;
  answers.add(2);
  answers.add(3);
  expect(posted).toMatchObject([{ values: [1, 2], kept: 2, took: 2.5 }]);
  answers.add(4);
  expect(posted).toMatchObject([{ values: [1, 2] }, { values: [3, 4], kept: 0, took: 0 }]);
});

test('what waits behind a long call is given back, with what is answered', () => {
  const { answers, posted } = answersTo(4);
  now = 1;
  answers.add(1);
  now = 11;
  expect(answers.look()).toBe(false);
  expect(posted).toEqual([]);
  now = 11.5;
  expect(answers.look()).toBe(true);
  expect(posted).toMatchObject([{ values: [1], kept: 1, took: 1 }]);
  expect(answers.add(2)).toBe(false);
  expect(posted.slice(1)).toMatchObject([{ values: [2], kept: 0 }]);
});

test('nothing is given back behind the last call', () => {
  const { answers, posted } = answersTo(1);
  now = 1_000;
  expect(answers.look()).toBe(true);
  expect(posted).toEqual([]);
});

test('a value that cannot be posted fails alone', () => {
  const { answers, posted } = answersTo(3);
  answers.add(1);
  answers.fail(raised);
  answers.add(() => 3);
  expect(posted).toMatchObject([
    { values: [1, raised, { type: 'Error' }], failed: [1, 2], kept: 0 }
  ]);
});

test('a worker that ends posts what is answered, and begins nothing more', () => {
  const { answers, posted } = answersTo(4);
  answers.add(1);
  answers.end();
  expect(posted).toMatchObject([{ values: [1], kept: 3 }]);
  now = 1_000;
  expect([answers.add(2), answers.fail(raised)]).toEqual([false, false]);
  answers.look();
  expect(posted).toHaveLength(1);
});
