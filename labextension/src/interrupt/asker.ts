/** Asks the page, while Python computes, whether somebody wants it to stop. */
import type { Answer, Question } from './exchange';

/** Python's number of the signal that Ctrl-C sends. */
const SIGINT = 2;

/** Milliseconds that Python computes before the first question. */
const QUIET = 600;

/** Milliseconds between two questions, at least and at most. */
const SOONEST = 250;
const LATEST = 700;

/** Milliseconds after which a wish that was put off is asked for again; longer each time. */
const SOON = 20;

/** A question may take one part in so many of the time. */
const SHARE = 100;

/** Milliseconds after which an answer is given up. */
const PATIENCE = 1000;

/**
 * Milliseconds without questions when no answer has come, since each took all of `PATIENCE`. Twice as
 * long each time, up to a limit.
 */
const REST = 1000;
const LONGEST_REST = 10_000;

/** Milliseconds after which the event loop is looked for again. */
const TURN = 250;

/** What the asker needs of the world. */
export interface World {
  /** Milliseconds, on a clock that never goes back. */
  now(): number;
  /** Milliseconds, on the clock of the page. */
  date(): number;
  /** Call a function when the event loop has turned, after so many milliseconds. */
  later(action: () => void, delay: number): void;
  /** Send a question and wait for the answer; throws if none comes in so many milliseconds. */
  ask(question: Question, patience: number): Answer;
}

/**
 * Stands in for the memory in which Python looks for signals.
 *
 * Python reads element 0 every few dozen steps of its interpreter. If it has computed for a while
 * without a turn of the event loop, reading asks the page now and then.
 */
export class Asker {
  /** What Python is given as its signal buffer. */
  readonly buffer: { 0: number };

  /** Since when the event loop has not turned; null if it has since. */
  private busySince: { now: number; date: number } | null = null;
  private askAt = 0;
  /** When the cell that runs began, and when the last one ended. */
  private began: number | null = null;
  private ended = 0;
  /** The number of the last wish that was heard of. */
  private heard = 0;
  /** The number of the last wish that was a signal, and how often it was put off. */
  private obeyed = 0;
  private putOffs = 0;
  private rest = REST;

  constructor(private readonly world: World) {
    this.buffer = Object.defineProperty({ 0: 0 }, 0, {
      get: () => this.look(),
      set: () => undefined // Python writes 0 when it has seen a signal
    });
  }

  /** A cell has begun. */
  cellBegins(): void {
    this.began = this.world.date();
  }

  /** The cell has ended. */
  cellEnds(): void {
    this.began = null;
    this.ended = this.world.date();
  }

  /**
   * A wish has come by the event loop. Whether it is to be obeyed now.
   *
   * It is not if Python has heard of it by a question, or if it was meant for a cell that has ended.
   */
  take(number: number, at: number): boolean {
    if (number <= this.heard) {
      return false;
    }
    this.heard = number;
    return at >= (this.began ?? this.ended);
  }

  /**
   * Python cannot obey the wish that it was just told of. Tell it again soon; if it has ended what it
   * does by then, the wish comes by the event loop. Returns how often this wish was put off.
   */
  putOff(): number {
    this.heard -= 1;
    this.putOffs += 1;
    this.askAt = this.world.now() + Math.min(SOONEST, SOON * this.putOffs);
    return this.putOffs;
  }

  /** The signal for Python; 0 if there is none. */
  private look(): number {
    const now = this.world.now();
    if (this.busySince === null) {
      this.busySince = { now, date: this.world.date() };
      this.askAt = Math.max(this.askAt, now + QUIET);
      this.world.later(() => {
        this.busySince = null;
      }, TURN);
      return 0;
    }
    return now < this.askAt ? 0 : this.ask(this.began ?? this.busySince.date);
  }

  private ask(since: number): number {
    const before = this.world.now();
    let answer: Partial<Answer> = {};
    let pause = this.rest;
    try {
      answer = this.world.ask({ heard: this.heard, since }, PATIENCE);
      const cost = this.world.now() - before;
      pause = Math.min(LATEST, Math.max(SOONEST, SHARE * cost));
      this.rest = REST;
    } catch {
      // There is no service worker, or the page is gone or busy itself.
      this.rest = Math.min(LONGEST_REST, 2 * this.rest);
    }
    this.askAt = this.world.now() + pause;
    const { wish } = answer;
    if (typeof wish !== 'number' || wish <= this.heard) {
      return 0;
    }
    if (wish > this.obeyed) {
      this.obeyed = wish;
      this.putOffs = 0;
    }
    this.heard = wish;
    return SIGINT;
  }
}
