/** Gives the jobs that wait to the workers of a crew. */
import type { Encoded } from '../protocol';
import type { Calls } from './calls';
import type { Crew } from './crew';
import type { WorkerHandle } from './handle';
import { IdleTimer } from './idleTimer';
import type { Job } from './job';
import { JobQueue } from './queue';

/** At most this many brief jobs are at one worker, including the one that it runs. */
const MOST_AT_ONE = 8;

export interface DispatchEvents {
  /** A job is about to be sent to a worker. */
  dispatched(handle: WorkerHandle, job: Job): void;
  /** The browser could not send a job. */
  refused(handle: WorkerHandle, job: Job, error: unknown): void;
}

export class Dispatch {
  private readonly queue = new JobQueue<Job>();
  /** The objects that jobs name by their keys. */
  private readonly objects = new Map<string, Encoded>();
  private readonly idleTimer: IdleTimer;
  private paused = false;
  private held = false;

  /** @param idleTimeout milliseconds after which idle workers are let go; null to keep them */
  constructor(
    private readonly crew: Crew,
    private readonly calls: Calls,
    idleTimeout: number | null,
    private readonly events: DispatchEvents
  ) {
    this.idleTimer = new IdleTimer(
      idleTimeout,
      () => this.isIdle,
      () => crew.rest()
    );
  }

  /** How many jobs wait for a worker. */
  get waiting(): number {
    return this.queue.length + this.calls.waiting;
  }

  /** Keep an object. A worker is sent it when it first needs it. */
  put(key: string, object: Encoded): void {
    this.objects.set(key, object);
  }

  /** Forget an object here and at every worker. */
  drop(key: string): void {
    this.objects.delete(key);
    for (const handle of this.crew) {
      handle.inbox.drop(key);
    }
  }

  /** Queue a job. */
  add(job: Job): void {
    this.queue.push(job);
    this.crew.wake();
    this.run();
  }

  /** More calls of a page wait. */
  begin(): void {
    this.crew.wake();
    this.run();
  }

  /** Take a job back. False where it no longer waits: its worker then starts no more tasks of it. */
  cancel(batch: number): boolean {
    if (this.queue.remove(batch)) {
      return true;
    }
    for (const handle of this.crew) {
      handle.inbox.cancel(batch);
    }
    return false;
  }

  /** Take out the jobs of a lane that wait. */
  clearLane(lane: number): Job[] {
    return this.queue.clearLane(lane);
  }

  /** Forget the jobs whose target has ended. */
  forget(worker: number): void {
    this.queue.forget(worker);
  }

  /** Have workers, even if no job waits. */
  wake(): void {
    this.crew.wake();
    this.restartIdleTimer();
  }

  /** Let idle workers go only after a whole timeout from now. */
  restartIdleTimer(): void {
    this.idleTimer.restart();
  }

  /** Give the jobs that wait to workers, first come, first served. */
  run(): void {
    if (this.paused || this.held) {
      return;
    }
    this.crew.release();
    if (this.queue.length > 0) {
      this.giveToFree();
      this.giveBrief();
    }
    if (this.calls.waiting > 0) {
      this.giveCalls();
    }
    this.restartIdleTimer();
  }

  /** Give no jobs to workers while `action` runs. */
  pauseFor(action: () => void): void {
    this.paused = true;
    action();
    this.paused = false;
  }

  /** Give no jobs to workers from now on, or give them again. */
  hold(held: boolean): void {
    this.held = held;
    this.run();
  }

  /** Forget all jobs and objects. */
  close(): void {
    this.queue.clear();
    this.objects.clear();
    this.idleTimer.stop();
  }

  /** A worker that starts is not idle. */
  private get isIdle(): boolean {
    const workers = [...this.crew];
    return this.waiting === 0 && workers.every(handle => handle.ready && !handle.busy);
  }

  private giveToFree(): void {
    const free = [...this.crew].filter(handle => handle.free);
    // The worker that was busy last is the warmest: it has imported the modules that tasks import.
    free.sort((a, b) => b.inbox.lastServed - a.inbox.lastServed);
    for (const handle of free) {
      const job = this.queue.next(handle.id, waiting => this.mayRun(waiting));
      if (job) {
        this.give(handle, job);
      }
    }
  }

  /** Give the calls of a page that wait to free workers, the warmest first. */
  private giveCalls(): void {
    for (;;) {
      const handle = this.warmest();
      const job = handle && this.calls.job(this.crew.size);
      if (!handle || !job) {
        return;
      }
      this.give(handle, job);
    }
  }

  /** The free worker that was busy last; null where none is free. */
  private warmest(): WorkerHandle | null {
    let warmest: WorkerHandle | null = null;
    for (const handle of this.crew) {
      if (handle.free && handle.inbox.lastServed > (warmest?.inbox.lastServed ?? -1)) {
        warmest = handle;
      }
    }
    return warmest;
  }

  /** Let brief jobs wait at busy workers: to fetch them one by one would take longer than to run them. */
  private giveBrief(): void {
    for (let depth = 1; depth < MOST_AT_ONE && this.queue.length > 0; depth++) {
      for (const handle of this.crew) {
        const { length, last, isOpen } = handle.inbox;
        const takesMore = length === depth && last?.brief && isOpen && handle.worn === null;
        const lane = takesMore ? last.lane : undefined;
        const job = lane === undefined ? lane : this.queue.nextBrief(lane, handle.id);
        if (job) {
          this.give(handle, job);
        }
      }
    }
  }

  private mayRun({ lane, maxWorkers = Infinity }: Job): boolean {
    return (
      maxWorkers >= this.crew.size ||
      [...this.crew].filter(({ inbox }) => inbox.last?.lane === lane).length < maxWorkers
    );
  }

  private give(handle: WorkerHandle, job: Job): void {
    handle.inbox.add(job);
    // Told now: the transfer empties the frame's buffers, and the first result may come at once.
    this.events.dispatched(handle, job);
    try {
      handle.inbox.send(job, this.objects);
    } catch (error) {
      this.events.refused(handle, job, error);
    }
  }
}
