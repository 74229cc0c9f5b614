import { nullTranslator } from '@jupyterlab/translation';
import { expect, test } from 'vitest';

import { figuresOf } from '../../../src/plugin/state/figures';
import {
  jobName,
  phaseOf,
  poolName,
  progressOf,
  spokenProgress,
  statusDetails,
  statusText,
  workOf
} from '../../../src/plugin/state/texts';
import { job, pool, state, worker } from './samples';

const trans = nullTranslator.load('');

test('the status item names ready workers and what is done', () => {
  const ready = pool([worker(0), worker(1), worker(2, { state: 'starting' })], { size: 3 });
  const text = (...jobs: Parameters<typeof job>[0][]): string =>
    statusText(figuresOf(state([ready], jobs.map(job))), trans);
  expect(text()).toBe('Pool 2/3');
  expect(text({ done: 4 })).toBe('Pool 2/3 · 40 %');
  expect(text({ total: null })).toBe('Pool 2/3 · running');
});

test('its details have jobs and memory, and say where no cell waits', () => {
  const busy = pool([worker(0, { state: 'busy', memory: 2 ** 27 })], { size: 1 });
  const jobs = [job({ label: 'simulate', done: 4, elapsed: 14, left: 19, rate: 3.14 })];
  const details = (waits: boolean): string =>
    statusDetails(figuresOf(state([busy], jobs)), jobs, waits, trans);
  expect(details(true).split('\n')).toEqual([
    '1 of 1 workers ready, 1 busy',
    'Memory of the workers: 128 MB',
    'simulate: 4 of 10 · 3.1/s · 0:14 · 0:19 left',
    'Click to open the Worker Pool panel.'
  ]);
  expect(details(false)).toContain('No cell waits for these jobs.');
});

test('a job that ended with failures does not sound like a success', () => {
  expect(phaseOf(job({ phase: 'done', failed: 1, active: false }), trans)).toBe(
    'done, with failures'
  );
  expect(phaseOf(job({ phase: 'done', active: false }), trans)).toBe('done');
});

test('rates are told as people read them', () => {
  const rate = (value: number): string => progressOf(job({ rate: value }), trans);
  expect(rate(0.25)).toContain('4.0 s an item');
  expect(rate(5210.4)).toContain('5,210/s');
  expect(progressOf(job({ rate: 5, active: false }), trans)).not.toContain('/s');
});

test('an unknown number of items is called so', () => {
  expect(spokenProgress(job({ total: null, done: 7, failed: 2 }), trans)).toBe(
    'running, 9 of an unknown number, 2 failed'
  );
});

test('a cell in the background has a time and no count', () => {
  expect(progressOf(job({ single: true, total: 1, elapsed: 75 }), trans)).toBe('1:15');
});

test('pools, jobs and work have names', () => {
  expect(poolName(pool([]), trans)).toBe('Shared pool');
  expect(poolName(pool([], { shared: false, name: 'mine' }), trans)).toBe('mine');
  expect(jobName(job({ number: 0, label: 'abs' }), trans)).toBe('Calls of abs');
  const runs = { label: 'f', job: 3, item: 7 };
  expect(workOf(worker(0, { runs }), trans)).toBe('f, item 7');
  expect(workOf(worker(0, { runs: { label: '', job: null, item: null } }), trans)).toBe('a set-up');
  expect(workOf(worker(0), trans)).toBe('');
});
