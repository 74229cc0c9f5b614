/** The promises of `PyodidePool.run`, which a page calls. */
import { RemoteError } from '../errors';
import type { AnswerFrame } from '../protocol';
import { evalJob } from './job';
import type { Job } from './job';

/** A run that has begun. */
export interface Run {
  /** The job that a worker is to be given. */
  job: Job;
  /** The value of its source. Settles when the run is answered, or fails. */
  value: Promise<unknown>;
}

interface Waiter {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** The runs that have not been answered yet, each by the number of its job. */
export class Runs {
  private readonly waiters = new Map<number, Waiter>();
  /** Numbers below zero: the owner's batches have the others. */
  private nextNumber = -1;

  /** Begin a run of Python source. */
  begin(code: string): Run {
    const job = evalJob(this.nextNumber--, code);
    const value = new Promise((resolve, reject) => {
      this.waiters.set(job.batch, { resolve, reject });
    });
    return { job, value };
  }

  /** Settle the run that a worker has answered. False where the answer belongs to no run. */
  settle(frame: AnswerFrame): boolean {
    if (frame.kind === 'result') {
      return false;
    }
    const waiter = this.take(frame.batch);
    if (frame.kind === 'value') {
      waiter?.resolve(frame.value);
    } else {
      waiter?.reject(new RemoteError(frame.type, frame.message, frame.traceback));
    }
    return waiter !== undefined;
  }

  /** Reject a run, if the number is that of a run. */
  fail(batch: number, error: Error): void {
    this.take(batch)?.reject(error);
  }

  /** Reject all runs. */
  failAll(error: Error): void {
    const waiters = [...this.waiters.values()];
    this.waiters.clear();
    for (const waiter of waiters) {
      waiter.reject(error);
    }
  }

  private take(batch: number): Waiter | undefined {
    const waiter = this.waiters.get(batch);
    this.waiters.delete(batch);
    return waiter;
  }
}
