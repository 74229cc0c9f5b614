/** The number of the last wish in shared memory, for Python that computes on an isolated page. */

/** What Python's worker tells its ear. */
export interface EarMessage {
  /** The channel on which the page tells of wishes. */
  name: string;
  memory: SharedArrayBuffer;
}

/** Write that this many wishes are known to be made; 0 says that the ear listens. */
export function note(memory: SharedArrayBuffer, wishes: number): void {
  Atomics.store(new Int32Array(memory), 0, wishes + 1);
}

/** Starts an ear where memory can be shared; what it knows is told by `last`. */
export class Shared {
  private readonly numbers: Int32Array | null = null;

  /**
   * @param name the channel on which the page tells of wishes
   * @param start starts the worker with the ear; null where no memory can be shared
   */
  constructor(name: string, start: (() => Pick<Worker, 'postMessage'>) | null) {
    if (start !== null) {
      const memory = new SharedArrayBuffer(4);
      this.numbers = new Int32Array(memory);
      start().postMessage({ name, memory } satisfies EarMessage);
    }
  }

  /** How many wishes have been made; null if nobody listens, or not yet. */
  last(): number | null {
    const noted = this.numbers === null ? 0 : Atomics.load(this.numbers, 0);
    return noted === 0 ? null : noted - 1;
  }
}
