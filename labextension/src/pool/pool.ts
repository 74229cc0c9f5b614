/**
 * `PyodidePool`: some Pyodide workers, one queue, and one listener.
 *
 * The same class has two hosts. In a web page, JavaScript calls `init`, `run` and `terminate`. In a
 * kernel's worker, Python calls `start`, `put`, `submit` and `cancel`, and hears of everything
 * through one listener, so that it is entered once per frame.
 */
import { PoolError, PoolStartError, TerminatedWorkerError } from '../errors';
import type { AnswerFrame, Encoded, ErrorFrame, TaskFrame } from '../protocol';
import { afterBeats } from './beats';
import { Crew } from './crew';
import type { CrewOptions } from './crew';
import type { PoolEvent, WorkerEnd } from './events';
import type { TaskWord, WorkerHandle } from './handle';
import { evalJob, runJob } from './job';
import type { Job } from './job';
import type { InitOptions } from './launcher';
import { defaultSize } from './limits';
import { BatchQueue } from './queue';
import { Runs } from './runs';

export interface PoolOptions extends CrewOptions {
  /** A worker that has run so many batches is replaced; those with a target do not count. */
  maxBatches?: number | null;
  /** A worker whose WebAssembly memory has grown to more bytes than this is replaced. */
  maxMemory?: number | null;
  /** Milliseconds after which workers that have nothing to do are let go; null to keep them. */
  idleTimeout?: number | null;
  /** Told of everything that happens. */
  listener?: (event: PoolEvent) => void;
}

/** A worker as a page can show it. */
export interface WorkerStatus {
  id: number;
  /** The number of its process, as Python names it. */
  pid: number;
  state: 'starting' | 'idle' | 'busy';
  finished: number;
  /** Whether it was restored from a snapshot. */
  restored: boolean;
  /** Bytes of its WebAssembly memory, as it last said; 0 while it is starting. */
  memory: number;
}

/** The frames of a worker that has ended. */
interface Divided {
  begun: TaskFrame[];
  behind: TaskFrame[];
  untaken: TaskFrame[];
}

/** Ends of a worker's own, before which all it had said was heard. */
const OWN_ENDS: readonly WorkerEnd['reason'][] = ['exited', 'fatal', 'silent', 'recycled'];

/** What is said of a worker that was stopped from outside. */
const STOPPED = 'stopped by its owner';

/** How many brief batches a worker is given at most, the one that it runs included. */
const INBOX = 8;

/** WebAssembly memory cannot grow beyond 4 GiB: what is so near to it will fail before long. */
const FULL_MEMORY = 3.5 * 2 ** 30;

export class PyodidePool {
  private readonly crew: Crew;
  private readonly queue = new BatchQueue<Job>();
  private readonly objects = new Map<string, Encoded>();
  private readonly runs = new Runs();
  private readonly maxBatches: number;
  private readonly maxMemory: number;
  private readonly idleTimeout: number | null;
  private readonly listener: (event: PoolEvent) => void;
  /** How many batches were given to workers. */
  private given = 0;
  /** Whether a result is being told of: nothing is given to anybody meanwhile. */
  private telling = false;
  /** Calls off that idle workers are let go. */
  private callOffRest: (() => void) | null = null;
  /** Set once the pool can no longer run anything. */
  private closed: PoolError | null = null;

  /**
   * @param workerUrl where the built `worker.js` is served
   * @param size number of workers; by default one per core, as far as memory allows
   */
  constructor(workerUrl: string | URL, size: number = defaultSize(), options: PoolOptions = {}) {
    this.maxBatches = options.maxBatches ?? Infinity;
    this.maxMemory = Math.min(options.maxMemory ?? Infinity, FULL_MEMORY);
    this.idleTimeout = options.idleTimeout ?? null;
    this.listener = options.listener ?? (() => undefined);
    this.crew = new Crew(String(workerUrl), size, options, {
      starting: ({ id }) => this.tell({ type: 'starting', worker: id }),
      phase: ({ id }, phase) => this.tell({ type: 'phase', worker: id, phase }),
      ready: (handle, report) => {
        // What is told along with it may bring batches, too, and these must not come first.
        this.tell({ type: 'ready', worker: handle.id, report });
        handle.told = true;
        this.dispatch();
      },
      frame: (handle, frame) => this.onFrame(handle, frame),
      worn: () => this.dispatch(),
      ended: (handle, end) => this.onEnded(handle, end),
      limited: workers => this.tell({ type: 'limited', workers }),
      failed: error => this.close(error)
    });
  }

