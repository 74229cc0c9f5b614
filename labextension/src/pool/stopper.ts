/** Asks a worker's Python to stop what it runs, as Ctrl-C does. */
import { breakSeal, makeSeal } from '../interrupt/seal';
import type { StopFrame, StopSigns } from '../protocol';

/**
 * How many seals a worker has: one for a turn, and after the last one the first again. It must have
 * more than the batches that can be at a worker, so that a new seal arrives before its turn.
 */
const SEALS = 16;

/**
 * The side of the host. The batches of a worker count as its turns, from 1.
 *
 * Each request is for one turn, so that it never stops the batch behind the one that was meant.
 * Where the page may share memory, the number of the turn is written there. Elsewhere the worker sees
 * that the seal of its turn is broken.
 */
export class Stopper {
  private readonly memory = globalThis.crossOriginIsolated ? new SharedArrayBuffer(4) : null;
  private readonly control: string;
  private readonly seals: string[];

  /** @param post sends the worker a frame */
  constructor(private readonly post: (frame: StopFrame) => void) {
    this.control = this.memory ? '' : makeSeal();
    this.seals = Array.from({ length: this.memory ? 0 : SEALS }, makeSeal);
  }

  /** What the worker has to look at. */
  get signs(): StopSigns {
    const { memory, control, seals } = this;
    return memory ? { memory } : { control, seals: [...seals] };
  }

  /** Ask Python to stop what it runs in a turn. */
  ask(turn: number): void {
    if (this.memory) {
      Atomics.store(new Int32Array(this.memory), 0, turn);
      this.post({ kind: 'stop', turn, seal: null });
      return;
    }
    const place = turn % SEALS;
    breakSeal(this.seals[place] ?? '');
    const seal = makeSeal();
    this.seals[place] = seal;
    this.post({ kind: 'stop', turn, seal });
  }

  /** The worker has ended. */
  close(): void {
    [this.control, ...this.seals].forEach(breakSeal);
  }
}
