/** States for tests. */
import type { JobState, KernelState, PoolState, WorkerState } from '../../../src/plugin/state/data';

export function worker(id: number, more: Partial<WorkerState> = {}): WorkerState {
  return { id, state: 'idle', runs: null, tasks: 0, memory: 0, age: 1, ...more };
}

export function pool(workers: readonly WorkerState[], more: Partial<PoolState> = {}): PoolState {
  return { id: 1, name: 'pool', shared: true, size: 2, spares: 0, problem: null, workers, ...more };
}

export function job(more: Partial<JobState> = {}): JobState {
  const counts = { done: 0, running: 0, failed: 0, cancelled: 0, total: 10 };
  const times = { elapsed: 1, rate: null, left: null };
  const rest = { active: true, single: false, failures: [] };
  return {
    number: 1,
    pool: 1,
    label: 'f',
    phase: 'running',
    ...counts,
    ...times,
    ...rest,
    ...more
  };
}

export function state(
  pools: readonly PoolState[],
  jobs: readonly JobState[] = [],
  more = 0
): KernelState {
  return { pools, jobs, more };
}
