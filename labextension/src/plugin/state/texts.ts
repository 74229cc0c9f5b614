/** What people are told of pools and jobs, in their language. */
import type { TranslationBundle } from '@jupyterlab/translation';

import { numberText } from '../language';
import type { JobState, PoolState, WorkerState } from './data';
import { bytes, clock, endedOf, type Figures } from './figures';

/** The name of a pool. */
export function poolName(pool: PoolState, trans: TranslationBundle): string {
  return pool.shared ? trans.__('Shared pool') : pool.name;
}

/** The name of a job. */
export function jobName(job: JobState, trans: TranslationBundle): string {
  return job.number === 0 ? trans.__('Calls of %1', job.label) : job.label;
}

/** What a job does, in a word or two. */
export function phaseOf(job: JobState, trans: TranslationBundle): string {
  switch (job.phase) {
    case 'warming':
      return trans.__('starting workers');
    case 'preparing':
      return trans.__('preparing workers');
    case 'waiting':
      return trans.__('waiting for a worker');
    case 'running':
      return trans.__('running');
    case 'collecting':
      return trans.__('finishing');
    case 'done':
      return job.failed > 0 ? trans.__('done, with failures') : trans.__('done');
    case 'failed':
      return trans.__('failed');
    case 'cancelled':
      return trans.__('cancelled');
    default:
      return job.phase;
  }
}

/** How far a job is: `42 of 100 · 3.1/s · 0:14 · 0:19 left · 2 failed`. */
export function progressOf(job: JobState, trans: TranslationBundle): string {
  const elapsed = clock(job.elapsed);
  if (job.single) {
    return elapsed;
  }
  const { rate } = job;
  return [
    countOf(job, trans),
    job.active && rate !== null && rateText(rate, trans),
    elapsed,
    job.left !== null && trans.__('%1 left', clock(job.left)),
    job.failed > 0 && trans._n('%1 failed', '%1 failed', job.failed),
    job.cancelled > 0 && trans._n('%1 cancelled', '%1 cancelled', job.cancelled)
  ]
    .filter(part => part !== false)
    .join(' · ');
}

/** The same for those who do not see the bar. */
export function spokenProgress(job: JobState, trans: TranslationBundle): string {
  return [
    phaseOf(job, trans),
    ...(job.single ? [] : [countOf(job, trans)]),
    ...(job.failed > 0 ? [trans._n('%1 failed', '%1 failed', job.failed)] : [])
  ].join(', ');
}

function countOf(job: JobState, trans: TranslationBundle): string {
  return job.total === null
    ? trans.__('%1 of an unknown number', endedOf(job))
    : trans.__('%1 of %2', endedOf(job), job.total);
}

function rateText(rate: number, trans: TranslationBundle): string {
  if (rate < 1) {
    return trans.__('%1 s an item', numberText(1 / rate, trans, 2, 2));
  }
  const text = rate < 10 ? numberText(rate, trans, 2, 2) : numberText(Math.round(rate), trans, 15);
  return trans.__('%1/s', text);
}

/** What a worker does, in a word. */
export function workerState(worker: WorkerState, trans: TranslationBundle): string {
  switch (worker.state) {
    case 'starting':
      return trans.__('starting');
    case 'preparing':
      return trans.__('preparing');
    case 'idle':
      return trans.__('idle');
    case 'busy':
      return trans.__('busy');
  }
}

/** What a worker runs. */
export function workOf({ runs }: WorkerState, trans: TranslationBundle): string {
  if (runs === null) {
    return '';
  }
  const label = runs.label || trans.__('a set-up');
  return runs.item === null ? label : trans.__('%1, item %2', label, runs.item);
}

/** The text of the status item: `Pool 3/4 · 42 %`. */
export function statusText(figures: Figures, trans: TranslationBundle): string {
  const pool = trans.__('Pool %1/%2', figures.ready, figures.size);
  if (figures.jobs === 0) {
    return pool;
  }
  return figures.percent === null
    ? trans.__('%1 · running', pool)
    : trans.__('%1 · %2 %', pool, figures.percent);
}

/** What the status item tells on request, in a few lines. */
export function statusDetails(
  figures: Figures,
  jobs: readonly JobState[],
  waits: boolean,
  trans: TranslationBundle
): string {
  const active = jobs.filter(job => job.active);
  const memory = bytes(figures.memory, trans);
  return [
    trans.__('%1 of %2 workers ready, %3 busy', figures.ready, figures.size, figures.busy),
    ...(memory ? [trans.__('Memory of the workers: %1', memory)] : []),
    ...active.slice(0, 5).map(job => `${jobName(job, trans)}: ${progressOf(job, trans)}`),
    ...(figures.jobs > 5
      ? [trans._n('and %1 more job', 'and %1 more jobs', figures.jobs - 5)]
      : []),
    ...(active.length > 0 && !waits ? [trans.__('No cell waits for these jobs.')] : []),
    trans.__('Click to open the Worker Pool panel.')
  ].join('\n');
}
