/** What a timeline shows: plain data, which know neither the kernel nor the page. */

/** The worker of what ran in the notebook's own Python. */
export const NOTEBOOK = -1;

/** What a worker did; the kernel knows these numbers (`jobs/work_log.py`). */
export const KIND = { item: 0, starting: 1, preparing: 2 } as const;

/** How it ended; the kernel knows these numbers, too. */
export const STATE = { running: 0, done: 1, failed: 2, cancelled: 3 } as const;

export type Kind = (typeof KIND)[keyof typeof KIND];
export type State = (typeof STATE)[keyof typeof STATE];

/** What a bar is a part of. */
export interface Work {
  /** The number of the job; 0 for a call of `submit`. */
  readonly job: number;
  /** The name of the function. */
  readonly label: string;
}

/** One item, or what a worker did before its items. Times are seconds. */
export interface Bar {
  readonly worker: number;
  readonly begin: number;
  readonly end: number;
  readonly kind: Kind;
  readonly state: State;
  /** None where no task ran. */
  readonly work: Work | null;
  readonly item: number;
}

/** From when to when a worker was ready; it lives while it has no end. */
export interface Life {
  readonly ready: number;
  readonly ended: number | null;
}

/** What the kernel keeps of one item. */
export interface Details {
  /** Whether anything is kept of its job. */
  readonly known: boolean;
  /** None where they are not kept. */
  readonly arguments: string | null;
  readonly output: string;
  /** Its error with the traceback; none if it has not failed. */
  readonly error: string | null;
  /** Whether it can run again. */
  readonly retry: boolean;
}

/** A part of the time. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** This many bars are kept in all; the oldest go first. */
export const MOST = 200_000;

/** The bars of one worker, in the order of their beginnings, as columns of numbers. */
export class Track {
  size = 0;
  begin = new Float64Array(64);
  end = new Float64Array(64);
  /** Kind and state in one number. */
  what = new Uint8Array(64);
  /** The place in the table of works, and 0 for none: the others count from 1. */
  work = new Uint32Array(64);
  item = new Uint32Array(64);

  constructor(readonly worker: number) {}

  /** Add a bar. Bars come nearly in order, so it seldom has to be put before others. */
  add(begin: number, end: number, kind: number, state: number, work: number, item: number): void {
    if (this.size === this.begin.length) {
      this.grow();
    }
    let place = this.size++;
    while (place > 0 && (this.begin[place - 1] as number) > begin) {
      this.move(place - 1, place);
      place--;
    }
    this.begin[place] = begin;
    this.end[place] = end;
    this.what[place] = kind * 4 + state;
    this.work[place] = work;
    this.item[place] = item;
  }

  /** The first bar that may reach beyond a time: bars of a worker hardly overlap. */
  from(time: number): number {
    let [low, high] = [0, this.size];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.begin[middle] as number) < time) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    while (low > 0 && (this.end[low - 1] as number) > time) {
      low--;
    }
    return low;
  }

  /** A copy that has room for a few bars more. */
  copy(): Track {
    const copy = new Track(this.worker);
    const room = this.size + 8;
    copy.size = this.size;
    copy.begin = filled(this.begin, new Float64Array(room), this.size);
    copy.end = filled(this.end, new Float64Array(room), this.size);
    copy.what = filled(this.what, new Uint8Array(room), this.size);
    copy.work = filled(this.work, new Uint32Array(room), this.size);
    copy.item = filled(this.item, new Uint32Array(room), this.size);
    return copy;
  }

  /** Forget the first bars. */
  drop(count: number): void {
    for (const column of [this.begin, this.end, this.what, this.work, this.item]) {
      column.copyWithin(0, count, this.size);
    }
    this.size -= count;
  }

  private move(from: number, to: number): void {
    for (const column of [this.begin, this.end, this.what, this.work, this.item]) {
      column[to] = column[from] as number;
    }
  }

  private grow(): void {
    const size = Math.max(64, 2 * this.size);
    this.begin = filled(this.begin, new Float64Array(size), this.size);
    this.end = filled(this.end, new Float64Array(size), this.size);
    this.what = filled(this.what, new Uint8Array(size), this.size);
    this.work = filled(this.work, new Uint32Array(size), this.size);
    this.item = filled(this.item, new Uint32Array(size), this.size);
  }
}