  get workerUrl(): string {
    return this.crew.workerUrl;
  }

  /** How many workers it should have. */
  get size(): number {
    return this.crew.size;
  }

  /**
   * Start all workers at once; resolves when every one of them is ready. Takes work at once.
   *
   * Rejects with `PoolStartError` where one cannot be started.
   */
  async init(options: InitOptions = {}): Promise<void> {
    this.checkOpen();
    await this.crew.start(options);
    const meanwhile = this.closed;
    if (meanwhile) {
      throw new PoolStartError(`the workers did not start: ${meanwhile.message}`);
    }
    this.restWhenIdle();
  }

  /**
   * Evaluate Python source on the next idle worker.
   *
   * Resolves to the value of its last expression, converted to JavaScript; rejects with
   * `RemoteError` where it raises, with `TerminatedWorkerError` where its worker ends.
   */
  async run(code: string): Promise<unknown> {
    this.checkOpen();
    const { job, value } = this.runs.begin(code);
    this.enqueue(job);
    return value;
  }

  /** Stop every worker at once. Whatever was running or waiting is rejected. */
  terminate(): void {
    this.close(new PoolError('the pool was terminated'));
  }

  /** Keep an object for tasks that name it; each worker is sent it once, when first needed. */
  put(key: string, payload: Uint8Array<ArrayBuffer>, buffers: ArrayBuffer[]): void {
    this.objects.set(key, { payload, buffers });
  }

  /** Forget an object here and on every worker that holds it. */
  drop(key: string): void {
    this.objects.delete(key);
    for (const handle of this.crew) {
      if (handle.held.delete(key)) {
        handle.send({ kind: 'drop', key });
      }
    }
  }

  /**
   * Queue a batch of tasks.
   *
   * @param batch the number by which the listener will hear of it, not negative
   * @param needs keys of the objects that a worker must hold before it runs the batch
   * @param target the one worker that may run it, before any other batch; it is gone with the worker
   * @param group batches of a group are so brief that several may wait at one worker
   */
  submit(
    batch: number,
    payload: Uint8Array<ArrayBuffer>,
    buffers: ArrayBuffer[] = [], // an empty list of Python's would have to be made
    needs: readonly string[] = [],
    target?: number,
    group?: number
  ): void {
    this.checkOpen();
    this.enqueue(runJob(batch, payload, buffers, needs, target, group));
  }

  /** Take a batch back. False where a worker has it, which then starts no more tasks of it. */
  cancel(batch: number): boolean {
    if (this.queue.remove(batch)) {
      return true;
    }
    for (const handle of this.crew) {
      if (handle.has(batch)) {
        handle.send({ kind: 'cancel', batch });
      }
    }
    return false;
  }

  /**
   * Stop one worker, whatever it does; another takes its place.
   *
   * @param reason why, where it is the worker's own fault
   * @param batch what it is stopped for: if it has done with that, it goes on with what it was given
   * since, and is replaced then where it was at fault
   */
  kill(
    worker: number,
    reason: WorkerEnd['reason'] = 'terminated',
    message = STOPPED,
    batch?: number
  ): void {
    const handle = this.crew.get(worker);
    if (batch === undefined || handle?.has(batch)) {
      handle?.finish(reason, message);
    } else if (reason !== 'terminated') {
      handle?.wear(message);
    }
  }

  /** Ask a worker's Python to stop a batch. False where it cannot be asked, or does not run it. */
  interrupt(worker: number, batch: number): boolean {
    const handle = this.crew.get(worker);
    return handle?.current?.batch === batch && handle.interrupt();
  }

  /**
   * Have so many workers from now on.
   *
   * More start at once. Of those that are too many, each ends when it has nothing to do.
   */
  scale(size: number): void {
    this.crew.scale(size);
    this.dispatch();
  }

  /** Have workers, though there is no batch yet that needs one. */
  wake(): void {
    this.crew.wake();
    this.restWhenIdle();
  }

  /** Batches that wait for a worker. */
  get queued(): number {
    return this.queue.length;
  }

  /** Workers that are ready and run nothing until another is lost. */
  get spares(): number {
    return this.crew.sparesReady;
  }

