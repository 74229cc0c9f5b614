/**
 * `PyodidePool`: some Pyodide workers, one queue, and one listener.
 *
 * The same class has two hosts. In a web page, JavaScript calls `init`, `run` and `terminate`. In a
 * kernel's worker, Python calls `start`, `put`, `submit` and `cancel`, and hears of everything
 * through one listener, so that it is entered once per frame.
 */
import { PoolError, PoolStartError, TerminatedWorkerError } from '../errors';
import type { AnswerFrame, Encoded, ErrorFrame } from '../protocol';
import { Crew } from './crew';
import type { CrewOptions } from './crew';
import type { PoolEvent, WorkerEnd } from './events';
import type { Share, TaskWord, WorkerHandle } from './handle';
import { IdleTimer } from './idleTimer';
import { runJob } from './job';
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
  private readonly share: Share;
  private readonly idleTimer: IdleTimer;
  private readonly listener: (event: PoolEvent) => void;
  /** Whether a result is being told of: nothing is given to anybody meanwhile. */
  private telling = false;
  /** Set once the pool can no longer run anything. */
  private closed: PoolError | null = null;

  /**
   * @param workerUrl where the built `worker.js` is served
   * @param size number of workers; by default one per core, as far as memory allows
   */
  constructor(workerUrl: string | URL, size: number = defaultSize(), options: PoolOptions = {}) {
    this.share = {
      maxBatches: options.maxBatches ?? Infinity,
      maxMemory: Math.min(options.maxMemory ?? Infinity, FULL_MEMORY)
    };
    this.idleTimer = new IdleTimer(
      options.idleTimeout ?? null,
      () => this.idle,
      () => this.crew.rest()
    );
    this.listener = options.listener ?? (() => undefined);
    this.crew = new Crew(String(workerUrl), size, options, {
      starting: ({ id }) => this.tell({ type: 'starting', worker: id }),
      phase: ({ id }, phase) => this.tell({ type: 'phase', worker: id, phase }),
      ready: (handle, report) => {
        // What is told along with it may bring batches, too, and these must not come first.
        this.tell({ type: 'ready', worker: handle.id, report });
        handle.inbox.open();
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
    this.idleTimer.restart();
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
      handle.inbox.drop(key);
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
    // A worker that is to be replaced after so many batches is given them one at a time.
    const brief = this.share.maxBatches === Infinity ? group : undefined;
    this.enqueue(runJob(batch, payload, buffers, needs, target, brief));
  }

  /** Take a batch back. False where a worker has it, which then starts no more tasks of it. */
  cancel(batch: number): boolean {
    if (this.queue.remove(batch)) {
      return true;
    }
    for (const handle of this.crew) {
      handle.inbox.cancel(batch);
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
    if (batch === undefined || handle?.inbox.has(batch)) {
      handle?.finish(reason, message);
    } else if (reason !== 'terminated') {
      handle?.wear(message);
    }
  }

  /** Ask a worker's Python to stop a batch. False where it cannot be asked, or does not run it. */
  interrupt(worker: number, batch: number): boolean {
    const handle = this.crew.get(worker);
    return handle?.inbox.current?.batch === batch && handle.interrupt();
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
    this.idleTimer.restart();
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
      state: !handle.ready ? 'starting' : handle.busy ? 'busy' : 'idle',
      finished: handle.inbox.finished,
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

  /** Whether nobody has anything to do; to start is to have something to do. */
  private get idle(): boolean {
    const workers = [...this.crew];
    return this.queue.length === 0 && workers.every(handle => handle.ready && !handle.busy);
  }

  /** Give waiting batches to idle workers, first come, first served. */
  private dispatch(): void {
    if (this.telling) {
      return;
    }
    this.crew.release();
    const free = [...this.crew].filter(handle => handle.free);
    // The last one that had something to do is the warmest: it has imported what tasks import.
    free.sort((a, b) => b.inbox.lastServed - a.inbox.lastServed);
    for (const handle of free) {
      const job = this.queue.next(handle.id);
      if (job) {
        this.give(handle, job);
      }
    }
    // All workers have something to do. What is brief waits where it will run: to fetch it when its
    // turn has come would take longer than it does.
    for (let depth = 1; depth < INBOX && this.queue.length > 0; depth++) {
      for (const handle of this.crew) {
        const { length, group } = handle.inbox;
        const waits = length === depth && group !== undefined && handle.worn === null;
        const job = waits && this.queue.nextOf(group);
        if (job) {
          this.give(handle, job);
        }
      }
    }
    this.idleTimer.restart();
  }

  private give(handle: WorkerHandle, job: Job): void {
    const { inbox } = handle;
    inbox.add(job);
    // Before the transfer empties the frame's buffers, and before its first result can arrive.
    this.tell({ type: 'dispatched', worker: handle.id, batch: job.batch });
    try {
      inbox.send(job, this.objects);
    } catch (error) {
      this.refuse(handle, job, error);
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
    const wrong = handle.inbox.hear(frame);
    if (wrong !== null) {
      handle.finish('protocol', wrong);
      return;
    }
    if (frame.kind === 'taken') {
      return;
    }
    if (frame.kind === 'begin') {
      this.tell({ type: 'frame', worker: handle.id, frame });
      return;
    }
    handle.hearAnswer(frame, this.share);
    // Who hears of the result may have more for the worker at once, but if it is worn, or one too
    // many, it ends first; and before its end is told, so is what it has done.
    this.tellOf(frame, handle);
    this.dispatch();
  }

  private onEnded(handle: WorkerHandle, end: WorkerEnd): void {
    this.queue.forget(handle.id);
    const { begun, behind, untaken } = handle.inbox.unfinished(end);
    for (const { batch } of [...begun, ...behind]) {
      const message = `worker ${handle.id} stopped: ${end.message}`;
      this.runs.fail(batch, new TerminatedWorkerError(message, end.reason));
    }
    // A batch of the owner's is the owner's to submit again: its buffers were handed over.
    this.queue.putBack(untaken.filter(({ frame }) => frame.kind === 'eval'));
    const numbers = (jobs: Job[]): number[] => jobs.map(job => job.batch);
    const lost = { behind: numbers(behind), untaken: numbers(untaken) };
    this.tell({ type: 'ended', worker: handle.id, batch: begun[0]?.batch ?? null, ...lost, end });
  }

  private close(error: PoolError): void {
    if (this.closed) {
      return;
    }
    this.closed = error;
    this.runs.failAll(error); // before the workers end, which would fail them in another way
    this.queue.clear();
    this.objects.clear();
    this.idleTimer.stop();
    this.crew.terminate();
    this.tell({ type: 'broken', message: error.message });
  }
}
