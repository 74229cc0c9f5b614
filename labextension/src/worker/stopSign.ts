/** Lets the host stop what Python runs, while Python computes. */
import { Pace } from '../interrupt/pace';
import { isWhole } from '../interrupt/seal';
import { onLook, stepsSetter } from '../interrupt/signals';
import type { Seals, SharedSign, StopFrame, StopSigns } from '../protocol';
import type { Pyodide } from './pyodide';

/** Python's number of the signal that Ctrl-C sends. */
const SIGINT = 2;

/** Milliseconds between two looks at the exact clock, which takes longer to read than a look takes. */
const TICK = 10;

/** Milliseconds that a turn takes before its seal is looked at. Most turns are shorter. */
const QUIET = 400;

/**
 * Milliseconds between two looks at a seal, at least and at most. A look should not take more than one
 * part in `SHARE` of the time.
 */
const SOONEST = 200;
const LATEST = 400;
const SHARE = 200;

/** A turn is one batch. */
export class StopSign {
  /** The number of the turn; they count from 1. */
  private turn = 0;
  /** Whether a turn is under way that has not obeyed. */
  private busy = false;
  /** Whether that turn is known to have been asked to stop. */
  private asked = false;
  /** Whether seals cannot be seen here: then none looks whole. */
  private blind = false;
  /** Whether Python was told, and has not dealt with it. */
  private told = false;
  private readonly pace = new Pace();
  private readonly steps: (steps: number) => void;
  /** When the exact clock was last read, and when there is to be a look at the seal. */
  private ticked = 0;
  private lookAt = 0;

  constructor(
    python: Pyodide,
    private readonly signs: StopSigns
  ) {
    this.steps = stepsSetter(python);
    onLook(python, () => this.look());
  }

  /** A turn begins. */
  begin(): void {
    this.turn += 1;
    this.busy = true;
    this.asked = this.told = false;
    this.lookAt = performance.now() + QUIET;
    this.steps(this.pace.reset());
  }

  /** The turn is over. */
  end(): void {
    this.busy = false;
  }

  /** Python has dealt with a signal: whether it stops the task. If so, there is nothing more to ask. */
  answered(stops: boolean): void {
    this.busy &&= !stops;
    this.told = false;
    this.hurry();
  }

  /** The event loop brings a request. Whether it is for the turn that is under way. */
  hear({ turn, seal }: StopFrame): boolean {
    if ('seals' in this.signs && seal !== null) {
      this.signs.seals[turn % this.signs.seals.length] = seal;
    }
    this.asked ||= this.busy && turn === this.turn;
    this.hurry();
    return this.asked;
  }

  /**
   * Let Python look at its next step. Otherwise the number of steps between two looks and the number
   * of those between two pauses may be such that no look ever hits the task itself.
   */
  private hurry(): void {
    if (this.asked && this.busy) {
      this.steps(1);
    }
  }

  /**
   * Python looks for signals: the signal; 0 if there is none.
   *
   * Python is told at each step until it stops the task: a signal may hit what the event loop runs
   * while the task pauses, and such a task runs only a few steps between two pauses.
   */
  private look(): number {
    if (!this.busy || this.told) {
      return 0;
    }
    if (this.asked) {
      return this.tell();
    }
    const date = Date.now();
    this.steps(this.pace.next(date));
    // This clock may be set back.
    if (Math.abs(date - this.ticked) < TICK) {
      return 0;
    }
    this.ticked = date;
    this.asked = 'memory' in this.signs ? this.isNamed(this.signs) : this.isSealBroken(this.signs);
    return this.asked ? this.tell() : 0;
  }

  private tell(): number {
    this.told = true;
    this.steps(1);
    return SIGINT;
  }

  private isNamed({ memory }: SharedSign): boolean {
    return Atomics.load(new Int32Array(memory), 0) === this.turn;
  }

  private isSealBroken({ control, seals }: Seals): boolean {
    const before = performance.now();
    if (this.blind || before < this.lookAt) {
      return false;
    }
    const seal = seals[this.turn % seals.length] ?? control;
    const broken = !isWhole(seal);
    if (broken && !isWhole(control)) {
      this.blind = true; // a site's policy may forbid it
      return false;
    }
    const after = performance.now();
    this.lookAt = after + Math.min(LATEST, Math.max(SOONEST, SHARE * (after - before)));
    return broken;
  }
}
