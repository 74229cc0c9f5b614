/** Reads what a kernel answers when it is asked for bars (`notebook/bars.py`). */
import { type Bar, KIND, type Kind, Recording, STATE } from './data';

/** Columns of numbers that belong together. */
type Columns = Record<string, readonly number[]>;

interface Answer {
  log: string;
  now: number;
  next: number;
  more: boolean;
  forgotten: number;
  works: readonly (readonly [number, string])[];
  stretches: Columns;
  items: readonly number[];
  micros: readonly number[];
  running: Columns;
  workers: readonly (readonly [number, number, number | null])[];
}

const STRETCH = ['worker', 'end', 'work', 'kind', 'state', 'count', 'first'] as const;
const NOW = ['worker', 'begin', 'work', 'kind', 'item'] as const;

/** A recording that grows by the answers of one kernel. */
export class Reader {
  recording = new Recording();
  /** What to ask for next. */
  since = 0;
  private log = '';

  /**
   * Add an answer.
   *
   * @returns whether there is more already
   * @throws TypeError if it is no such answer
   */
  read(said: unknown): boolean {
    const answer = answerOf(said);
    if (answer.log !== this.log && this.since > 0) {
      // Another pool, or the same one after a restart: what was asked for means nothing there.
      this.since = 0;
      return true;
    }
    const { recording } = this.begin(answer);
    const works = answer.works.map(([job, label]) => recording.workOf(job, label));
    addStretches(recording, answer, works);
    recording.follow(answer.now, runningOf(recording, answer, works), answer.forgotten);
    recording.lives.clear();
    for (const [worker, ready, ended] of answer.workers) {
      recording.lives.set(worker, { ready, ended });
    }
    this.since = answer.next;
    return answer.more;
  }

  /** Another log begins anew. */
  private begin({ log }: Answer): this {
    if (log !== this.log) {
      this.log = log;
      this.recording = new Recording();
    }
    return this;
  }
}

function addStretches(recording: Recording, answer: Answer, works: readonly number[]): void {
  const { stretches, items, micros } = answer;
  const [workers, ends, work, kinds, states, counts, firsts] = STRETCH.map(
    name => stretches[name] as readonly number[]
  ) as [
    readonly number[],
    readonly number[],
    readonly number[],
    readonly number[],
    readonly number[],
    readonly number[],
    readonly number[]
  ];
  let [took, item] = [0, 0];
  for (let row = 0; row < workers.length; row++) {
    const count = counts[row] as number;
    const first = firsts[row] as number;
    const track = recording.track(workers[row] as number);
    const place = works[work[row] as number] ?? 0;
    let seconds = 0;
    for (let i = 0; i < count; i++) {
      seconds += (micros[took + i] as number) / 1e6;
    }
    let begin = Math.max(0, (ends[row] as number) - seconds);
    for (let i = 0; i < count; i++) {
      const end = begin + (micros[took + i] as number) / 1e6;
      const number = first < 0 ? (items[item++] as number) : first + i;
      track.add(begin, end, kinds[row] as number, states[row] as number, place, number);
      begin = end;
    }
    took += count;
  }
}

function runningOf(recording: Recording, answer: Answer, works: readonly number[]): Bar[] {
  const { running, now } = answer;
  const column = (name: (typeof NOW)[number]): readonly number[] => running[name] ?? [];
  return column('worker').map((worker, row) => ({
    worker,
    begin: column('begin')[row] ?? now,
    end: now,
    kind: (column('kind')[row] ?? KIND.item) as Kind,
    state: STATE.running,
    work: recording.works[(works[column('work')[row] ?? -1] ?? 0) - 1] ?? null,
    item: column('item')[row] ?? 0
  }));
}

/** What was said, if it has the form of an answer: a kernel may have a wheel of another version. */
function answerOf(said: unknown): Answer {
  const answer = (typeof said === 'object' && said !== null ? said : {}) as Partial<Answer>;
  const { stretches, running, items, micros, works, workers } = answer;
  const numbers = [answer.now, answer.next, answer.forgotten];
  const valid =
    typeof answer.log === 'string' &&
    numbers.every(each => typeof each === 'number') &&
    areColumns(stretches, STRETCH) &&
    areColumns(running, NOW) &&
    [items, micros, works, workers].every(each => Array.isArray(each));
  if (!valid) {
    throw new TypeError('the kernel gave no bars of a timeline');
  }
  return answer as Answer;
}

/** Whether there are columns of these names, all of the same length. */
function areColumns(said: unknown, names: readonly string[]): boolean {
  if (typeof said !== 'object' || said === null) {
    return false;
  }
  const columns = names.map(name => (said as Record<string, unknown>)[name]);
  const [first] = columns;
  return (
    Array.isArray(first) &&
    columns.every(each => Array.isArray(each) && each.length === first.length)
  );
}
