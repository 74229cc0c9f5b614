/** What a kernel tells of its pools and jobs; `jupyterlite_pool/notebook/state.py` makes it. */

/** What a worker runs. */
export interface Work {
  readonly label: string;
  /** The number of the job, and the item; null for a call. */
  readonly job: number | null;
  readonly item: number | null;
}

export interface WorkerState {
  readonly id: number;
  readonly state: 'starting' | 'preparing' | 'idle' | 'busy';
  readonly runs: Work | null;
  /** How many tasks it has run. */
  readonly tasks: number;
  /** Bytes; 0 if that is not known. */
  readonly memory: number;
  /** Seconds since it was ready; null if it is not. */
  readonly age: number | null;
}

export interface PoolState {
  /** Its number in the kernel. */
  readonly id: number;
  readonly name: string;
  /** Whether it is the one that `pool_map` and the magics use. */
  readonly shared: boolean;
  /** How many workers it should have. */
  readonly size: number;
  readonly spares: number;
  readonly workers: readonly WorkerState[];
  /** Why it cannot run anything any more. */
  readonly problem: string | null;
}

export interface FailureState {
  readonly item: number;
  readonly arguments: string;
  readonly error: string;
}

export interface JobState {
  /** Its number; 0 for the calls of `submit` to a pool. */
  readonly number: number;
  /** The number of its pool. */
  readonly pool: number;
  readonly label: string;
  readonly phase: string;
  readonly done: number;
  readonly running: number;
  readonly failed: number;
  readonly cancelled: number;
  /** Null if nobody knows. */
  readonly total: number | null;
  /** Seconds. */
  readonly elapsed: number;
  readonly rate: number | null;
  readonly left: number | null;
  /** Whether something of it still runs. */
  readonly active: boolean;
  /** Whether it is one cell in the background. */
  readonly single: boolean;
  /** The first ones. */
  readonly failures: readonly FailureState[];
}

export interface KernelState {
  /** The shared one first. */
  readonly pools: readonly PoolState[];
  /** Those that run first, the newest first. */
  readonly jobs: readonly JobState[];
  /** How many jobs that run are not named. */
  readonly more: number;
}

/** A state, if it is one: a wheel of another build may tell something else. */
export function stateOf(value: unknown): KernelState | null {
  if (typeof value !== 'object' || value === null) {
    return null;
  }
  const { pools, jobs, more } = value as Record<string, unknown>;
  const valid =
    Array.isArray(pools) &&
    Array.isArray(jobs) &&
    pools.every(
      pool => has(pool, POOL) && (pool as PoolState).workers.every(w => has(w, WORKER))
    ) &&
    jobs.every(job => has(job, JOB));
  return valid
    ? { pools: pools as PoolState[], jobs: jobs as JobState[], more: Number(more) || 0 }
    : null;
}

/** Fields with the type that each of them has where it is not null. */
type Fields = Readonly<Record<string, 'number' | 'string' | 'boolean' | 'object'>>;

const POOL: Fields = { id: 'number', name: 'string', size: 'number', workers: 'object' };
const WORKER: Fields = { id: 'number', state: 'string', tasks: 'number', memory: 'number' };
const JOB: Fields = {
  number: 'number',
  pool: 'number',
  label: 'string',
  phase: 'string',
  done: 'number',
  running: 'number',
  failed: 'number',
  cancelled: 'number',
  elapsed: 'number',
  active: 'boolean',
  failures: 'object'
};

function has(value: unknown, fields: Fields): boolean {
  if (typeof value !== 'object' || value === null) {
    return false;
  }
  const own = value as Record<string, unknown>;
  return Object.entries(fields).every(([name, type]) =>
    type === 'object' ? Array.isArray(own[name]) : typeof own[name] === type
  );
}
