/** How many steps Python makes between two looks for signals. */

/** Steps, at least and at most. */
const FEWEST = 1;
const MOST = 200;

/** Milliseconds that should lie between two looks, where `MOST` allows it. */
const GOAL = 5;

/** How many times as many steps follow a look that came soon. */
const GROWTH = 8;

/**
 * Finds out how fast Python's steps are, so that looks cost next to nothing and still come in time.
 *
 * A step is a turn of a loop or a call. Python looks every 50 steps by itself: that is too often
 * where a step takes a tenth of a microsecond, and too seldom where it takes a second, as the turn of
 * a loop over large arrays. There are never more than `MOST`, since what runs next may be slow.
 */
export class Pace {
  private steps = FEWEST;
  private last: number | null = null;

  /** The next look is the first one at code that has not been looked at. */
  reset(): number {
    this.last = null;
    this.steps = FEWEST;
    return this.steps;
  }

  /** Python looks now, at a time in milliseconds; how many steps it is to make until it looks again. */
  next(now: number): number {
    const { last } = this;
    this.last = now;
    if (last !== null) {
      const factor = Math.min(GROWTH, GOAL / Math.max(now - last, GOAL / GROWTH));
      this.steps = Math.min(MOST, Math.max(FEWEST, Math.round(this.steps * factor)));
    }
    return this.steps;
  }
}
