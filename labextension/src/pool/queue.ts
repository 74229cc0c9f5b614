/** What waits for a worker: first in, first out, with removal by id. */
interface Waiting {
  batch: number;
  /** The one worker that it waits for; undefined for any. */
  target?: number | undefined;
  /** Batches of a group may wait at a worker that has others of it; undefined: not this one. */
  group?: number | undefined;
}

/** The batches that wait for a worker. Those with a target go before all others there. */
export class BatchQueue<T extends Waiting> {
  // A Map keeps insertion order and finds an id at once.
  private readonly anywhere = new Map<number, T>();
  private readonly targeted = new Map<number, T>();

  get length(): number {
    return this.anywhere.size + this.targeted.size;
  }

  push(item: T): void {
    (item.target === undefined ? this.anywhere : this.targeted).set(item.batch, item);
  }

  /** Put items before all others for any worker: they were taken out, but not run. */
  putBack(items: T[]): void {
    const others = [...this.anywhere.values()];
    this.anywhere.clear();
    for (const item of [...items, ...others]) {
      this.anywhere.set(item.batch, item);
    }
  }

  /** The item that a worker should run next, taken out; undefined where there is none for it. */
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

  /** The next item for any worker, taken out if it is of this group. */
  nextOf(group: number): T | undefined {
    for (const item of this.anywhere.values()) {
      return item.group === group && this.anywhere.delete(item.batch) ? item : undefined;
    }
    return undefined;
  }

  /** Take out what waits for a worker that is no more. */
  forget(worker: number): void {
    for (const { batch, target } of [...this.targeted.values()]) {
      if (target === worker) {
        this.targeted.delete(batch);
      }
    }
  }

  /** Take one item out. True where it was still waiting. */
  remove(batch: number): boolean {
    return this.anywhere.delete(batch) || this.targeted.delete(batch);
  }

  /** Take all items out. */
  clear(): T[] {
    const items = [...this.anywhere.values(), ...this.targeted.values()];
    this.anywhere.clear();
    this.targeted.clear();
    return items;
  }
}
