/** What the page and the kernel say to each other of cells that run on workers. */

/** The comm on which a kernel tells a run's plan, and what becomes of its cells. */
export const TARGET = 'jupyterlite-pool-cells';

/** The mark in the metadata of a request; `commands/parallel/requests.py` reads it. */
export const MARK = 'jupyterlitePool';

export interface Mark {
  /** The name of the run; `background` for a cell alone. */
  run: string;
  place?: number;
  /** Whether the cell runs in the notebook, and why if a worker has run it before. */
  here?: boolean;
  why?: string;
}

/** A cell of a plan. */
export interface Step {
  /** Whether a worker may run it. */
  readonly worker: boolean;
  /** The places of the cells that must have ended before it starts. */
  readonly after: readonly number[];
}

export interface Plan {
  readonly run: string;
  readonly plan: readonly Step[];
}

/** What has become of a cell on a worker. */
export interface News {
  readonly place: number;
  /** With `again`, the cell has to run in the notebook when all cells before it have ended. */
  readonly state: 'done' | 'again' | 'failed';
  readonly why: string;
}

/** A kernel's plan; null where the data are none. */
export function planOf(data: unknown): Plan | null {
  const { run, plan } = fields(data);
  if (typeof run !== 'string' || !Array.isArray(plan)) {
    return null;
  }
  const steps = (plan as unknown[]).map(fields);
  const valid = steps.every(
    ({ worker, after }, place) =>
      typeof worker === 'boolean' &&
      Array.isArray(after) &&
      after.every(each => Number.isInteger(each) && each >= 0 && each < place)
  );
  return valid ? { run, plan: steps as unknown as Step[] } : null;
}

/** A kernel's news of a cell; null where the data are none. */
export function newsOf(data: unknown): News | null {
  const { place, state, why } = fields(data);
  const known = state === 'done' || state === 'again' || state === 'failed';
  return Number.isInteger(place) && known && typeof why === 'string'
    ? { place: place as number, state, why }
    : null;
}

function fields(data: unknown): Record<string, unknown> {
  return typeof data === 'object' && data !== null ? (data as Record<string, unknown>) : {};
}
