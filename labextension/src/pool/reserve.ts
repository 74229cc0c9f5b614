/** Workers that are kept ready, so that one that is lost can be replaced at once. */
import type { WorkerHandle } from './handle';
import type { Launched } from './launcher';

/** The spares of a pool. They run nothing, and count as no workers until they take a place. */
export class Reserve {
  private readonly spares = new Map<number, Launched>();

  /**
   * @param wanted how many spares there should be
   * @param launch starts a worker
   */
  constructor(
    private readonly wanted: number,
    private readonly launch: () => Launched
  ) {}

  /** How many spares could take a place now. */
  get ready(): number {
    return [...this.spares.values()].filter(({ handle }) => handle.ready).length;
  }

  /** Start one more spare if there are too few; `room` is for how many the device has memory. */
  restock(room: number): void {
    if (this.spares.size < Math.min(this.wanted, room)) {
      const spare = this.launch();
      this.spares.set(spare.handle.id, spare);
      spare.booted.then(
        () => this.restock(room),
        () => undefined // the next worker that becomes ready shows that it is worth another try
      );
    }
  }

  /** Take the spare that has been here for longest; it may be starting still. */
  take(): Launched | undefined {
    for (const [id, spare] of this.spares) {
      this.spares.delete(id);
      return spare;
    }
    return undefined;
  }

  /** Forget a spare that has ended. False where it is none. */
  forget(handle: WorkerHandle): boolean {
    return this.spares.delete(handle.id);
  }

  /** Stop all of them. */
  terminate(): void {
    for (const { handle } of [...this.spares.values()]) {
      handle.terminate();
    }
  }
}
