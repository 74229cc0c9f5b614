/** Batches that are to end: their workers are asked first, and stopped where that does not help. */
import { afterBeats } from './wakingTime';
import type { WorkerHandle } from './handle';

/** Milliseconds in which a worker may hear that its batch is to end, and end it. */
const GRACE = 1_000;

export class Stops {
  /** What calls off the end of each worker that was asked, by its batch. */
  private readonly graces = new Map<number, () => void>();
  /**
   * Why batches are to end that wait at a worker, by batch. The worker may have begun one of them and
   * not have said so yet.
   */
  private readonly behind = new Map<number, string>();

  /** @param grace milliseconds that a worker has at least */
  constructor(private readonly grace = GRACE) {}

  /**
   * End a batch that is at a worker.
   *
   * @param message why the worker is stopped, if it is
   * @param grace milliseconds that the worker has, if that is more than others have
   */
  stop(handle: WorkerHandle, batch: number, message: string, grace = 0): void {
    if (this.graces.has(batch)) {
      return;
    }
    if (handle.inbox.current?.batch !== batch) {
      this.behind.set(batch, message);
      return;
    }
    handle.interrupt();
    const end = (): void => handle.finish('terminated', message);
    this.graces.set(batch, afterBeats(Math.max(grace, this.grace), end));
  }

  /** A worker has finished a batch; the next one may be one that is to end. */
  next(handle: WorkerHandle): void {
    const batch = handle.inbox.current?.batch ?? -1;
    const message = this.behind.get(batch);
    if (message !== undefined) {
      this.behind.delete(batch);
      this.stop(handle, batch, message);
    }
  }

  /** A batch is over. */
  end(batch: number): void {
    this.graces.get(batch)?.();
    this.graces.delete(batch);
    this.behind.delete(batch);
  }

  /** All batches are over. */
  close(): void {
    [...this.graces.keys()].forEach(batch => this.end(batch));
    this.behind.clear();
  }
}
