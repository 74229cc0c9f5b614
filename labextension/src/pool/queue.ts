/** The queue of a pool: lanes take turns, and in each lane it is first in, first out. */
import type { Job } from './job';

type Waiting = Pick<Job, 'batch' | 'target' | 'lane' | 'brief' | 'first'>;

/** The lane of jobs that name none. */
const NO_LANE = -1;

/** The jobs that wait for a worker. A worker runs the jobs that have it as target before all others. */
export class JobQueue<T extends Waiting> {
  // A Map keeps the order of insertion, and finds a number at once.
  private readonly targeted = new Map<number, T>();
  /** The lanes that are not empty. The first one has its turn. */
  private readonly lanes = new Map<number, Map<number, T>>();
  /** The lane of each job that has no target. */
  private readonly laneOf = new Map<number, number>();

  get length(): number {
    return this.targeted.size + this.laneOf.size;
  }

  push(item: T): void {
    if (item.target !== undefined) {
      this.targeted.set(item.batch, item);
    } else if (item.first) {
      this.putBack([item]);
    } else {
      this.lane(item).set(item.batch, item);
    }
  }

  /** Put jobs before all others of their lanes. They have no target. */
  putBack(items: T[]): void {
    for (const item of [...items].reverse()) {
      const lane = this.lane(item);
      const others = [...lane];
      lane.clear();
      lane.set(item.batch, item);
      others.forEach(([batch, other]) => lane.set(batch, other));
    }
  }

  /**
   * Take out the next job for a worker; undefined where there is none.
   *
   * @param mayRun whether a job may run now, as far as the number of workers of its lane goes
   */
  next(worker: number, mayRun: (item: T) => boolean = () => true): T | undefined {
    for (const item of this.targeted.values()) {
      if (item.target === worker) {
        this.targeted.delete(item.batch);
        return item;
      }
    }
    for (const [number, lane] of this.lanes) {
      for (const item of lane.values()) {
        if (!mayRun(item)) {
          break;
        }
        this.take(item);
        if (this.lanes.delete(number) && lane.size > 0) {
          this.lanes.set(number, lane); // the other lanes come first now
        }
        return item;
      }
    }
    return undefined;
  }

  /** Take out the next job of a lane for a worker, if that job is brief, and no other has its turn. */
  nextBrief(lane: number, worker: number): T | undefined {
    const others = [...this.targeted.values()].some(({ target }) => target === worker);
    if (others || this.lanes.size > 1) {
      return undefined;
    }
    for (const item of this.lanes.get(lane)?.values() ?? []) {
      return item.brief && this.take(item) ? item : undefined;
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

  /** Take out all jobs of a lane. */
  clearLane(number: number): T[] {
    const items = [...(this.lanes.get(number)?.values() ?? [])];
    items.forEach(({ batch }) => this.remove(batch));
    return items;
  }

  /** Take out one job. False where it is not here. */
  remove(batch: number): boolean {
    const item = this.lanes.get(this.laneOf.get(batch) ?? NO_LANE)?.get(batch);
    return item === undefined ? this.targeted.delete(batch) : this.take(item);
  }

  /** Take out all jobs. */
  clear(): T[] {
    const items = [
      ...[...this.lanes.values()].flatMap(lane => [...lane.values()]),
      ...this.targeted.values()
    ];
    this.lanes.clear();
    this.laneOf.clear();
    this.targeted.clear();
    return items;
  }

  private lane(item: T): Map<number, T> {
    const number = item.lane ?? NO_LANE;
    let lane = this.lanes.get(number);
    if (lane === undefined) {
      lane = new Map();
      this.lanes.set(number, lane);
    }
    this.laneOf.set(item.batch, number);
    return lane;
  }

  private take({ batch }: T): boolean {
    const number = this.laneOf.get(batch) ?? NO_LANE;
    const lane = this.lanes.get(number);
    lane?.delete(batch);
    if (lane?.size === 0) {
      this.lanes.delete(number);
    }
    return this.laneOf.delete(batch);
  }
}