/** A new column with what the old one has. */
function filled<A extends Float64Array | Uint8Array | Uint32Array>(
  old: A,
  made: A,
  size: number
): A {
  made.set(old.subarray(0, size));
  return made;
}

/** All that is known of one pool's work. */
export class Recording {
  /** The bars that have ended, by worker. */
  readonly tracks = new Map<number, Track>();
  /** What the bars are parts of. */
  readonly works: Work[] = [];
  /** The names of the functions, in the order in which they came: each has a colour. */
  readonly labels: string[] = [];
  readonly lives = new Map<number, Life>();
  /** What the workers do now; these bars have no end yet, so it is now. */
  running: Bar[] = [];
  now = 0;
  /** How many bars are not known any more. */
  forgotten = 0;
  private readonly places = new Map<string, number>();

  constructor(private readonly most = MOST) {}

  /** How many bars there are. */
  get size(): number {
    let size = this.running.length;
    for (const track of this.tracks.values()) {
      size += track.size;
    }
    return size;
  }

  /** The workers that have a row, the notebook last. */
  get workers(): number[] {
    const all = new Set([...this.tracks.keys(), ...this.lives.keys()]);
    for (const bar of this.running) {
      all.add(bar.worker);
    }
    const order = (worker: number): number => (worker === NOTEBOOK ? Infinity : worker);
    return [...all].sort((one, other) => order(one) - order(other));
  }

  /** From the first bar to now. */
  get whole(): Span {
    let [from, to] = [Infinity, this.now];
    for (const { begin, end, size } of this.tracks.values()) {
      if (size > 0) {
        from = Math.min(from, begin[0] as number);
        to = Math.max(to, end[size - 1] as number);
      }
    }
    for (const { begin } of this.running) {
      from = Math.min(from, begin);
    }
    from = Number.isFinite(from) ? from : Math.max(0, to - 1);
    return { from, to: Math.max(to, from + 1e-3) };
  }

  /** The place of a work in the table, from 1 on; it is added if it is not there. */
  workOf(job: number, label: string): number {
    const key = `${job} ${label}`;
    let place = this.places.get(key);
    if (place === undefined) {
      place = this.works.push({ job, label });
      this.places.set(key, place);
      if (!this.labels.includes(label)) {
        this.labels.push(label);
      }
    }
    return place;
  }

  /** The track of a worker. */
  track(worker: number): Track {
    let track = this.tracks.get(worker);
    if (track === undefined) {
      this.tracks.set(worker, (track = new Track(worker)));
    }
    return track;
  }

  /** One bar of a track. */
  bar(track: Track, place: number): Bar {
    const what = track.what[place] as number;
    return {
      worker: track.worker,
      begin: track.begin[place] as number,
      end: track.end[place] as number,
      kind: (what >> 2) as Kind,
      state: (what & 3) as State,
      work: this.works[(track.work[place] as number) - 1] ?? null,
      item: track.item[place] as number
    };
  }

  /** The bars of a worker with what it does now. */
  all(worker: number): Track {
    const track = this.tracks.get(worker) ?? new Track(worker);
    const running = this.running.filter(bar => bar.worker === worker);
    if (running.length === 0) {
      return track;
    }
    const all = track.copy();
    for (const { begin, end, kind, state, work, item } of running) {
      const place = work === null ? 0 : this.workOf(work.job, work.label);
      all.add(begin, end, kind, state, place, item);
    }
    return all;
  }

  /**
   * Note what is now, and keep no more bars than there may be.
   *
   * @param forgotten how many bars the kernel has forgotten
   */
  follow(now: number, running: Bar[], forgotten: number): void {
    this.now = now;
    this.running = running;
    this.forgotten = Math.max(this.forgotten, forgotten);
    this.trim();
  }

  private trim(): void {
    if (this.size <= this.most) {
      return;
    }
    for (const track of this.tracks.values()) {
      const count = Math.ceil(track.size / 4);
      track.drop(count);
      this.forgotten += count;
    }
  }
}
