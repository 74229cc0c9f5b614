/** Spare workers, each ready to take the place of one that is lost. */
import { errorText } from '../errors';
import type { WorkerHandle } from './handle';
import type { Launched } from './launcher';

/** The spares of a pool. A spare runs nothing, and does not count as a worker before it takes a place. */
export class Reserve {
  private readonly spares = new Map<number, Launched>();

  /**
   * @param wanted how many spares there should be
   * @param launch starts a worker
   * @param onChange called when another number of spares may be ready
   */
  constructor(
    private readonly wanted: number,
    private readonly launch: () => Launched,
    private readonly onChange: () => void
  ) {}

  /** How many spares could take a place now. */
  get ready(): number {
    return [...this.spares.values()].filter(({ handle }) => handle.ready).length;
  }

  /** Start a spare if there are too few. The site has room for `room` spares. */
  restock(room: number): void {
    if (this.spares.size < Math.min(this.wanted, room)) {
      let spare: Launched;
      try {
        spare = this.launch();
      } catch (error) {
        console.warn(`jupyterlite-pool: no spare could start: ${errorText(error)}`);
        return;
      }
      this.spares.set(spare.handle.id, spare);
      spare.booted.then(
        () => {
          this.onChange();
          this.restock(room);
        },
        () => undefined // the next worker that becomes ready brings another try
      );
    }
  }

  /** Take out the oldest spare. It may still be starting. */
  take(): Launched | undefined {
    for (const [id, spare] of this.spares) {
      this.spares.delete(id);
      this.onChange();
      return spare;
    }
    return undefined;
  }

  /** Forget a spare that has ended. False where the worker is no spare. */
  forget(handle: WorkerHandle): boolean {
    const forgotten = this.spares.delete(handle.id);
    this.onChange();
    return forgotten;
  }

  /** Stop all spares. */
  terminate(): void {
    for (const { handle } of [...this.spares.values()]) {
      handle.terminate();
    }
  }
}