  get workers(): WorkerStatus[] {
    return [...this.crew].map(handle => ({
      id: handle.id,
      pid: handle.pid,
      state: !handle.ready ? 'starting' : handle.current ? 'busy' : 'idle',
      finished: handle.finished,
      restored: handle.restored,
      memory: handle.memorySize
    }));
  }

  /** Bytes of each ready worker's WebAssembly memory, by worker. */
  async memory(): Promise<Map<number, number>> {
    const ready = [...this.crew].filter(handle => handle.ready);
    const sizes = await Promise.allSettled(ready.map(handle => handle.memory()));
    return new Map(
      ready.flatMap((handle, i) => {
        const size = sizes[i];
        return size?.status === 'fulfilled' ? [[handle.id, size.value] as const] : [];
      })
    );
  }

  /** A listener's own mistake must not stop the pool. */
  private tell(event: PoolEvent): void {
    try {
      this.listener(event);
    } catch (error) {
      console.error('jupyterlite-pool: a listener failed', error);
    }
  }

  private checkOpen(): void {
    if (this.closed) {
      throw this.closed;
    }
  }

  private enqueue(job: Job): void {
    this.queue.push(job);
    this.crew.wake();
    this.dispatch();
  }

  /** Let the workers go when there has been nothing to do for long enough. */
  private restWhenIdle(): void {
    this.callOffRest?.();
    this.callOffRest = null;
    if (this.idleTimeout !== null && this.idle) {
      this.callOffRest = afterBeats(this.idleTimeout, () => {
        if (this.idle) {
          this.crew.rest();
        }
      });
    }
  }

  /** Whether nobody has anything to do; to start is to have something to do. */
  private get idle(): boolean {
    const workers = [...this.crew];
    return this.queue.length === 0 && workers.every(handle => handle.ready && !handle.current);
  }

  /** Give waiting batches to idle workers, first come, first served. */
  private dispatch(): void {
    if (this.telling) {
      return;
    }
    this.crew.release();
    const idle = [...this.crew].filter(
      handle => handle.ready && handle.told && !handle.current && handle.worn === null
    );
    // The one that had something to do last is the warmest; it has imported what tasks import.
    idle.sort((a, b) => b.lastGiven - a.lastGiven);
    for (const handle of idle) {
      const job = this.queue.next(handle.id);
      if (job) {
        this.give(handle, job);
      }
    }
    // All workers have something to do. What is brief waits where it will run: to fetch it when its
    // turn has come would take longer than it does.
    for (let depth = 1; depth < INBOX && this.queue.length > 0; depth++) {
      for (const handle of this.crew) {
        const { group } = handle;
        const waits = handle.inbox.length === depth && group !== undefined && handle.worn === null;
        const job = waits && this.queue.nextOf(group);
        if (job) {
          this.give(handle, job);
        }
      }
    }
    if (this.idleTimeout !== null) {
      this.restWhenIdle();
    }
  }

  private give(handle: WorkerHandle, job: Job): void {
    if (job.target === undefined) {
      handle.served += 1;
      handle.lastGiven = ++this.given;
    }
    job.frame.acknowledge = handle.inbox.length === 0;
    handle.inbox.push(job.frame);
    // A worker that is to end after so many batches is given one at a time.
    handle.group = this.maxBatches === Infinity ? job.group : undefined;
    // Before the transfer empties the frame's buffers, and before its first result can arrive.
    this.tell({ type: 'dispatched', worker: handle.id, batch: job.batch });
    try {
      this.putNeeds(handle, job.needs);
      handle.send(job.frame, job.transfer);
    } catch (error) {
      // The browser cannot copy it: it is too large, for example.
      handle.inbox.pop();
      this.refuse(handle, job, error);
    }
  }

  /** Put on a worker what it must hold and does not. */
  private putNeeds(handle: WorkerHandle, needs: readonly string[]): void {
    for (const key of needs) {
      const object = this.objects.get(key);
      if (object && !handle.held.has(key)) {
        handle.send({ kind: 'put', key, ...object });
        handle.held.add(key);
      }
    }
  }

