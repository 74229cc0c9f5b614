/** Asks the page, while Python computes, whether somebody wants it to stop. */
import type { Answer, Question } from './exchange';
import { Pace } from './pace';
import type { Sealed } from './sealed';
import type { Shared } from './shared';

/** Python's number of the signal that Ctrl-C sends. */
const SIGINT = 2;

/** Milliseconds that Python computes before the first question. */
const QUIET = 600;

/** Milliseconds between two questions, at least and at most. */
const SOONEST = 250;
const LATEST = 700;

/** Milliseconds between two questions where shared memory says when there is something to ask. */
const SELDOM = 10_000;

/** Milliseconds between two looks at the exact clock, which takes longer to read than a look takes. */
const TICK = 10;

/** Milliseconds after which a wish that was put off is asked for again; longer each time. */
const SOON = 20;

/** A question may take one part in this many of the time. */
const SHARE = 200;

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
  /** Milliseconds, on the clock of the page. Quicker to read. */
  date(): number;
  /** Call a function when the event loop has turned, after this many milliseconds. */
  later(action: () => void, delay: number): void;
  /** Set after how many steps Python looks again. */
  steps(count: number): void;
  /** What the page's seals tell of its wishes. */
  readonly sealed: Sealed;
  /** What shared memory tells of them. */
  readonly shared: Pick<Shared, 'last'>;
  /** Send the page a question and wait for the answer; throws if none comes in this many milliseconds. */
  ask(question: Question, patience: number): Answer;
  /** Tell the page of the last wish that was heard of. */
  tell(heard: number): void;
}

/**
 * Hears of wishes while Python computes.
 *
 * Python looks for signals every so many steps. If it has computed for a while without a turn of the
 * event loop, a look now and then sees whether the seal of the next wish is broken. If that wish may
 * be from before the code that runs, the page is asked when it was made.
 */
export class Asker {
  /** Since when the event loop has not turned; null if it has since. */
  private busySince: { now: number; date: number } | null = null;
  private readonly pace = new Pace();
  /** When the exact clock was last read, and when there is to be a question, on that clock. */
  private ticked = 0;
  private askAt = 0;
  /** When the cell that runs began, and when the last one ended. */
  private began: number | null = null;
  private ended = 0;
  /** The number of the last wish that was heard of. */
  private heard = 0;
  /** When it was last seen how many wishes had been made that are not for the code that runs. */
  private before = { date: -Infinity, known: 0 };
  /** The number of the last wish that was a signal, and how often it was put off. */
  private obeyed = 0;
  private putOffs = 0;
  /** Whether a wish that was put off is still to be told again. */
  private pending = false;
  /** The last wish of which shared memory has told. */
  private hinted = 0;
  private rest = REST;
  private told = false;

  /**
   * @param world where the asker is
   * @param served whether the page answers questions; if not, each cell begins with a look at seals
   */
  constructor(
    private readonly world: World,
    private served: boolean
  ) {}

  /** A cell has begun. */
  cellBegins(): void {
    this.began = this.world.date();
    this.world.steps(this.pace.reset());
    if (!this.served) {
      const date = this.world.date();
      this.before = { date, known: this.lookAtSeals() ?? this.heard };
    }
  }

  /** The cell has ended. */
  cellEnds(): void {
    this.began = null;
    this.ended = this.world.date();
  }

  /**
   * A wish has come by the event loop. Whether it is to be obeyed now.
   *
   * It is not if Python has heard of it while it computed, or if it was meant for a cell that has
   * ended.
   */
  take(number: number, at: number): boolean {
    if (number <= this.heard) {
      return false;
    }
    this.heard = number;
    this.pending = false;
    return at >= (this.began ?? this.ended);
  }

  /**
   * Python cannot obey the wish that it was just told of. Tell it again soon; if it has ended what it
   * does by then, the wish comes by the event loop. Returns how often this wish was put off.
   */
  putOff(): number {
    this.heard -= 1;
    this.putOffs += 1;
    this.pending = true;
    this.askAt = this.world.now() + Math.min(SOONEST, SOON * this.putOffs);
    return this.putOffs;
  }

  /** Python looks for signals: the signal; 0 if there is none. */
  look(): number {
    const date = this.world.date();
    if (this.busySince === null) {
      const now = this.world.now();
      this.busySince = { now, date };
      if (!this.pending) {
        this.askAt = Math.max(this.askAt, now + QUIET);
      }
      this.pace.reset();
      this.world.later(() => {
        this.busySince = null;
        this.world.steps(this.pace.reset());
      }, TURN);
    }
    this.world.steps(this.pace.next(date));
    // This clock may be set back.
    if (Math.abs(date - this.ticked) < TICK) {
      return 0;
    }
    this.ticked = date;
    const due = this.isHinted() || this.world.now() >= this.askAt;
    return due ? this.ask(this.began ?? this.busySince.date) : 0;
  }

  /** Whether shared memory tells of a wish of which it has not told before. */
  private isHinted(): boolean {
    const last = this.world.shared.last();
    const isNew = last !== null && last > this.hinted && last > this.heard;
    this.hinted = Math.max(this.hinted, last ?? 0);
    return isNew;
  }

  /** Find out whether there is a wish; when to do so again follows from how long that takes. */
  private ask(since: number): number {
    const before = this.world.now();
    let wish = 0;
    let pause = this.rest;
    try {
      wish = this.lastWish(since);
      const cost = this.world.now() - before;
      const shared = this.world.shared.last() !== null;
      pause = shared ? SELDOM : Math.min(LATEST, Math.max(SOONEST, SHARE * cost));
      this.rest = REST;
    } catch {
      // The page is gone or busy itself, and it has no seals that we can see.
      this.rest = Math.min(LONGEST_REST, 2 * this.rest);
    }
    this.askAt = this.world.now() + pause;
    if (wish <= this.heard) {
      return 0;
    }
    if (wish > this.obeyed) {
      this.obeyed = wish;
      this.putOffs = 0;
    }
    this.heard = wish;
    this.pending = false;
    this.world.tell(wish);
    return SIGINT;
  }

  /** The number of the last wish to the code that runs since then; throws if nothing tells. */
  private lastWish(since: number): number {
    const { date, known } = this.before;
    const last = this.lookAtSeals();
    if (last !== null) {
      if (!this.told) {
        this.told = true; // so that the page knows that we can hear
        this.world.tell(this.heard);
      }
      if (last <= this.heard) {
        return last;
      }
      if (date >= since) {
        return last > known ? last : 0;
      }
    }
    try {
      const { wish } = this.world.ask({ heard: this.heard, since }, PATIENCE) as Partial<Answer>;
      return typeof wish === 'number' ? wish : 0;
    } catch (error) {
      if (last === null) {
        throw error;
      }
      this.served = false;
      this.before = { date: this.world.date(), known: last };
      return 0;
    }
  }

  /** The number of the last wish of any time; null if the seals do not tell. */
  private lookAtSeals(): number | null {
    const date = this.world.date();
    // A seal may be seen as whole for a moment after the ear has heard of its wish.
    const told = this.world.shared.last() ?? 0;
    const last = this.world.sealed.last(Math.max(this.heard, this.before.known, told));
    if (last !== null && last <= this.heard) {
      this.before = { date, known: last };
    }
    return last;
  }
}
