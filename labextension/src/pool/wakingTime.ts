/** Time limits and stopwatches that count only the time in which a host is awake. */

/** A limit has this many beats. A delay of a beat or more is not counted. */
const BEATS = 20;

/** The most milliseconds of a beat. */
const LONGEST = 5_000;

/** Less time than this counts as none: a timer may end at the instant at which it began. */
const NOTHING = 1e-3;

/**
 * Call `action` after some milliseconds of the host's waking time. Returns a function that cancels it.
 *
 * While a tab is frozen or a laptop sleeps, nothing runs, not even workers; by the clock, all of them
 * would be overdue. So a limit is a chain of short timers, and a pause costs at most one of them.
 */
export function afterBeats(milliseconds: number, action: () => void): () => void {
  const beat = Math.min(milliseconds / BEATS, LONGEST);
  let left = milliseconds;
  let timer: ReturnType<typeof setTimeout>;
  const next = (): void => {
    if (left <= NOTHING) {
      action();
      return;
    }
    const step = Math.min(beat, left);
    const asked = performance.now();
    timer = setTimeout(() => {
      // A timer is always a little late. A longer delay is a pause.
      const passed = performance.now() - asked;
      left -= passed < 2 * step ? passed : step;
      next();
    }, step);
  };
  next();
  return () => clearTimeout(timer);
}

/** Milliseconds between two looks at the clock. A longer gap between them is not counted. */
const LOOK = 250;

/** Measures a time, without the time in which the host was frozen, asleep or busy. */
export class Stopwatch {
  private counted = 0;
  private looked = performance.now();
  private readonly timer = setInterval(() => this.look(), LOOK);

  /** Milliseconds of the host's waking time since the stopwatch was made. */
  get elapsed(): number {
    this.look();
    return this.counted;
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private look(): void {
    const now = performance.now();
    this.counted += Math.min(now - this.looked, 2 * LOOK);
    this.looked = now;
  }
}
