/**
 * `PyodidePool`: some Pyodide workers, one queue, and one listener.
 *
 * The same class has two hosts. In a web page, JavaScript calls `init`, `run` and `terminate`. In a
 * kernel's worker, Python calls `start`, `put`, `submit` and `cancel`, and hears of everything
 * through one listener, so that it is entered once per frame.
 */
import { PoolError, PoolStartError, RemoteError, TerminatedWorkerError } from '../errors';
import { transferables } from '../protocol';
import type {
  BootOptions,
  BootPhase,
  Encoded,
  EvalFrame,
  PoolEvent,
  RunFrame,
  TaskFrame,
  WorkerEnd,
  WorkerFrame
} from '../protocol';
import { WorkerHandle } from './handle';
import { checkSize, defaultSize, workerCap } from './limits';
import { BatchQueue } from './queue';
import { Reserve } from './reserve';
import type { Launched } from './reserve';
import { DEFAULT_PYODIDE_URL, compiledRuntime, verifiedSnapshot } from './runtime';
import type { SnapshotSource } from './runtime';

/** What a worker is booted with; everything may be left out. */
export interface InitOptions {
  /** Packages of Pyodide's lock file to load. */
  packages?: string[];
  /** Python source to run once in every worker. */
  code?: string;
  /** Where `pyodide.mjs` is; by default the release of Pyodide's CDN that the pool is made for. */
  pyodideUrl?: string;
  lockFileUrl?: string | null;
  files?: Uint8Array<ArrayBuffer> | null;
  runner?: string | null;
  drive?: BootOptions['drive'];
  /** A snapshot to restore workers from; null to start each anew. */
  snapshot?: SnapshotSource | null;
  /** Told of every worker's progress while it starts. */
  onProgress?: (worker: number, phase: BootPhase) => void;
}

export interface PoolOptions {
  /** Milliseconds that a worker may take to become ready. */
  startTimeout?: number;
  /** A worker that has run so many batches is replaced; those with a target do not count. */
  maxBatches?: number | null;
  /** So many workers more are kept ready to replace one that is lost; none by default. */
  spares?: number;
  /** Told of everything that happens. */
  listener?: (event: PoolEvent) => void;
}

/** A worker as a page can show it. */
export interface WorkerStatus {
  id: number;
  state: 'starting' | 'idle' | 'busy';
  finished: number;
  /** Whether it was restored from a snapshot. */
  restored: boolean;
  /** Bytes of its WebAssembly memory, as it last said; 0 while it is starting. */
  memory: number;
}

/** A queued frame, and the keys of the objects that a worker must hold before it runs. */
interface Job {
  batch: number;
  frame: TaskFrame;
  needs: readonly string[];
  transfer: Transferable[];
  /** The one worker that may run it; undefined for any. */
  target?: number | undefined;
  /** What it has in common with those behind which it may wait at a worker. */
  group?: number | undefined;
}

interface Waiter {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** A boot of minutes is a boot that hangs: a slow device over a slow line takes well under this. */
const START_TIMEOUT = 60_000;

/** A worker that fails to start is tried once more, then the pool gives up: no storm of boots. */
const START_FAILURES = 2;

/** How many brief batches a worker is given at most, the one that it runs included. */
const INBOX = 8;

export class PyodidePool {
  readonly workerUrl: string;

  private wanted: number;
  private readonly handles = new Map<number, WorkerHandle>();
  private readonly reserve: Reserve;
  private readonly queue = new BatchQueue<Job>();
  private readonly objects = new Map<string, Encoded>();
  private readonly waiters = new Map<number, Waiter>();
  private readonly startTimeout: number;
  private readonly maxBatches: number;
  private readonly listener: (event: PoolEvent) => void;
  private options: InitOptions = {};
  private nextWorker = 0;
  /** How many batches were given to workers. */
  private given = 0;
  /** Numbers of `run`'s own frames: below zero, where no owner's batch is. */
  private nextRun = -1;
  private failures = 0;
  /** Set once the pool can no longer run anything. */
  private closed: PoolError | null = null;

  /**
   * @param workerUrl where the built `worker.js` is served
   * @param size number of workers; by default one per core, as far as memory allows
   */
  constructor(workerUrl: string | URL, size: number = defaultSize(), options: PoolOptions = {}) {
    this.workerUrl = String(workerUrl);
    this.wanted = checkSize(size);
    this.maxBatches = options.maxBatches ?? Infinity;
    this.reserve = new Reserve(options.spares ?? 0, () => this.launch());
    this.startTimeout = options.startTimeout ?? START_TIMEOUT;
    this.listener = options.listener ?? (() => undefined);
  }

  /** How many workers it should have. */
  get size(): number {
    return this.wanted;
  }

  /**
   * Start all workers at once; resolves when every one of them is ready.
   *
   * Rejects with `PoolStartError` where one cannot be started.
   */
  async init(options: InitOptions = {}): Promise<void> {
    await Promise.all(this.start(options));
  }

