/** Numbers that people read off a state. */
import { numberText, type Words } from '../language';
import type { JobState, KernelState, PoolState } from './data';

/** All pools of a kernel in a few numbers. */
export interface Figures {
  /** How many workers are ready, and how many there should be. */
  readonly ready: number;
  readonly size: number;
  readonly busy: number;
  /** Bytes of all workers. */
  readonly memory: number;
  /** How many jobs run. */
  readonly jobs: number;
  /** How much of them is done: 0 to 100; null where nothing runs, or nobody knows. */
  readonly percent: number | null;
}

export function figuresOf(state: KernelState): Figures {
  const workers = state.pools.flatMap(pool => pool.workers);
  const active = state.jobs.filter(job => job.active);
  return {
    ready: sum(state.pools.map(readyOf)),
    size: sum(state.pools.map(pool => pool.size)),
    busy: workers.filter(({ state }) => state === 'busy' || state === 'preparing').length,
    memory: sum(workers.map(({ memory }) => memory)),
    jobs: active.length + state.more,
    percent: percentOf(active)
  };
}

/** How many workers of a pool are ready. */
export function readyOf(pool: PoolState): number {
  return pool.workers.filter(({ state }) => state !== 'starting').length;
}

/** How many items of a job have ended, in whatever way. */
export function endedOf(job: JobState): number {
  return job.done + job.failed + job.cancelled;
}

function percentOf(jobs: readonly JobState[]): number | null {
  const known = jobs.filter(({ total, single }) => total !== null && total > 0 && !single);
  const total = sum(known.map(job => job.total ?? 0));
  return total > 0 ? Math.floor((100 * sum(known.map(endedOf))) / total) : null;
}

/** A part of a job's bar. */
export interface Segment {
  readonly kind: 'done' | 'running' | 'failed' | 'cancelled';
  readonly count: number;
  /** Its share of the bar: 0 to 1. */
  readonly share: number;
}

/** The parts of a job's bar that are there; none where nobody knows how long it is. */
export function segmentsOf(job: JobState): Segment[] {
  const { total } = job;
  if (total === null || total === 0) {
    return [];
  }
  const kinds = ['done', 'failed', 'cancelled', 'running'] as const;
  return kinds
    .map(kind => ({ kind, count: job[kind], share: Math.min(1, job[kind] / total) }))
    .filter(({ count }) => count > 0);
}

/** Seconds as `0:14` or `1:02:03`. */
export function clock(seconds: number): string {
  const whole = Math.floor(seconds);
  const [hours, minutes, rest] = [
    Math.floor(whole / 3600),
    Math.floor(whole / 60) % 60,
    whole % 60
  ];
  const two = (value: number): string => String(value).padStart(2, '0');
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

/** Bytes as `512 MB`; nothing where they are not known. */
export function bytes(count: number, trans: Words): string {
  if (count >= 2 ** 30) {
    return `${numberText(count / 2 ** 30, trans, 2, 2)} GB`;
  }
  return count > 0 ? `${Math.round(count / 2 ** 20)} MB` : '';
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, each) => all + each, 0);
}
