/** Runs the cells of a plan: each as soon as the cells that it has to wait for have ended. */
import type { News, Step } from './plan';

/** Starts a cell; tells whether its request ended well. A worker may go on with it then. */
export type Start = (place: number, here: boolean, why: string) => Promise<boolean>;

/** What has become of a run. */
export interface Ended {
  /** The first cell that failed; null if none did. */
  readonly failed: number | null;
  /** The cells that did not run. */
  readonly notRun: readonly number[];
}

export class ParallelRun {
  /** Is resolved when nothing of the run is running any more, and nothing more will. */
  readonly ended: Promise<Ended>;
  private end: (ended: Ended) => void = () => undefined;
  private readonly waiting: Set<number>;
  /** The cells that a worker has. */
  private readonly away = new Set<number>();
  private readonly done = new Set<number>();
  /** Why cells have to run in the notebook after all. */
  private readonly again = new Map<number, string>();
  /** The cells whose requests have not ended. */
  private readonly requests = new Set<number>();
  private failed: number | null = null;
  private abandoned = false;

  constructor(
    private readonly steps: readonly Step[],
    private readonly start: Start
  ) {
    this.waiting = new Set(steps.keys());
    this.ended = new Promise(resolve => {
      this.end = resolve;
    });
  }

  /** Start what can start. */
  go(): void {
    // Those on workers first: the notebook would keep them waiting.
    const ready = [...this.waiting].filter(place => this.isReady(place));
    const [away, here] = [true, false].map(worker =>
      ready.filter(place => this.runsAway(place) === worker)
    );
    for (const place of [...(away ?? []), ...(here ?? [])]) {
      this.begin(place);
    }
    if (this.requests.size === 0 && this.away.size === 0) {
      this.end({ failed: this.failed, notRun: [...this.waiting].sort((a, b) => a - b) });
    }
  }

  /** The kernel tells what has become of a cell on a worker. */
  hear({ place, state, why }: News): void {
    if (!this.away.delete(place)) {
      return;
    }
    if (state === 'done') {
      this.done.add(place);
    } else if (state === 'again') {
      this.again.set(place, why);
      this.waiting.add(place);
    } else {
      this.fail(place);
    }
    this.go();
  }

  /** Start nothing more and wait for nothing more: the kernel is gone. */
  abandon(): void {
    this.abandoned = true;
    this.away.clear();
    this.go();
  }

  private begin(place: number): void {
    const away = this.runsAway(place);
    this.waiting.delete(place);
    if (away) {
      this.away.add(place); // news may come before the request has ended
    }
    this.requests.add(place);
    void this.start(place, !away, this.again.get(place) ?? '').then(well => {
      this.requests.delete(place);
      if (!well) {
        this.away.delete(place);
        this.waiting.delete(place); // a worker may have given it back
        this.fail(place);
      } else if (!away) {
        this.done.add(place);
      }
      this.go();
    });
  }

  private fail(place: number): void {
    this.failed = Math.min(this.failed ?? place, place);
  }

  private runsAway(place: number): boolean {
    return this.steps[place]?.worker === true && !this.again.has(place);
  }

  private isReady(place: number): boolean {
    if (this.abandoned || (this.failed !== null && place > this.failed)) {
      return false;
    }
    if (this.requests.has(place)) {
      return false; // it comes back from a worker, and its request has not ended yet
    }
    // What such a cell does is not known before it has run in the notebook.
    for (const other of this.again.keys()) {
      if (this.waiting.has(other) && other < place) {
        return false;
      }
    }
    const before = this.again.has(place) ? [...Array(place).keys()] : this.steps[place]?.after;
    return (before ?? []).every(each => this.done.has(each));
  }
}
