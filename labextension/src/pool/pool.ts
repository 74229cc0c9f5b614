/**
 * `PyodidePool`: some Pyodide workers, one queue, and one listener.
 *
 * The class has two owners. In a web page, JavaScript calls `init`, `call`, `run` and `terminate`. In a
 * kernel's worker, Python calls `init`, `put`, `submit` and `cancel`, and hears of everything
 * through the listener, so that one call enters Python for many events.
 */
import { PoolError, PoolStartError } from '../errors';
import type { ErrorFrame, ResultFrame } from '../protocol';
import { Calls } from './calls';
import type { CallOptions } from './calls';
import { Crew } from './crew';
import type { CrewOptions } from './crew';
import { Dispatch } from './dispatch';
import type { LaneEnd, PoolEvent, WorkerEnd } from './events';
import { STOPPED, isLast } from './handle';
import type { Share, TaskWord, WorkerHandle } from './handle';
import { runJob } from './job';
import type { Job, Terms } from './job';
import type { InitOptions } from './launcher';
import { defaultSize } from './size';
import { memoryOf, statusOf } from './status';
import type { WorkerStatus } from './status';
import { Stops } from './stops';
import { TimeLimits } from './timeLimits';

export interface PoolOptions extends CrewOptions {
  /** A worker is replaced after this many batches. Batches with a target do not count. */
  maxBatches?: number | null;
  /** A worker is replaced when its WebAssembly memory has grown to more bytes than this. */
  maxMemory?: number | null;
  /** Milliseconds after which idle workers are let go; null to keep them. */
  idleTimeout?: number | null;
  /** A worker that is ready is given no batch before `open` is called; by default at once. */
  opensLater?: boolean;
  /** Hears of everything that happens. */
  listener?: (event: PoolEvent) => void;
}

/** WebAssembly memory ends at 4 GiB: a worker that is so near to that will fail before long. */
const FULL_MEMORY = 3.5 * 2 ** 30;

