/** The answers to one frame of calls, which a worker posts as they come. */
import { errorText } from '../errors';
import type { Raised, ValuesFrame } from '../protocol';

/** Milliseconds after which answers that are there are posted, while the next call has its turn. */
const SOON = 2;

/** Milliseconds after which a call is a long one: others do not wait behind it. */
const LONG = 10;

export class Answers {
  /** How many calls are answered. */
  answered = 0;
  private values: unknown[] = [];
  private failed: number[] = [];
  private over = false;
  /** When answers were last posted, and when the last call was answered. */
  private posted = performance.now();
  private last = this.posted;

  /**
   * @param batch the number of the frame
   * @param count how many calls the worker is to make: some may be given back later
   * @param post posts the host a frame
   */
  constructor(
    private readonly batch: number,
    private count: number,
    private readonly post: (frame: ValuesFrame) => void
  ) {}

  /** Whether other calls of the frame wait behind the one that has its turn. */
  get hasOthers(): boolean {
    return this.answered + 1 < this.count;
  }

  /** The value of the call that has its turn. True where the next one may begin. */
  add(value: unknown): boolean {
    if (this.over) {
      return false;
    }
    this.values.push(value);
    this.answered += 1;
    this.last = performance.now();
    if (this.answered === this.count || this.last - this.posted > SOON) {
      this.flush();
    }
    return this.answered < this.count;
  }

  /** The call that has its turn has failed. True where the next one may begin. */
  fail(raised: Raised): boolean {
    if (this.over) {
      return false;
    }
    this.failed.push(this.values.length);
    return this.add(raised);
  }

  /**
   * Give back what waits, if the call that has its turn takes long: the host can give it to a worker that
   * is idle. True where nothing waits.
   */
  look(): boolean {
    if (!this.over && this.hasOthers && performance.now() - this.last > LONG) {
      this.count = this.answered + 1;
      this.flush();
    }
    return !this.hasOthers;
  }

  /** Post the answers that are there, and no more: the worker ends. Whatever is behind must not begin. */
  end(): void {
    this.flush();
    this.over = true;
  }

  /** Post the answers that are there. */
  private flush(): void {
    const { batch, values, failed } = this;
    const took = values.length > 0 ? this.last - this.posted : 0;
    this.values = [];
    this.failed = [];
    this.posted = this.last;
    const kept = this.count - this.answered;
    const frame = { kind: 'values', batch, kept, took } as const;
    try {
      this.post({ ...frame, values, failed: failed.length > 0 ? failed : null });
    } catch {
      this.post({ ...frame, ...sendable(values, failed) });
    }
  }
}

/** Values of which those that cannot be posted have failed. */
function sendable(values: unknown[], failed: number[]): Pick<ValuesFrame, 'values' | 'failed'> {
  const places = new Set(failed);
  const posted = values.map((value, place) => {
    try {
      return structuredClone(value);
    } catch (error) {
      places.add(place);
      const message = errorText(error);
      return { type: 'Error', message, traceback: message } satisfies Raised;
    }
  });
  return { values: posted, failed: [...places] };
}
