/** The calls of a page: `PyodidePool.run` and `PyodidePool.call`. */
import { PoolError, RemoteError, TerminatedWorkerError } from '../errors';
import type { ErrorFrame, PageCall, Raised, ValuesFrame } from '../protocol';
import type { Lost, WorkerEnd } from './events';
import type { Unfinished } from './inbox';
import { callsJob } from './job';
import type { Job } from './job';
import { Line } from './line';
import { Paces } from './paces';

/** How a function is to be called. Everything may be left out. */
export interface CallOptions {
  /** Objects in the arguments that are handed over, not copied: the page has them no more. */
  transfer?: Transferable[];
  /** The function may pause Python, by `run_sync`. Such a call takes longer to begin. */
  pauses?: boolean;
}

interface Call {
  /** A number below zero: the owner's batches have the others. */
  number: number;
  pageCall: PageCall;
  /** The function's name, or the source: calls of one kind probably take about equally long. */
  kind: string;
  transfer: Transferable[];
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** The most calls of one frame. */
const MOST = 512;

/**
 * The calls that have not been answered yet.
 *
 * Calls that are known to be brief travel together, since a message takes longer than many of them. Any
 * other call travels alone: so none waits at a worker behind a long one, while another worker is idle.
 */
export class Calls {
  private readonly line = new Line<Call>();
  /** The calls that a worker has, by the number of their frame: the first one has its turn. */
  private readonly groups = new Map<number, Line<Call>>();
  private readonly paces = new Paces();
  private next = -1;
  /** Why no call can begin any more; null while they can. */
  private closed: Error | null = null;

  /**
   * @param onMore called when a call waits
   * @param most how many calls may travel together
   */
  constructor(
    private readonly onMore: () => void,
    private readonly most: number = MOST
  ) {}

  /** How many calls wait for a worker. */
  get waiting(): number {
    return this.line.length;
  }

  /** Begin a run of Python source. */
  run(source: string): Promise<unknown> {
    return this.begin(source, source, []);
  }

  /** Begin a call of a function. What the page does with the arguments later does not change them. */
  call(name: string, args: readonly unknown[], options: CallOptions): Promise<unknown> {
    const { transfer = [] } = options;
    const pageCall = (copy: readonly unknown[]): PageCall =>
      options.pauses ? [name, copy, true] : [name, copy];
    if (transfer.length > 0) {
      return this.begin(pageCall(args), name, transfer);
    }
    // These cannot change, and to copy them takes longer than to look at them.
    if (args.every(isPlain)) {
      return this.begin(pageCall([...args]), name, []);
    }
    try {
      return this.begin(pageCall(structuredClone(args)), name, []);
    } catch (error) {
      return Promise.reject(unsendable(name, error));
    }
  }

  /**
   * The next calls for a worker, as a job; undefined where none waits.
   *
   * @param workers among how many workers the calls that wait are to be shared
   */
  job(workers: number): Job | undefined {
    const first = this.line.shift();
    if (first === undefined) {
      return undefined;
    }
    const group = new Line<Call>();
    group.push(first);
    const pageCalls = [first.pageCall];
    const brief = this.isBrief(first);
    if (brief) {
      const share = Math.ceil((this.line.length + 1) / workers);
      this.fill(group, pageCalls, Math.min(this.most, share), this.paces.of(first.kind) ?? 0);
    }
    this.groups.set(first.number, group);
    return callsJob(first.number, pageCalls, first.transfer, brief);
  }

  /** The numbers of the calls of a frame; undefined where it has none. */
  numbers(batch: number): number[] | undefined {
    const group = this.groups.get(batch);
    return group && numbersOf(group.items);
  }

  /** Settle the calls that a worker has answered. Returns the fault of a wrong frame; null for others. */
  hear({ batch, values, failed, kept, took }: ValuesFrame): string | null {
    const group = this.groups.get(batch);
    if (group === undefined || values.length + kept > group.length) {
      return `it answered more calls than it was given`;
    }
    let kind: string | null = null;
    for (let place = 0; place < values.length; place++) {
      const call = group.shift();
      if (failed?.includes(place)) {
        call?.reject(remoteError(values[place] as Raised));
      } else {
        call?.resolve(values[place]);
      }
      if (call && call.kind !== kind) {
        kind = call.kind;
        this.paces.note(kind, took / values.length);
      }
    }
    if (group.length > kept) {
      // The worker has begun none of these: they have their turn again, before those that came later.
      this.line.putBack(group.items.slice(kept));
      group.keep(kept);
    }
    if (kept === 0) {
      this.groups.delete(batch);
    }
    return null;
  }

