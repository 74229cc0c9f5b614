/**
 * Time limits of batches and of whole lanes.
 *
 * A task that takes too long is asked to end, then its worker is stopped.
 */
import { afterBeats } from './wakingTime';
import { STOPPED } from './handle';
import type { WorkerHandle } from './handle';
import type { Stops } from './stops';

/**
 * A task that was asked to end has this share of its limit to do so, if that is more than others have.
 */
const GRACE = 0.05;

export class TimeLimits {
  /** What calls off the timer of each batch with a limit that runs. */
  private readonly timers = new Map<number, () => void>();
  /** The same of each lane with a limit. */
  private readonly lanes = new Map<number, () => void>();

  /**
   * @param stops ends the batches that have exceeded their limits
   * @param onExpired called when a batch has exceeded its limit, before anything is done about it
   * @param onLaneExpired called when a lane has exceeded its limit; nothing else is done about it
   */
  constructor(
    private readonly stops: Stops,
    private readonly onExpired: (handle: WorkerHandle, batch: number) => void,
    private readonly onLaneExpired: (lane: number) => void
  ) {}

  /** All batches of a lane may take this many seconds from now; null for as long as they like. */
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

  /** The task of a batch begins. It may take this many seconds, in which the browser is awake. */
  begin(handle: WorkerHandle, batch: number, seconds: number): void {
    if (this.timers.has(batch)) {
      return;
    }
    const expire = (): void => {
      this.onExpired(handle, batch);
      this.stops.stop(handle, batch, STOPPED, seconds * 1000 * GRACE);
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
