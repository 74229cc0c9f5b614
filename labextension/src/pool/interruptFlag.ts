/** Asks a worker's Python to stop, as Ctrl-C does. */

/** Python's number of the signal that Ctrl-C sends. */
const SIGINT = 2;

export class InterruptFlag {
  /** Where Python looks for the signal; null where the page may not share memory. */
  readonly buffer = globalThis.crossOriginIsolated ? new SharedArrayBuffer(4) : null;

  /** Ask Python to stop. False where it cannot be asked. */
  raise(): boolean {
    this.write(SIGINT);
    return this.buffer !== null;
  }

  /** Take the request back: Python has finished the batch that it was asked to stop. */
  lower(): void {
    this.write(0);
  }

  private write(signal: number): void {
    if (this.buffer !== null) {
      Atomics.store(new Int32Array(this.buffer), 0, signal);
    }
  }
}
