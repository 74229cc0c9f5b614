/**
 * Time limits of batches and of whole lanes.
 *
 * A task that takes too long is asked to end, then its worker is stopped.
 */
import { afterBeats } from './beats';
import type { WorkerHandle } from './handle';

/**
 * A task that was asked to end has this share of its limit to do so, and at least so many
 * milliseconds.
 */
const GRACE = 0.05;
const LEAST_GRACE = 20;

export class TimeLimits {
  /** What calls off the timer of each batch with a limit that runs. */
  private readonly timers = new Map<number, () => void>();
  /** The same of each lane with a limit. */
  private readonly lanes = new Map<number, () => void>();

  /**
   * @param onExpired called when a batch has exceeded its limit, before anything is done about it
   * @param onLaneExpired called when a lane has exceeded its limit; nothing else is done about it
   */
  constructor(
    private readonly onExpired: (handle: WorkerHandle, batch: number) => void,
    private readonly onLaneExpired: (lane: number) => void
  ) {}

  /** All batches of a lane may take so many seconds from now; null for as long as they like. */
  limitLane(lane: number, seconds: number | null): void {
    this.lanes.get(lane)?.();
    this.lanes.delete(lane);
    if (seconds !== null) {
      this.lanes.set(
        lane,
        afterBeats(seconds * 1000, () => {
          this.lanes.delete(lane);
          this.onLaneExpired(lane);
        })
      );
    }
  }

  /** The task of a batch begins. It may take so many seconds, in which the browser is awake. */
  begin(handle: WorkerHandle, batch: number, seconds: number): void {
    if (this.timers.has(batch)) {
      return;
    }
    const expire = (): void => {
      this.onExpired(handle, batch);
      if (handle.interrupt()) {
        const grace = Math.max(seconds * 1000 * GRACE, LEAST_GRACE);
        this.timers.set(
          batch,
          afterBeats(grace, () => handle.terminate())
        );
      } else {
        handle.terminate();
      }
    };
    this.timers.set(batch, afterBeats(seconds * 1000, expire));
  }

  /** A batch is over: its limit does not count any more. */
  end(batch: number): void {
    this.timers.get(batch)?.();
    this.timers.delete(batch);
  }

  /** All batches are over. */
  close(): void {
    [...this.timers.keys()].forEach(batch => this.end(batch));
    [...this.lanes.keys()].forEach(lane => this.limitLane(lane, null));
  }
}
