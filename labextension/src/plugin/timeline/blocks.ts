/** What is drawn of the bars of one worker: bars that are too narrow to be seen are drawn as one. */
import { KIND, STATE, type Kind, type Span, type Recording, type State, type Track } from './data';

/** One bar, or many that are drawn as one. */
export interface Block {
  begin: number;
  end: number;
  /** Of many bars: the kind, state and label of what took most of the time. */
  kind: Kind;
  state: State;
  /** The place of the label; -1 for none. */
  label: number;
  count: number;
  /** The share of its time in which something ran. */
  busy: number;
  failed: number;
  cancelled: number;
  /** The places of the first and of the last bar in the track. */
  first: number;
  last: number;
}

/** A bar that is narrower than this many pixels is drawn together with its neighbours. */
const NARROW = 2;

/**
 * The blocks of a track.
 *
 * @param unit seconds of one pixel: there are not many more blocks than pixels, however many bars
 */
export function blocksOf(recording: Recording, track: Track, span: Span, unit: number): Block[] {
  const { begin, end, what, size } = track;
  const labels = labelPlaces(recording);
  const narrow = NARROW * unit;
  const blocks: Block[] = [];
  const joined = new Joined(span.from, unit);
  for (let place = track.from(span.from); place < size; place++) {
    const from = begin[place] as number;
    if (from > span.to) {
      break;
    }
    const to = end[place] as number;
    const kind = (what[place] as number) >> 2;
    const state = (what[place] as number) & 3;
    const label = labels[track.work[place] as number] as number;
    if (to - from < narrow) {
      if (!joined.takes(from)) {
        joined.flush(blocks);
      }
      joined.add(place, from, to, kind, state, label);
    } else {
      joined.flush(blocks);
      const failed = state === STATE.failed ? 1 : 0;
      const cancelled = state === STATE.cancelled ? 1 : 0;
      blocks.push({
        begin: from,
        end: to,
        kind: kind as Kind,
        state: state as State,
        label,
        count: 1,
        busy: 1,
        failed,
        cancelled,
        first: place,
        last: place
      });
    }
  }
  joined.flush(blocks);
  return blocks;
}

/** The place of the label of each work; -1 where there is none. */
export function labelPlaces(recording: Recording): Int32Array {
  const places = new Int32Array(recording.works.length + 1).fill(-1);
  recording.works.forEach(({ label }, work) => {
    places[work + 1] = recording.labels.indexOf(label);
  });
  return places;
}

/** Narrow bars that begin in the same pixel. */
class Joined {
  private cell = -1;
  private count = 0;
  private begin = 0;
  private end = 0;
  private busy = 0;
  private failed = 0;
  private cancelled = 0;
  private first = 0;
  private last = 0;
  /** What has taken most of the time, and how much. */
  private most = 0;
  private kind: number = KIND.item;
  private label = -1;

  constructor(
    private readonly from: number,
    private readonly unit: number
  ) {}

  /** Whether a bar that begins at a time is drawn together with those that are here. */
  takes(begin: number): boolean {
    return this.count === 0 || this.cellOf(begin) === this.cell;
  }

  add(place: number, begin: number, end: number, kind: number, state: number, label: number): void {
    if (this.count === 0) {
      this.cell = this.cellOf(begin);
      this.begin = begin;
      this.end = end;
      this.first = place;
      this.most = -1;
      this.busy = this.failed = this.cancelled = 0;
    }
    this.count++;
    this.last = place;
    this.end = Math.max(this.end, end);
    this.busy += end - begin;
    this.failed += state === STATE.failed ? 1 : 0;
    this.cancelled += state === STATE.cancelled ? 1 : 0;
    if (end - begin > this.most) {
      this.most = end - begin;
      this.kind = kind;
      this.label = label;
    }
  }

  flush(blocks: Block[]): void {
    if (this.count === 0) {
      return;
    }
    const { begin, end, label, count, failed, cancelled, first, last } = this;
    const room = Math.max(end - begin, this.unit);
    const busy = Math.min(1, this.busy / room);
    const state =
      failed === count ? STATE.failed : cancelled === count ? STATE.cancelled : STATE.done;
    const kind = this.kind as Kind;
    blocks.push({ begin, end, kind, state, label, count, busy, failed, cancelled, first, last });
    this.count = 0;
  }

  private cellOf(begin: number): number {
    return Math.floor((begin - this.from) / this.unit);
  }
}
