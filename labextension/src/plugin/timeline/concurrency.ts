/** How much ran at once, and the totals of a part of the time. */
import { KIND, NOTEBOOK, type Recording, type Span, STATE } from './data';

/**
 * How many tasks ran at once on average in each of many parts of a span.
 *
 * Takes as long for a long bar as for a short one, so that it is quick for many of both.
 */
export function runningOver(recording: Recording, span: Span, parts: number): Float64Array {
  const sums = new Sums(span, parts);
  for (const track of recording.tracks.values()) {
    const { begin, end, what, size } = track;
    for (let place = track.from(span.from); place < size; place++) {
      if ((begin[place] as number) > span.to) {
        break;
      }
      if ((what[place] as number) >> 2 === KIND.item) {
        sums.add(begin[place] as number, end[place] as number);
      }
    }
  }
  for (const bar of recording.running) {
    if (bar.kind === KIND.item) {
      sums.add(bar.begin, bar.end);
    }
  }
  return sums.averages();
}

/** How many workers were there on average in each of many parts of a span. */
export function workersOver(recording: Recording, span: Span, parts: number): Float64Array {
  const sums = new Sums(span, parts);
  for (const { ready, ended } of recording.lives.values()) {
    sums.add(ready, ended ?? recording.now);
  }
  return sums.averages();
}

/** What ran in a part of the time. */
export interface Totals {
  readonly seconds: number;
  /** Items of which some part is in it. */
  readonly items: number;
  readonly failed: number;
  readonly cancelled: number;
  /** Seconds that tasks ran in it, of all workers together. */
  readonly busy: number;
  /** Seconds that workers were there. */
  readonly there: number;
  /** How many workers did something. */
  readonly workers: number;
  /** By function, what took most of the time first. */
  readonly functions: readonly { label: string; items: number; seconds: number }[];
}

/** The totals of a part of the time. */
export function totalsOf(recording: Recording, span: Span): Totals {
  const functions = recording.works.map(() => ({ items: 0, seconds: 0 }));
  let [items, failed, cancelled, busy, workers] = [0, 0, 0, 0, 0];
  const overlap = (begin: number, end: number): number =>
    Math.max(0, Math.min(end, span.to) - Math.max(begin, span.from));
  const count = (work: number, begin: number, end: number): void => {
    const seconds = overlap(begin, end);
    const each = functions[work];
    items++;
    busy += seconds;
    if (each !== undefined) {
      each.items++;
      each.seconds += seconds;
    }
  };
  for (const worker of recording.workers) {
    const before = items;
    const track = recording.tracks.get(worker);
    for (let place = track?.from(span.from) ?? 0; track && place < track.size; place++) {
      const begin = track.begin[place] as number;
      if (begin > span.to) {
        break;
      }
      const what = track.what[place] as number;
      if (what >> 2 === KIND.item) {
        count((track.work[place] as number) - 1, begin, track.end[place] as number);
        failed += (what & 3) === STATE.failed ? 1 : 0;
        cancelled += (what & 3) === STATE.cancelled ? 1 : 0;
      }
    }
    for (const bar of recording.running) {
      if (bar.worker === worker && bar.kind === KIND.item && bar.begin <= span.to) {
        if (bar.end >= span.from) {
          count(bar.work === null ? -1 : recording.works.indexOf(bar.work), bar.begin, bar.end);
        }
      }
    }
    workers += items > before ? 1 : 0;
  }
  let there = 0;
  for (const { ready, ended } of recording.lives.values()) {
    there += overlap(ready, ended ?? recording.now);
  }
  there += workers > 0 && recording.tracks.has(NOTEBOOK) ? overlap(span.from, span.to) : 0;
  return {
    seconds: span.to - span.from,
    items,
    failed,
    cancelled,
    busy,
    there,
    workers,
    functions: byLabel(recording, functions)
  };
}

/** Functions of several jobs together. */
function byLabel(
  recording: Recording,
  works: readonly { items: number; seconds: number }[]
): { label: string; items: number; seconds: number }[] {
  const labels = recording.labels.map(label => ({ label, items: 0, seconds: 0 }));
  works.forEach(({ items, seconds }, work) => {
    const each = labels[recording.labels.indexOf(recording.works[work]?.label ?? '')];
    if (each !== undefined) {
      each.items += items;
      each.seconds += seconds;
    }
  });
  return labels.filter(({ items }) => items > 0).sort((one, other) => other.seconds - one.seconds);
}

/** Sums of time in the parts of a span. */
class Sums {
  private readonly partly: Float64Array;
  /** How many bars cover a part from its begin to its end, as differences to the part before. */
  private readonly wholly: Int32Array;
  private readonly part: number;

  constructor(
    private readonly span: Span,
    private readonly parts: number
  ) {
    this.partly = new Float64Array(parts);
    this.wholly = new Int32Array(parts + 1);
    this.part = (span.to - span.from) / parts;
  }

  add(begin: number, end: number): void {
    const { span, part, parts, partly, wholly } = this;
    const from = Math.max(begin, span.from) - span.from;
    const to = Math.min(end, span.to) - span.from;
    if (to <= from) {
      return;
    }
    const first = Math.min(parts - 1, Math.floor(from / part));
    const last = Math.min(parts - 1, Math.floor(to / part));
    if (first === last) {
      partly[first] = (partly[first] as number) + to - from;
      return;
    }
    partly[first] = (partly[first] as number) + (first + 1) * part - from;
    partly[last] = (partly[last] as number) + to - last * part;
    wholly[first + 1] = (wholly[first + 1] as number) + 1;
    wholly[last] = (wholly[last] as number) - 1;
  }

  averages(): Float64Array {
    let covering = 0;
    return this.partly.map((seconds, place) => {
      covering += this.wholly[place] as number;
      return covering + seconds / this.part;
    });
  }
}
