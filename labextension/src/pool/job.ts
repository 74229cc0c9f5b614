/** A frame that takes a worker's time: it waits in the pool's queue, then in the inbox of a worker. */
import { transferables } from '../protocol';
import type { RunFrame, TaskFrame } from '../protocol';

export interface Job {
  batch: number;
  frame: TaskFrame;
  /** Keys of the objects that a worker must hold before it runs the job. */
  needs: readonly string[];
  transfer: Transferable[];
  /** The one worker that may run it; undefined for any. */
  target?: number | undefined;
  /** Jobs of a group may wait behind each other at a worker; undefined where this one may not. */
  group?: number | undefined;
}

/** A batch of tasks. */
export function runJob(
  batch: number,
  payload: Uint8Array<ArrayBuffer>,
  buffers: ArrayBuffer[],
  needs: readonly string[],
  target: number | undefined,
  group: number | undefined
): Job {
  const frame: RunFrame = { kind: 'run', batch, acknowledge: true, payload, buffers };
  return { batch, frame, needs, transfer: transferables(frame), target, group };
}

/** Python source to evaluate. */
export function evalJob(batch: number, code: string): Job {
  const frame: TaskFrame = { kind: 'eval', batch, acknowledge: true, code };
  return { batch, frame, needs: [], transfer: [] };
}
