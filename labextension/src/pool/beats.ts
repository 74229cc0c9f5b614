/** Time limits, and times, that count only the time in which a host is awake. */

/** A limit is so many beats; what comes late by a beat or more is not counted. */
const BEATS = 20;

/** Milliseconds of the longest beat: a limit of hours need not beat more often. */
const LONGEST = 5_000;

/** Milliseconds that are nothing: so few that a timer may end at the instant at which it began. */
const NOTHING = 1e-3;

/**
 * Call `action` after some milliseconds of the host's waking time; returns what calls it off.
 *
 * A tab that was frozen and a laptop that slept have run nothing meanwhile, workers included. A
 * clock would say that they are all overdue. So a limit is a chain of short timers, and a pause,
 * however long, costs at most one of them.
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
      // A timer is a little late by itself; only what is more than that is a pause.
      const passed = performance.now() - asked;
      left -= passed < 2 * step ? passed : step;
      next();
    }, step);
  };
  next();
  return () => clearTimeout(timer);
}

/** Milliseconds between two looks at a clock: what passes unseen beyond them is not counted. */
const LOOK = 250;

/** How long something takes, without the time in which the host was frozen, asleep or busy. */
export class Stopwatch {
  private counted = 0;
  private looked = performance.now();
  private readonly timer = setInterval(() => this.look(), LOOK);

  /** Milliseconds of the host's waking time since it was made, or until it was stopped. */
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
