/** How long calls take, by what they call. */

/** Milliseconds of a call that is brief, at most. */
const BRIEF = 0.5;

/** Kinds that are remembered. A page may run another source in each call. */
const MOST = 256;

/** The longest kind that is remembered. */
const LONGEST = 1_000;

export class Paces {
  /** Milliseconds that the calls of one frame should take together, at most. */
  static readonly together = 4;

  private readonly known = new Map<string, number>();

  /** Milliseconds that a call of a kind takes; undefined where nothing is known of it. */
  of(kind: string): number | undefined {
    return this.known.get(kind);
  }

  isBrief(kind: string): boolean {
    return (this.known.get(kind) ?? Infinity) <= BRIEF;
  }

  /** A call of a kind has taken this many milliseconds. */
  note(kind: string, took: number): void {
    const before = this.known.get(kind);
    if (before !== undefined) {
      this.known.set(kind, (before + took) / 2);
    } else if (kind.length <= LONGEST && took <= BRIEF) {
      this.forgetOldest();
      this.known.set(kind, took);
    }
  }

  private forgetOldest(): void {
    const [oldest] = this.known.keys();
    if (oldest !== undefined && this.known.size >= MOST) {
      this.known.delete(oldest);
    }
  }
}
