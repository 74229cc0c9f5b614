/** The jobs that one worker has not finished, and the objects that it holds. */
import type {
  AnswerFrame,
  BeginFrame,
  Encoded,
  HostFrame,
  TakenFrame,
  TaskFrame
} from '../protocol';
import type { WorkerEnd } from './events';
import type { Job } from './job';

/** The jobs of a worker that has ended, by how far the worker had come. */
export interface Unfinished {
  /** The worker had begun these. */
  begun: Job[];
  /** The worker may have begun these. */
  behind: Job[];
  /** The worker never turned to these. */
  untaken: Job[];
}

/** Before these ends, the host has heard everything that the worker had said. */
const OWN_ENDS: readonly WorkerEnd['reason'][] = ['exited', 'fatal', 'silent', 'recycled'];

/** How many jobs inboxes were given that any worker could have run: only their order matters. */
let given = 0;

export class Inbox {
  /** Whether the worker may be given jobs: its pool's owner has heard that it is ready. */
  isOpen = false;
  /** How many jobs the worker has finished. */
  turns = 0;
  /** How many batches and calls it has finished. */
  finished = 0;
  /** How many jobs it was given that any worker could have run. */
  served = 0;
  /** The place of the last such job among those of all workers. */
  lastServed = 0;
  /** The job that the worker runs, then those that wait at the worker. */
  private readonly jobs: Job[] = [];
  /** Whether the worker has turned to the first job; null where that is not known. */
  private taken: boolean | null = false;
  /** Keys of the objects that the worker holds. */
  private readonly held = new Set<string>();

  constructor(private readonly post: (frame: HostFrame, transfer?: Transferable[]) => void) {}

  /** Let the worker be given jobs. */
  open(): void {
    this.isOpen = true;
  }

  /** Give the worker no more jobs until it is opened again. */
  shut(): void {
    this.isOpen = false;
  }

  get length(): number {
    return this.jobs.length;
  }

  /** The frame that the worker works on; null where it has none. */
  get current(): TaskFrame | null {
    return this.jobs[0]?.frame ?? null;
  }

  /** Seconds that the current job may take; undefined for as long as it likes. */
  get timeLimit(): number | undefined {
    return this.jobs[0]?.timeLimit;
  }

  /** The job that was given last; undefined where there is none. */
  get last(): Job | undefined {
    return this.jobs.at(-1);
  }

  /** Whether the worker has a job that it has not finished. */
  has(batch: number): boolean {
    return this.jobs.some(job => job.batch === batch);
  }

  /** The batches of a lane that the worker has not finished. */
  ofLane(lane: number): number[] {
    return this.jobs.filter(job => job.lane === lane).map(({ batch }) => batch);
  }

  /** Whether a batch that the worker has not finished may run on no other worker. */
  isAimed(batch: number): boolean {
    return this.jobs.some(job => job.batch === batch && job.target !== undefined);
  }

  /** Put a job in. The worker does not have it before `send`. */
  add(job: Job): void {
    if (job.target === undefined) {
      this.served += 1;
      this.lastServed = ++given;
    }
    const { frame } = job;
    if (this.jobs.length === 0) {
      frame.acknowledge = frame.kind === 'run' || !job.brief;
      this.taken = frame.acknowledge ? false : null;
    } else {
      frame.acknowledge = false;
    }
    this.jobs.push(job);
  }

  /**
   * Send the worker the job that was added last, after the objects that the job needs.
   *
   * Throws where the browser cannot copy something, because it is too large, for example. The job
   * is then taken out.
   */
  send(job: Job, objects: ReadonlyMap<string, Encoded>): void {
    try {
      for (const key of job.needs) {
        const object = objects.get(key);
        if (object && !this.held.has(key)) {
          this.post({ kind: 'put', key, ...object });
          this.held.add(key);
        }
      }
      this.post(job.frame, job.transfer);
    } catch (error) {
      this.jobs.pop();
      throw error;
    }
  }

  /** Let the worker forget an object, if it holds it. */
  drop(key: string): void {
    if (this.held.delete(key)) {
      this.post({ kind: 'drop', key });
    }
  }

  /** Let the worker start no more tasks of a batch, if it has that batch. */
  cancel(batch: number): void {
    if (this.has(batch)) {
      this.post({ kind: 'cancel', batch });
    }
  }

  /** Take note of a frame about the first job. Returns the fault of a wrong frame; null for others. */
  hear(frame: TakenFrame | BeginFrame | AnswerFrame): string | null {
    const { current } = this;
    if (frame.batch !== current?.batch) {
      return `it answered for batch ${frame.batch}, which it was not given`;
    }
    this.taken = true;
    const isOfEither = frame.kind === 'taken' || frame.kind === 'error';
    if (!isOfEither && (frame.kind === 'values') !== (current.kind === 'calls')) {
      return `it answered a frame of the kind ${current.kind} with one of the kind ${frame.kind}`;
    }
    return null;
  }

  /** The worker has answered this many calls of the first job. */
  count(calls: number): void {
    this.finished += calls;
  }

  /** Take out the first job. The worker turns to the next one by itself, and does not say so. */
  finish(): void {
    const job = this.jobs.shift();
    this.turns += 1;
    this.finished += job?.frame.kind === 'run' ? 1 : 0;
    this.taken = this.jobs.length > 0 ? null : false;
  }

  /** The worker says, as its last word, which batch it had turned to. */
  hearLast(batch: number | null): void {
    this.taken ||= batch !== null && batch === this.current?.batch;
  }

  /** The jobs that are left when the worker has ended. */
  unfinished({ reason }: WorkerEnd): Unfinished {
    const [first, rest] = [this.jobs.slice(0, 1), this.jobs.slice(1)];
    if (!OWN_ENDS.includes(reason)) {
      // It was stopped: it may have said more, which was still on its way.
      return { begun: first, behind: rest, untaken: [] };
    }
    if (this.taken === null) {
      return { begun: [], behind: first, untaken: rest };
    }
    return this.taken
      ? { begun: first, behind: [], untaken: rest }
      : { begun: [], behind: [], untaken: this.jobs };
  }
}