  /** A frame could not be served. False where it has no calls of a page. */
  refuse(frame: ErrorFrame): boolean {
    const group = this.take(frame.batch);
    group?.forEach(call =>
      call.reject(
        frame.type === 'DataCloneError' ? unsendable(call.kind, frame) : remoteError(frame)
      )
    );
    return group !== undefined;
  }

  /** A worker has ended, with these jobs. Returns the numbers of all batches and calls that it had. */
  end({ begun, behind, untaken }: Unfinished, message: string, end: WorkerEnd): Lost {
    const lost: Lost = { batch: null, behind: [], untaken: [] };
    for (const { batch } of untaken) {
      const group = this.take(batch);
      lost.untaken.push(...(group ? numbersOf(group) : [batch]));
      this.again(group ?? [], message, end.reason);
    }
    for (const { batch } of [...begun, ...behind]) {
      const group = this.take(batch);
      if (group) {
        this.lose(group, message, end, lost);
      } else if (batch === begun[0]?.batch) {
        lost.batch = batch;
      } else {
        lost.behind.push(batch);
      }
    }
    return lost;
  }

  /** Reject all calls, also those to come. */
  close(error: Error): void {
    this.closed = error;
    const all = [...this.groups.values(), this.line].flatMap(line => line.clear());
    this.groups.clear();
    all.forEach(call => call.reject(error));
  }

  private begin(pageCall: PageCall, kind: string, transfer: Transferable[]): Promise<unknown> {
    if (this.closed) {
      return Promise.reject(this.closed);
    }
    return new Promise((resolve, reject) => {
      const call: Call = { number: this.next--, pageCall, kind, transfer, resolve, reject };
      this.line.push(call);
      this.onMore();
      if (transfer.length > 0 && this.line.last === call) {
        this.takeOver(call); // else it was sent
      }
    });
  }

  /** Take over what a page hands over with a call that waits, so that the page cannot change it. */
  private takeOver(call: Call): void {
    const { pageCall, transfer } = call;
    try {
      [call.pageCall, call.transfer] = structuredClone([pageCall, transfer], { transfer });
    } catch (error) {
      this.line.pop();
      call.reject(unsendable(call.kind, error));
    }
  }

  /** Whether a call may travel with others. */
  private isBrief({ kind, transfer }: Call): boolean {
    return transfer.length === 0 && this.paces.isBrief(kind);
  }

  /** Put as many of the brief calls that wait into a group as one frame should have. */
  private fill(group: Line<Call>, pageCalls: PageCall[], most: number, took: number): void {
    for (let time = took; group.length < most;) {
      const call = this.line.first;
      if (call === undefined || !this.isBrief(call)) {
        return;
      }
      time += this.paces.of(call.kind) ?? 0;
      if (time > Paces.together) {
        return;
      }
      this.line.shift();
      group.push(call);
      pageCalls.push(call.pageCall);
    }
  }

  /** Let another worker have calls, before those that came later. */
  private again(calls: Call[], message: string, reason: string): void {
    // What was handed over is gone with the worker.
    const [gone, whole] = [
      calls.filter(({ transfer }) => transfer.length > 0),
      calls.filter(({ transfer }) => transfer.length === 0)
    ];
    const why = `${message}. The call had not begun, but its data had been handed over`;
    gone.forEach(call => call.reject(new TerminatedWorkerError(why, reason)));
    this.line.putBack(whole);
  }

  /** A worker has ended that had begun with these calls, or may have. */
  private lose(group: Call[], message: string, { reason, running }: WorkerEnd, lost: Lost): void {
    // Only a worker that ended by itself has said which call it ran. Others may have answered some.
    if (running === null && group.length > 1) {
      const doubt = `${message}. It had several calls, and may have begun this one`;
      group.forEach(call => call.reject(new TerminatedWorkerError(doubt, reason)));
      lost.behind.push(...numbersOf(group));
      return;
    }
    const [first, ...others] = group;
    first?.reject(new TerminatedWorkerError(message, reason));
    lost.batch = first?.number ?? null;
    lost.untaken.push(...numbersOf(others));
    this.again(others, message, reason);
  }

  private take(batch: number): Call[] | undefined {
    const calls = this.groups.get(batch)?.items;
    this.groups.delete(batch);
    return calls;
  }
}

function numbersOf(calls: readonly Call[]): number[] {
  return calls.map(({ number }) => number);
}

function remoteError({ type, message, traceback }: Raised): RemoteError {
  return new RemoteError(type, message, traceback);
}

function isPlain(value: unknown): boolean {
  return value === null || !['object', 'function', 'symbol'].includes(typeof value);
}

function unsendable(name: string, error: unknown): PoolError {
  const { message } = error as Error;
  return new PoolError(
    `the arguments of ${name} cannot be sent to a worker: ${message}. Numbers, text, arrays, plain ` +
      'objects and typed arrays can'
  );
}
