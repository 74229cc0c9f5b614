/** The events of a pool, which its owner hears. */
import type { BootPhase, BootReport, ErrorFrame, OutputFrame, ResultFrame } from '../protocol';

/** How a worker ended. */
export interface WorkerEnd {
  /**
   * `terminated`: its owner stopped it. `exited`, `fatal`: as in `FatalFrame`. `silent`: it closed
   * itself, with or without a last word. `start`: it never became ready. `protocol`: it sent
   * something that a pool worker never sends. `recycled`: it had run, or grown, as much as one
   * worker should; or a module that it had imported has changed; or it had been at fault.
   * `retired`: the pool was made smaller, or had been idle for long.
   */
  reason:
    'terminated' | 'exited' | 'fatal' | 'silent' | 'start' | 'protocol' | 'recycled' | 'retired';
  message: string;
  status: number | null;
  running: number | null;
  /** Bytes of its WebAssembly memory, as it last said. */
  memory: number;
}

/** The batches that a worker had when it ended. */
export interface Lost {
  /** The batch that the worker ran; null where it ran none. */
  batch: number | null;
  /** Batches that the worker may have begun: it ended without saying how far it had come. */
  behind: number[];
  /** Batches that the worker never turned to. */
  untaken: number[];
}

/** A lane has exceeded its time limit, or was cancelled. */
export type LaneEnd = 'laneExpired' | 'laneCancelled';

/** One thing that a pool tells its listener. */
export type PoolEvent =
  | { type: 'starting'; worker: number; pid: number }
  | { type: 'phase'; worker: number; phase: BootPhase }
  | { type: 'ready'; worker: number; report: BootReport }
  | { type: 'dispatched'; worker: number; batch: number }
  | { type: 'frame'; worker: number; frame: ResultFrame | ErrorFrame | OutputFrame }
  /** A batch has exceeded its time limit. Its worker is asked to end it, or is stopped. */
  | { type: 'expired'; worker: number; batch: number }
  | ({ type: 'ended'; worker: number; end: WorkerEnd } & Lost)
  /** The end of each batch of a lane follows. */
  | { type: LaneEnd; lane: number }
  /** Whether a batch that was cancelled was still in the queue: then nothing of it ran, or will. */
  | { type: 'cancelled'; batch: number; taken: boolean }
  /** This many spares are ready to take the place of a worker. */
  | { type: 'spares'; spares: number }
  /** Other pools of the site hold some workers of this pool; it gets them when those pools end. */
  | { type: 'limited'; workers: number }
  | { type: 'broken'; message: string };
