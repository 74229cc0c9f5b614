/**
 * A frame that takes a worker's time: it waits in the pool's queue, then in the inbox of a worker.
 *
 * What Python calls a job has many of these; here it is a *lane*.
 */
import { transferables } from '../protocol';
import type { CallsFrame, PageCall, RunFrame, TaskFrame } from '../protocol';

/** How a batch is to run. Every field may be left out. */
export interface Terms {
  /** The one worker that may run it, before any other batch; it is gone with the worker. */
  target?: number | undefined;
  /** A number that the batches of one job share. Jobs take turns, one batch each. */
  lane?: number | undefined;
  /** It is so brief that it may wait at a worker, behind others of its lane. */
  brief?: boolean | undefined;
  /** It goes before the batches of its lane that wait. */
  first?: boolean | undefined;
  /** At most this many workers have batches of its lane at once. */
  maxWorkers?: number | undefined;
  /** Seconds from the beginning of its task; then it is stopped. */
  timeLimit?: number | undefined;
}

export interface Job extends Terms {
  batch: number;
  frame: TaskFrame;
  /** Keys of the objects that a worker must hold before it runs the job. */
  needs: readonly string[];
  transfer: Transferable[];
}

/** A batch of tasks. */
export function runJob(
  batch: number,
  payload: Uint8Array<ArrayBuffer>,
  buffers: ArrayBuffer[],
  needs: readonly string[],
  terms: Terms
): Job {
  const frame: RunFrame = { kind: 'run', batch, acknowledge: true, payload, buffers };
  return { batch, frame, needs, transfer: transferables(frame), ...terms };
}

/**
 * Calls of a page.
 *
 * @param brief whether they take so little time that an acknowledgement would delay them
 */
export function callsJob(
  batch: number,
  calls: readonly PageCall[],
  transfer: Transferable[] = [],
  brief = false
): Job {
  const frame: CallsFrame = { kind: 'calls', batch, acknowledge: true, calls };
  return { batch, frame, needs: [], transfer, brief };
}
