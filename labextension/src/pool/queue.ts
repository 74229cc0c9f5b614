/** The queue of a pool: first in, first out. */
import type { Job } from './job';

type Waiting = Pick<Job, 'batch' | 'target' | 'group'>;

/** The jobs that wait for a worker. A worker runs the jobs that have it as target before all others. */
export class JobQueue<T extends Waiting> {
  // A Map keeps the order of insertion, and finds a number at once.
  private readonly anywhere = new Map<number, T>();
  private readonly targeted = new Map<number, T>();

  get length(): number {
    return this.anywhere.size + this.targeted.size;
  }

  push(item: T): void {
    (item.target === undefined ? this.anywhere : this.targeted).set(item.batch, item);
  }

  /** Put jobs before all others that any worker may run. */
  putBack(items: T[]): void {
    const others = [...this.anywhere.values()];
    this.anywhere.clear();
    for (const item of [...items, ...others]) {
      this.anywhere.set(item.batch, item);
    }
  }

  /** Take out the next job for a worker; undefined where there is none. */
  next(worker: number): T | undefined {
    for (const item of this.targeted.values()) {
      if (item.target === worker) {
        this.targeted.delete(item.batch);
        return item;
      }
    }
    for (const item of this.anywhere.values()) {
      this.anywhere.delete(item.batch);
      return item;
    }
    return undefined;
  }

  /** Take out the next job for any worker, if it is of this group. */
  nextOf(group: number): T | undefined {
    for (const item of this.anywhere.values()) {
      return item.group === group && this.anywhere.delete(item.batch) ? item : undefined;
    }
    return undefined;
  }

  /** Take out the jobs whose target is this worker. */
  forget(worker: number): void {
    for (const { batch, target } of [...this.targeted.values()]) {
      if (target === worker) {
        this.targeted.delete(batch);
      }
    }
  }

  /** Take out one job. False where it is not here. */
  remove(batch: number): boolean {
    return this.anywhere.delete(batch) || this.targeted.delete(batch);
  }

  /** Take out all jobs. */
  clear(): T[] {
    const items = [...this.anywhere.values(), ...this.targeted.values()];
    this.anywhere.clear();
    this.targeted.clear();
    return items;
  }
}