  /** A batch cannot be sent: its owner is told as of one that failed as a whole. */
  private refuse(handle: WorkerHandle, { batch }: Job, error: unknown): void {
    const type = error instanceof Error ? error.name : 'Error';
    const message = error instanceof Error ? error.message : String(error);
    const frame: ErrorFrame = { kind: 'error', batch, type, message, traceback: '' };
    this.tellOf(frame, handle);
    queueMicrotask(() => this.dispatch()); // not in the middle of one
  }

  /** Tell who waits for it of what a worker has said. Nothing is given to anybody meanwhile. */
  private tellOf(frame: AnswerFrame, handle: WorkerHandle): void {
    this.telling = true;
    if (!this.runs.settle(frame) && frame.kind !== 'value') {
      this.tell({ type: 'frame', worker: handle.id, frame });
    }
    this.telling = false;
  }

  private onFrame(handle: WorkerHandle, frame: TaskWord): void {
    if (frame.kind === 'output') {
      this.tell({ type: 'frame', worker: handle.id, frame });
      return;
    }
    const { current } = handle;
    if (frame.batch !== current?.batch) {
      handle.finish('protocol', `it answered for batch ${frame.batch}, which it was not given`);
      return;
    }
    handle.taken = true; // whatever the frame is
    if (frame.kind === 'taken') {
      return;
    }
    if (frame.kind !== 'error' && (frame.kind === 'value') !== (current.kind === 'eval')) {
      handle.finish('protocol', `it answered a ${current.kind} frame with a ${frame.kind} frame`);
      return;
    }
    if (frame.kind === 'begin') {
      this.tell({ type: 'frame', worker: handle.id, frame });
      return;
    }
    if (frame.kind === 'result') {
      handle.memorySize = frame.memory;
    }
    if (frame.kind !== 'result' || frame.done) {
      handle.shift();
      handle.finished += 1;
      this.wearOut(handle);
    }
    // Who hears of the result may have more for the worker at once, but if it is worn, or one too
    // many, it ends first; and before its end is told, so is what it has done.
    this.tellOf(frame, handle);
    this.dispatch();
  }

  /**
   * See whether a worker has done, or holds, as much as one worker should. One that has only been
   * set up is as good as the one that would take its place.
   */
  private wearOut(handle: WorkerHandle): void {
    if (handle.served === 0) {
      return;
    }
    if (handle.served >= this.maxBatches) {
      handle.worn ??= `it had run ${handle.served} tasks`;
    } else if (handle.memorySize > this.maxMemory) {
      handle.worn ??= `its memory had grown to ${Math.round(handle.memorySize / 2 ** 20)} MB`;
    }
  }

  private onEnded(handle: WorkerHandle, end: WorkerEnd): void {
    this.queue.forget(handle.id);
    const { begun, behind, untaken } = this.divide(handle, end);
    for (const { batch } of [...begun, ...behind]) {
      const message = `worker ${handle.id} stopped: ${end.message}`;
      this.runs.fail(batch, new TerminatedWorkerError(message, end.reason));
    }
    // A batch of the owner's is the owner's to submit again: its buffers were handed over.
    this.queue.putBack(
      untaken.flatMap(frame => (frame.kind === 'eval' ? [evalJob(frame.batch, frame.code)] : []))
    );
    const numbers = (frames: TaskFrame[]): number[] => frames.map(frame => frame.batch);
    const lost = { behind: numbers(behind), untaken: numbers(untaken) };
    this.tell({ type: 'ended', worker: handle.id, batch: begun[0]?.batch ?? null, ...lost, end });
  }

  /** What a worker that has ended had begun, what it may have, and what it never turned to. */
  private divide({ inbox, taken }: WorkerHandle, end: WorkerEnd): Divided {
    const [first, rest] = [inbox.slice(0, 1), inbox.slice(1)];
    if (!OWN_ENDS.includes(end.reason)) {
      // It was stopped, and its word may have been on its way.
      return { begun: first, behind: rest, untaken: [] };
    }
    if (taken === false) {
      return { begun: [], behind: [], untaken: inbox };
    }
    return taken
      ? { begun: first, behind: [], untaken: rest }
      : { begun: [], behind: first, untaken: rest };
  }

  private close(error: PoolError): void {
    if (this.closed) {
      return;
    }
    this.closed = error;
    this.runs.failAll(error); // before the workers end, which would fail them in another way
    this.queue.clear();
    this.objects.clear();
    this.callOffRest?.();
    this.crew.terminate();
    this.tell({ type: 'broken', message: error.message });
  }
}