export class PyodidePool {
  private readonly crew: Crew;
  private readonly dispatch: Dispatch;
  private readonly calls: Calls;
  private readonly stops = new Stops();
  private readonly limits = new TimeLimits(
    this.stops,
    ({ id }, batch) => this.tell({ type: 'expired', worker: id, batch }),
    lane => this.endLane(lane, 'laneExpired', 'its job took too long')
  );
  private readonly share: Share;
  private readonly listener: (event: PoolEvent) => void;
  /** Why the pool can run nothing any more; null while it can. */
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
    this.listener = options.listener ?? (() => undefined);
    // A worker that is replaced after this many calls is given them one at a time.
    const most = this.share.maxBatches === Infinity ? undefined : 1;
    this.calls = new Calls(() => this.dispatch.begin(), most);
    this.crew = new Crew(String(workerUrl), size, options, {
      starting: ({ id, pid }) => this.tell({ type: 'starting', worker: id, pid }),
      phase: ({ id }, phase) => this.tell({ type: 'phase', worker: id, phase }),
      ready: (handle, report) => {
        // The owner may bring batches that this worker must run first, such as an initializer.
        this.tell({ type: 'ready', worker: handle.id, report });
        if (!options.opensLater) {
          this.open(handle.id);
        }
      },
      frame: (handle, frame) => this.onFrame(handle, frame),
      worn: () => this.dispatch.run(),
      ended: (handle, end) => this.onEnded(handle, end),
      spares: ready => this.tell({ type: 'spares', spares: ready }),
      limited: workers => this.tell({ type: 'limited', workers }),
      failed: error => this.close(error)
    });
    this.dispatch = new Dispatch(this.crew, this.calls, options.idleTimeout ?? null, {
      dispatched: ({ id }, { batch: job }) => {
        const batches = options.listener ? (this.calls.numbers(job) ?? [job]) : [];
        batches.forEach(batch => this.tell({ type: 'dispatched', worker: id, batch }));
      },
      refused: (handle, job, error) => this.onRefused(handle, job, error)
    });
  }

  get workerUrl(): string {
    return this.crew.workerUrl;
  }

  /** How many workers the pool should have. */
  get size(): number {
    return this.crew.size;
  }

  /**
   * Start all workers, and resolve when every one is ready. The pool takes work meanwhile.
   *
   * Rejects with `PoolStartError` where a worker cannot be started.
   */
  async init(options: InitOptions = {}): Promise<void> {
    throwIfAny(this.closed);
    await this.crew.start(options);
    const meanwhile = this.closed;
    if (meanwhile) {
      throw new PoolStartError(`the workers did not start: ${meanwhile.message}`);
    }
    this.dispatch.restartIdleTimer();
  }

  /**
   * Call a function of the workers' globals, by its name, on the next idle worker.
   *
   * Resolves to the value, or to what it awaits, converted to JavaScript. The arguments are converted
   * to Python. Rejects as `run` does.
   */
  call(name: string, args: readonly unknown[] = [], options: CallOptions = {}): Promise<unknown> {
    return this.calls.call(name, args, options);
  }

  /**
   * Evaluate Python source on the next idle worker.
   *
   * Resolves to the value of its last expression, converted to JavaScript. Rejects with
   * `RemoteError` where the source raises, with `TerminatedWorkerError` where its worker ends.
   */
  run(code: string): Promise<unknown> {
    return this.calls.run(code);
  }

  /** Stop every worker at once, and reject every call. */
  terminate(): void {
    this.close(new PoolError('the pool was terminated'));
  }

  /** Keep an object for tasks that name it. Each worker is sent it once, when it first needs it. */
  put(key: string, payload: Uint8Array<ArrayBuffer>, buffers: ArrayBuffer[]): void {
    this.dispatch.put(key, { payload, buffers });
  }

  /** Forget an object here and on every worker that holds it. */
  drop(key: string): void {
    this.dispatch.drop(key);
  }

  /**
   * Queue a batch of tasks.
   *
   * @param batch the number by which the listener will hear of it, not negative
   * @param needs keys of the objects that a worker must hold before it runs the batch
   */
  submit(
    batch: number,
    payload: Uint8Array<ArrayBuffer>,
    buffers: ArrayBuffer[] = [], // Python would have to make an empty list
    needs: readonly string[] = [],
    terms: Terms = {}
  ): void {
    throwIfAny(this.closed);
    if (terms.target !== undefined && this.crew.get(terms.target) === undefined) {
      return; // the owner has not heard of the worker's end yet, which ends the batch as well
    }
    // A worker that is replaced after this many batches is given them one at a time.
    const brief = terms.brief && this.share.maxBatches === Infinity;
    this.dispatch.add(runJob(batch, payload, buffers, needs, { ...terms, brief }));
  }

  /** Take a batch back. False where a worker has it: the worker then starts no more tasks of it. */
  cancel(batch: number): boolean {
    return this.dispatch.cancel(batch);
  }

  /**
   * Stop one worker, whatever it does; another takes its place.
   *
   * @param reason why, where it is the worker's own fault
   * @param batch the batch to stop. The worker is first asked to end it, unless the worker is at fault.
   * If the worker has already finished it, leave the worker running; if the worker was at fault,
   * replace it when it is idle
   */
  kill(
    worker: number,
    reason: WorkerEnd['reason'] = 'terminated',
    message = STOPPED,
    batch?: number
  ): void {
    const handle = this.crew.get(worker);
    if (batch !== undefined && reason === 'terminated') {
      this.stop(handle, batch, message);
    } else if (batch === undefined || handle?.inbox.has(batch)) {
      handle?.finish(reason, message);
    } else if (reason !== 'terminated') {
      handle?.wear(message);
    }
  }

  /**
   * All batches of a lane may take this many seconds from now; null for as long as they like.
   *
   * Then those that wait are taken back, and workers that have some are stopped.
   */
  limitLane(lane: number, seconds: number | null): void {
    this.limits.limitLane(lane, seconds);
  }

  /** Give a worker batches from now on. */
  open(worker: number): void {
    this.crew.get(worker)?.inbox.open();
    this.dispatch.run();
  }

  /** Give a worker no more batches until it is opened again. */
  shut(worker: number): void {
    this.crew.get(worker)?.inbox.shut();
  }

  /** Give no worker any batch from now on, or give them again. */
  hold(held: boolean): void {
    this.dispatch.hold(held);
  }

  /**
   * Have this many workers from now on.
   *
   * If there are too few, more start at once. If there are too many, some end when they are idle.
   */
  scale(size: number): void {
    this.crew.scale(size);
    this.dispatch.run();
  }

  /** Have workers, even if no batch needs one yet. */
  wake(): void {
    this.dispatch.wake();
  }

  /** How many batches wait for a worker. */
  get queued(): number {
    return this.dispatch.waiting;
  }

  /** How many workers are ready to take the place of one that is lost. */
  get spares(): number {
    return this.crew.sparesReady;
  }

  get workers(): WorkerStatus[] {
    return [...this.crew].map(statusOf);
  }

  /** Bytes of each ready worker's WebAssembly memory, by worker. */
  memory(): Promise<Map<number, number>> {
    return memoryOf(this.crew);
  }

  /** A listener that throws must not stop the pool. */
  private tell(event: PoolEvent): void {
    try {
      this.listener(event);
    } catch (error) {
      console.error('jupyterlite-pool: a listener failed', error);
    }
  }

  private onFrame(handle: WorkerHandle, frame: TaskWord): void {
    if (frame.kind === 'output') {
      this.tell({ type: 'frame', worker: handle.id, frame });
      return;
    }
    const fault =
      handle.inbox.hear(frame) ?? (frame.kind === 'values' ? this.calls.hear(frame) : null);
    if (fault !== null) {
      handle.finish('protocol', fault);
    } else if (frame.kind === 'begin') {
      const { timeLimit } = handle.inbox;
      if (timeLimit !== undefined) {
        this.limits.begin(handle, frame.batch, timeLimit);
      }
    } else if (frame.kind !== 'taken') {
      if (isLast(frame)) {
        this.limits.end(frame.batch);
        this.stops.end(frame.batch);
      }
      handle.hearAnswer(frame, this.share);
      this.stops.next(handle);
      if (frame.kind !== 'values') {
        this.tellAnswer(handle, frame);
      }
      this.dispatch.run();
    }
  }

  /** The browser cannot send a batch, because it is too large, for example: it fails as a whole. */
  private onRefused(handle: WorkerHandle, { batch }: Job, error: unknown): void {
    const type = error instanceof Error ? error.name : 'Error';
    const message = error instanceof Error ? error.message : String(error);
    const frame: ErrorFrame = { kind: 'error', batch, type, message, traceback: '' };
    this.tellAnswer(handle, frame);
    queueMicrotask(() => this.dispatch.run()); // another dispatch is under way
  }

  /**
   * Settle calls of a page, or tell the listener of an answer.
   *
   * The listener may bring more batches. They wait until it has returned: the worker may be worn, and
   * is then to end, not to be given one of them.
   */
  private tellAnswer(handle: WorkerHandle, frame: ResultFrame | ErrorFrame): void {
    this.dispatch.pauseFor(() => {
      if (frame.kind === 'result' || !this.calls.refuse(frame)) {
        this.tell({ type: 'frame', worker: handle.id, frame });
      }
    });
  }

  /** End all batches of a lane: those that wait, and those that run. */
  endLane(lane: number, type: LaneEnd, message: string): void {
    this.tell({ type, lane });
    for (const { batch } of this.dispatch.clearLane(lane)) {
      this.tell({ type: 'cancelled', batch, taken: true });
    }
    for (const handle of [...this.crew]) {
      for (const batch of handle.inbox.ofLane(lane)) {
        this.stop(handle, batch, message);
      }
    }
  }

  /** End a batch, if the worker has it: ask the worker, and stop it if that does not help. */
  private stop(handle: WorkerHandle | undefined, batch: number, message: string): void {
    if (handle?.inbox.isAimed(batch)) {
      handle.finish('terminated', message); // a worker that is set up by half is of no use
    } else if (handle?.inbox.has(batch)) {
      handle.inbox.cancel(batch);
      this.stops.stop(handle, batch, message);
    }
  }

  private onEnded(handle: WorkerHandle, end: WorkerEnd): void {
    this.dispatch.forget(handle.id);
    const jobs = handle.inbox.unfinished(end);
    for (const { batch } of [...jobs.begun, ...jobs.behind, ...jobs.untaken]) {
      this.limits.end(batch);
      this.stops.end(batch);
    }
    const message = `worker ${handle.id} stopped: ${end.message}`;
    const lost = this.calls.end(jobs, message, end);
    this.tell({ type: 'ended', worker: handle.id, ...lost, end });
  }

  private close(error: PoolError): void {
    if (this.closed) {
      return;
    }
    this.closed = error;
    this.calls.close(error); // before the workers end, which would give each call another error
    this.dispatch.close();
    this.limits.close();
    this.stops.close();
    this.crew.terminate();
    this.tell({ type: 'broken', message: error.message });
  }
}

function throwIfAny(error: Error | null): void {
  if (error) {
    throw error;
  }
}
