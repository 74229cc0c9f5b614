import { nullTranslator } from '@jupyterlab/translation';
import { expect, test } from 'vitest';

import { bytes, clock, endedOf, figuresOf, segmentsOf } from '../../../src/plugin/state/figures';
import { job, pool, state, worker } from './samples';

const MB = 2 ** 20;

test('the figures of a kernel are those of all its pools', () => {
  const shared = pool([worker(0, { state: 'busy', memory: 100 * MB }), worker(1)]);
  const own = pool([worker(0, { state: 'starting' })], { id: 2, size: 3, shared: false });
  expect(figuresOf(state([shared, own]))).toEqual({
    ready: 2,
    size: 5,
    busy: 1,
    memory: 100 * MB,
    jobs: 0,
    percent: null
  });
});

test('what has ended of the jobs that run is told in percent, whatever it ended with', () => {
  const jobs = [
    job({ done: 3, failed: 1, cancelled: 1 }),
    job({ number: 2, total: 30, done: 5 }),
    job({ number: 3, active: false, done: 10 })
  ];
  expect(figuresOf(state([pool([])], jobs))).toMatchObject({ jobs: 2, percent: 25 });
});

test('where nobody knows how much there is to do, there is no percentage', () => {
  const jobs = [job({ total: null, done: 7 }), job({ number: 2, single: true, total: 1 })];
  expect(figuresOf(state([pool([])], jobs))).toMatchObject({ jobs: 2, percent: null });
});

test('jobs that are not named count as well', () => {
  expect(figuresOf(state([pool([])], [job()], 4)).jobs).toBe(5);
});

test('nothing is done of a job that is nearly done', () => {
  const almost = job({ done: 999, total: 1000 });
  expect(figuresOf(state([pool([])], [almost])).percent).toBe(99);
});

test('the parts of a bar are shares of the whole', () => {
  const parts = segmentsOf(job({ done: 4, failed: 1, running: 2 }));
  expect(parts).toEqual([
    { kind: 'done', count: 4, share: 0.4 },
    { kind: 'failed', count: 1, share: 0.1 },
    { kind: 'running', count: 2, share: 0.2 }
  ]);
  expect(endedOf(job({ done: 4, failed: 1, running: 2 }))).toBe(5);
  expect(segmentsOf(job({ total: null, done: 4 }))).toEqual([]);
  expect(segmentsOf(job({ total: 0 }))).toEqual([]);
});

test('times and sizes are told as people read them', () => {
  expect([0, 14.9, 61, 3723].map(clock)).toEqual(['0:00', '0:14', '1:01', '1:02:03']);
  const size = (count: number): string => bytes(count, nullTranslator.load(''));
  expect([0, 80 * MB, 1.5 * 1024 * MB].map(size)).toEqual(['', '80 MB', '1.5 GB']);
});
