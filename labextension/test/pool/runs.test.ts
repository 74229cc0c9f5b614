import { expect, test } from 'vitest';

import { RemoteError } from '../../src/errors';
import { Runs } from '../../src/pool/runs';

test('each run has a number of its own, below those of batches', () => {
  const runs = new Runs();
  const jobs = [runs.begin('1').job, runs.begin('2').job];
  expect(jobs.map(({ batch }) => batch)).toEqual([-1, -2]);
  expect(jobs[1]?.frame).toMatchObject({ kind: 'eval', batch: -2, code: '2' });
});

test('a value settles the run of its number, once', async () => {
  const runs = new Runs();
  const { job, value } = runs.begin('1');
  const answer = { kind: 'value', batch: job.batch, value: 1 } as const;
  expect(runs.settle(answer)).toBe(true);
  expect(runs.settle(answer)).toBe(false);
  expect(await value).toBe(1);
});

test('an error of Python rejects the run of its number', async () => {
  const runs = new Runs();
  const { job, value } = runs.begin('1 / 0');
  const error = { type: 'ZeroDivisionError', message: 'm', traceback: 't' };
  expect(runs.settle({ kind: 'error', batch: job.batch, ...error })).toBe(true);
  await expect(value).rejects.toBeInstanceOf(RemoteError);
  await expect(value).rejects.toMatchObject(error);
});

test('an answer to a batch belongs to no run', () => {
  const runs = new Runs();
  runs.begin('1');
  const error = { type: 'E', message: 'm', traceback: 't' };
  expect(runs.settle({ kind: 'error', batch: 1, ...error })).toBe(false);
  const rest = { payload: new Uint8Array(), buffers: [], done: true, memory: 0 };
  expect(runs.settle({ kind: 'result', batch: 1, ...rest })).toBe(false);
});

test('a run that fails settles with its error, and the others with theirs', async () => {
  const runs = new Runs();
  const [first, second] = [runs.begin('1'), runs.begin('2')];
  runs.fail(first.job.batch, new Error('its worker ended'));
  runs.fail(7, new Error('a batch'));
  runs.failAll(new Error('the pool ended'));
  await expect(first.value).rejects.toThrow('its worker ended');
  await expect(second.value).rejects.toThrow('the pool ended');
});