  /** Start all workers; the pool takes work at once. One promise for each worker. */
  start(options: InitOptions = {}): Promise<void>[] {
    if (this.closed) {
      return [Promise.reject(this.closed)];
    }
    // Workers would take a relative URL as relative to their own script.
    const { href } = new URL(options.pyodideUrl ?? DEFAULT_PYODIDE_URL, globalThis.location.href);
    this.options = { ...options, pyodideUrl: href };
    return Array.from({ length: this.size }, () => this.spawn());
  }

  /**
   * Evaluate Python source on the next idle worker.
   *
   * Resolves to the value of its last expression, converted to JavaScript; rejects with
   * `RemoteError` where it raises, with `TerminatedWorkerError` where its worker ends.
   */
  run(code: string): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.closed) {
        reject(this.closed);
        return;
      }
      const frame: EvalFrame = { kind: 'eval', batch: this.nextRun--, code };
      this.waiters.set(frame.batch, { resolve, reject });
      this.enqueue({ batch: frame.batch, frame, needs: [], transfer: [] });
    });
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
    for (const handle of this.handles.values()) {
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
    buffers: ArrayBuffer[],
    needs: string[],
    target?: number,
    group?: number
  ): void {
    if (this.closed) {
      throw this.closed;
    }
    const frame: RunFrame = { kind: 'run', batch, payload, buffers };
    this.enqueue({ batch, frame, needs, transfer: transferables(frame), target, group });
  }

  /** Take a batch back. False where a worker has it, which then starts no more tasks of it. */
  cancel(batch: number): boolean {
    if (this.queue.remove(batch)) {
      return true;
    }
    for (const handle of this.handles.values()) {
      if (handle.inbox.some(frame => frame.batch === batch)) {
        handle.send({ kind: 'cancel', batch });
      }
    }
    return false;
  }

  /** Stop one worker, whatever it does; another takes its place. */
  kill(worker: number): void {
    this.handles.get(worker)?.terminate();
  }

  /**
   * Have so many workers from now on.
   *
   * More start at once. Of those that are too many, each ends when it has nothing to do.
   */
  scale(size: number): void {
    this.wanted = checkSize(size);
    while (!this.closed && this.handles.size < this.wanted) {
      this.spawn().catch(() => undefined); // its failure comes back in `onEnded`
    }
    this.dispatch();
  }

  /** Batches that wait for a worker. */
  get queued(): number {
    return this.queue.length;
  }

  /** Workers that are ready and run nothing until another is lost. */
  get spares(): number {
    return this.reserve.ready;
  }

  get workers(): WorkerStatus[] {
    return [...this.handles.values()].map(handle => ({
      id: handle.id,
      state: !handle.ready ? 'starting' : handle.current ? 'busy' : 'idle',
      finished: handle.finished,
      restored: handle.restored,
      memory: handle.memorySize
    }));
  }

  /** Bytes of each ready worker's WebAssembly memory, by worker. */
  async memory(): Promise<Map<number, number>> {
    const ready = [...this.handles.values()].filter(handle => handle.ready);
    const sizes = await Promise.allSettled(ready.map(handle => handle.memory()));
    return new Map(
      ready.flatMap((handle, i) => {
        const size = sizes[i];
        return size?.status === 'fulfilled' ? [[handle.id, size.value] as const] : [];
      })
    );
  }

  /** Have one worker more: a spare where there is one, else a new one. */
  private async spawn(): Promise<void> {
    const { handle, booted } = this.reserve.take() ?? this.launch();
    this.handles.set(handle.id, handle);
    this.tell({ type: 'starting', worker: handle.id });
    const report = await booted;
    this.failures = 0;
    this.tell({ type: 'ready', worker: handle.id, report });
    this.dispatch();
    // The workers themselves come first: spares start when all of them have.
    if (!this.closed && [...this.handles.values()].every(worker => worker.ready)) {
      this.restock();
    }
  }

  private restock(): void {
    this.reserve.restock(workerCap() - this.wanted);
  }

  /** Start a worker. */
  private launch(): Launched {
    const { pyodideUrl = DEFAULT_PYODIDE_URL, onProgress } = this.options;
    const handle = new WorkerHandle(this.nextWorker++, this.workerUrl, {
      frame: (worker, frame) => this.onFrame(worker, frame),
      ended: (worker, end) => this.onEnded(worker, end)
    });
    const { options } = this;
    const module = compiledRuntime(pyodideUrl);
    const snapshot = options.snapshot ? verifiedSnapshot(options.snapshot) : null;
    const bootOptions = async (): Promise<BootOptions> => ({
      id: handle.id,
      pyodideUrl,
      lockFileUrl: options.lockFileUrl ?? null,
      module: await module,
      snapshot: await snapshot,
      packages: options.packages ?? [],
      files: options.files ?? null,
      runner: options.runner ?? null,
      code: options.code ?? '',
      drive: options.drive ?? null
    });
    const booted = handle.boot(bootOptions(), this.startTimeout, phase => {
      if (this.handles.get(handle.id) === handle) {
        onProgress?.(handle.id, phase);
        this.tell({ type: 'phase', worker: handle.id, phase });
      }
    });
    return { handle, booted };
  }

  /** A listener's own mistake must not stop the pool. */
  private tell(event: PoolEvent): void {
    try {
      this.listener(event);
    } catch (error) {
      console.error('jupyterlite-pool: a listener failed', error);
    }
  }

  private enqueue(job: Job): void {
    this.queue.push(job);
    this.dispatch();
  }

  /** End workers that are too many, if they have nothing to do; idle ones first. */
  private retire(): void {
    const free = [...this.handles.values()].filter(handle => !handle.current);
    free.sort((a, b) => Number(b.ready) - Number(a.ready));
    for (const handle of free.slice(0, Math.max(0, this.handles.size - this.wanted))) {
      handle.finish('retired', 'the pool was made smaller');
    }
  }

  /** Give waiting batches to idle workers, first come, first served. */
  private dispatch(): void {
    this.retire();
    const idle = [...this.handles.values()].filter(handle => handle.ready && !handle.current);
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
      for (const handle of this.handles.values()) {
        const { group } = handle;
        const waits = handle.inbox.length === depth && group !== undefined;
        const job = waits && this.queue.nextOf(group);
        if (job) {
          this.give(handle, job);
        }
      }
    }
  }

  private give(handle: WorkerHandle, job: Job): void {
    if (job.target === undefined) {
      handle.served += 1;
      handle.lastGiven = ++this.given;
    }
    for (const key of job.needs) {
      const object = this.objects.get(key);
      if (object && !handle.held.has(key)) {
        handle.held.add(key);
        handle.send({ kind: 'put', key, ...object });
      }
    }
    handle.inbox.push(job.frame);
    // A worker that is to end after so many batches is given one at a time.
    handle.group = this.maxBatches === Infinity ? job.group : undefined;
    // Before the transfer empties the frame's buffers, and before its first result can arrive.
    this.tell({ type: 'dispatched', worker: handle.id, batch: job.batch });
    handle.send(job.frame, job.transfer);
  }

  private onFrame(handle: WorkerHandle, frame: WorkerFrame): void {
    switch (frame.kind) {
      case 'output':
        this.tell({ type: 'frame', worker: handle.id, frame });
        return;
      case 'value':
      case 'error':
      case 'result':
        if (frame.batch !== handle.current?.batch) {
          handle.finish('protocol', `it answered for batch ${frame.batch}, which it was not given`);
          return;
        }
        if (frame.kind === 'result') {
          handle.memorySize = frame.memory;
        }
        if (frame.kind !== 'result' || frame.done) {
          handle.inbox.shift();
          handle.finished += 1;
        }
        if (handle.inbox.length === 0 && handle.served >= this.maxBatches) {
          // Before anybody hears of the result, and has more for an idle worker.
          handle.finish('recycled', `it had run ${handle.served} tasks`);
        }
        if (!this.settle(frame) && frame.kind !== 'value') {
          this.tell({ type: 'frame', worker: handle.id, frame });
        }
        this.dispatch();
        return;
      default:
        handle.finish('protocol', 'it sent a frame of an unknown kind');
    }
  }

  /** Answer the `run` that a frame belongs to. False where it belongs to none. */
  private settle(frame: WorkerFrame): boolean {
    if (frame.kind !== 'value' && frame.kind !== 'error') {
      return false;
    }
    const waiter = this.takeWaiter(frame.batch);
    if (frame.kind === 'value') {
      waiter?.resolve(frame.value);
    } else {
      waiter?.reject(new RemoteError(frame.type, frame.message, frame.traceback));
    }
    return waiter !== undefined;
  }

  private takeWaiter(batch: number): Waiter | undefined {
    const waiter = this.waiters.get(batch);
    this.waiters.delete(batch);
    return waiter;
  }

  private onEnded(handle: WorkerHandle, end: WorkerEnd): void {
    if (this.reserve.forget(handle)) {
      if (end.reason !== 'start' && !this.closed) {
        this.restock();
      }
      return;
    }
    this.handles.delete(handle.id);
    this.queue.forget(handle.id);
    const [batch = null, ...behind] = handle.inbox.map(frame => frame.batch);
    if (batch !== null) {
      this.takeWaiter(batch)?.reject(
        new TerminatedWorkerError(`worker ${handle.id} stopped: ${end.message}`, end.reason)
      );
    }
    this.tell({ type: 'ended', worker: handle.id, batch, behind, end });
    if (this.closed) {
      return;
    }
    if (end.reason === 'start') {
      this.failures += 1;
      if (this.failures >= START_FAILURES) {
        this.close(
          new PoolStartError(`no worker could start from ${this.workerUrl}: ${end.message}`)
        );
        return;
      }
    }
    if (this.handles.size < this.wanted) {
      // Its failure, if it fails, comes back here.
      this.spawn().catch(() => undefined);
    }
  }

  private close(error: PoolError): void {
    if (this.closed) {
      return;
    }
    this.closed = error;
    const waiters = [...this.waiters.values()];
    this.waiters.clear();
    this.queue.clear();
    this.objects.clear();
    for (const handle of [...this.handles.values()]) {
      handle.terminate();
    }
    this.reserve.terminate();
    for (const waiter of waiters) {
      waiter.reject(error);
    }
    this.tell({ type: 'broken', message: error.message });
  }
}
