/**
 * The workers of a pool.
 *
 * The crew starts workers, replaces those that end, keeps spares, releases workers that are worn or
 * too many, and gives up where no worker can start. It knows nothing of the jobs that workers run.
 */
import { errorText, PoolStartError } from '../errors';
import type { BootPhase, BootReport } from '../protocol';
import type { WorkerEnd } from './events';
import { afterBeats } from './wakingTime';
import type { TaskWord, WorkerHandle } from './handle';
import { Launcher } from './launcher';
import type { InitOptions, Launched } from './launcher';
import { checkSize, workerCap } from './size';
import { Reserve } from './reserve';
import { Slots } from './slots';

export interface CrewOptions {
  /** Milliseconds that a start may take; null to let the device decide. */
  startTimeout?: number | null;
  /** How many spares to keep ready; none by default. */
  spares?: number;
  /** The most workers of all pools of the site; null for no limit beside that of the device. */
  cap?: number | null;
}

/** The events of a crew. Spares have none. */
export interface CrewEvents {
  starting(handle: WorkerHandle): void;
  phase(handle: WorkerHandle, phase: BootPhase): void;
  ready(handle: WorkerHandle, report: BootReport): void;
  frame(handle: WorkerHandle, frame: TaskWord): void;
  /** A worker has become worn, and should be released when it is idle. */
  worn(handle: WorkerHandle): void;
  ended(handle: WorkerHandle, end: WorkerEnd): void;
  /** This many spares are ready. */
  spares(ready: number): void;
  /** Other pools hold slots that this one wants: it has this many workers for now. */
  limited(workers: number): void;
  /** No worker can start. */
  failed(error: PoolStartError): void;
}

/** The crew gives up after this many failed starts in a row. */
const START_FAILURES = 2;

/** Milliseconds until the next try, where starts fail while other workers serve. */
const TRY_AGAIN = 30_000;

export class Crew {
  private wanted: number;
  /** All workers except spares. */
  private readonly handles = new Map<number, WorkerHandle>();
  private readonly launcher: Launcher;
  private readonly reserve: Reserve;
  private readonly slots: Slots;
  private readonly spares: number;
  /** How many starts in a row have failed. */
  private failures = 0;
  private sparesTold = 0;
  private callOffTry: (() => void) | null = null;
  private state: 'new' | 'working' | 'resting' | 'gone' = 'new';

  constructor(
    workerUrl: string,
    size: number,
    { startTimeout = null, spares = 0, cap = null }: CrewOptions,
    private readonly events: CrewEvents
  ) {
    this.wanted = checkSize(size);
    this.spares = spares;
    this.launcher = new Launcher(
      workerUrl,
      startTimeout,
      {
        frame: (handle, frame) => events.frame(handle, frame),
        worn: handle => this.onWorn(handle),
        ended: (handle, end) => this.onEnded(handle, end)
      },
      (handle, phase) => this.has(handle) && events.phase(handle, phase)
    );
    this.reserve = new Reserve(
      spares,
      () => this.launcher.launch(),
      () => this.countSpares()
    );
    this.slots = new Slots(Math.min(cap ?? Infinity, workerCap()), () => this.refill());
  }

  /** How many workers there should be. */
  get size(): number {
    return this.wanted;
  }

  /** How many spares are ready. */
  get sparesReady(): number {
    return this.reserve.ready;
  }

  get workerUrl(): string {
    return this.launcher.workerUrl;
  }

  /** All workers except spares. */
  [Symbol.iterator](): IterableIterator<WorkerHandle> {
    return this.handles.values();
  }

  get(worker: number): WorkerHandle | undefined {
    return this.handles.get(worker);
  }

  /** Start all workers that the site has room for; resolves when every one of them is ready. */
  async start(options: InitOptions): Promise<void> {
    this.launcher.prepare(options);
    await this.claim();
    if (this.state === 'new') {
      this.state = 'working';
      await this.fill();
    }
  }

  /** Have this many workers from now on. */
  scale(size: number): void {
    this.wanted = checkSize(size);
    if (this.state === 'working') {
      void this.claim().then(() => this.refill());
    }
  }

  /** End idle workers that are worn or too many. Of those that are too many, ready ones end first. */
  release(): void {
    if (!this.hasTooMany) {
      return; // as nearly always
    }
    const free = [...this].filter(handle => !handle.busy);
    for (const handle of free.filter(({ worn }) => worn !== null)) {
      handle.finish('recycled', handle.worn ?? '');
    }
    free.sort((a, b) => Number(b.ready) - Number(a.ready));
    for (const handle of free.slice(0, Math.max(0, this.handles.size - this.wanted))) {
      handle.finish('retired', 'the pool was made smaller');
    }
  }

  /** Let all workers go until `wake` is called. */
  rest(): void {
    if (this.state !== 'working') {
      return;
    }
    this.state = 'resting';
    this.reserve.terminate();
    for (const handle of [...this]) {
      handle.finish('retired', 'the pool had nothing to do');
    }
    this.slots.close();
  }

  /** Start workers again, if `rest` has let them go. */
  wake(): void {
    if (this.state === 'resting') {
      this.state = 'working';
      void this.claim().then(() => this.refill());
    }
  }

  /** Stop all workers, for good. */
  terminate(): void {
    this.state = 'gone';
    this.callOffTry?.();
    for (const handle of [...this]) {
      handle.terminate();
    }
    this.reserve.terminate();
    this.launcher.close();
    this.slots.close();
  }

  /** Whether some worker should end when it is idle. */
  private get hasTooMany(): boolean {
    for (const handle of this.handles.values()) {
      if (handle.worn !== null) {
        return true;
      }
    }
    return this.handles.size > this.wanted;
  }

  private has(handle: WorkerHandle): boolean {
    return this.handles.get(handle.id) === handle;
  }

  /** Take slots for all workers and spares, as far as other pools leave any. */
  private async claim(): Promise<void> {
    let asked: number;
    do {
      asked = this.wanted + this.spares;
      await this.slots.want(asked);
    } while (asked !== this.wanted + this.spares && this.claims); // scaled meanwhile
    if (this.room < this.wanted && this.state !== 'gone') {
      this.events.limited(this.room);
    }
  }

  /** Whether workers are or will be there, for which it takes slots. */
  private get claims(): boolean {
    return this.state === 'new' || this.state === 'working';
  }

  /** How many workers the site has room for. Every pool may have one. */
  private get room(): number {
    return Math.max(1, this.slots.held);
  }

  /** Start the workers that are missing. */
  private async fill(): Promise<void> {
    const started: Promise<void>[] = [];
    while (this.state === 'working' && this.handles.size < Math.min(this.wanted, this.room)) {
      const launched = this.launch();
      if (launched === null) {
        break;
      }
      started.push(this.add(launched));
    }
    await Promise.all(started);
  }

  /** A spare where there is one, else a new worker; null if the browser refuses to make one. */
  private launch(): Launched | null {
    try {
      return this.reserve.take() ?? this.launcher.launch();
    } catch (error) {
      this.cannotStart(errorText(error));
      return null;
    }
  }

  /** Start the workers that are missing, for callers that do not wait; then spares. */
  private refill(): void {
    this.fill().catch(() => undefined); // `onEnded` hears of each failed start
    this.restock();
  }

  /** Add a worker, and wait for its start. */
  private async add({ handle, booted }: Launched): Promise<void> {
    this.handles.set(handle.id, handle);
    this.events.starting(handle);
    const report = await booted;
    if (!this.has(handle)) {
      return; // it has ended
    }
    this.failures = 0;
    this.events.ready(handle, report);
    this.refill(); // starts that failed while no worker was ready are tried again
  }

  private countSpares(): void {
    const { ready } = this.reserve;
    if (ready !== this.sparesTold) {
      this.sparesTold = ready;
      this.events.spares(ready);
    }
  }

  /** Start the spares that are missing. They start only when all workers have started. */
  private restock(): void {
    if (this.state === 'working' && [...this].every(worker => worker.ready)) {
      this.reserve.restock(this.room - this.wanted);
    }
  }

  private onWorn(handle: WorkerHandle): void {
    console.warn(`jupyterlite-pool: worker ${handle.id} will be replaced: ${handle.worn}`);
    if (this.has(handle)) {
      this.events.worn(handle);
    } else {
      handle.finish('recycled', handle.worn ?? '');
    }
  }

  private onEnded(handle: WorkerHandle, end: WorkerEnd): void {
    if (this.reserve.forget(handle)) {
      if (end.reason !== 'start') {
        this.restock();
      }
      return;
    }
    this.handles.delete(handle.id);
    this.failures += end.reason === 'start' ? 1 : 0;
    this.events.ended(handle, end);
    if (this.state !== 'working') {
      return;
    }
    const serves = [...this].some(worker => worker.ready);
    if (end.reason === 'start' && !serves && this.handles.size > 0) {
      return; // others still start: they will show whether any worker can
    }
    if (this.failures < START_FAILURES) {
      this.refill();
    } else if (end.reason !== 'start' && !serves) {
      this.failures = START_FAILURES - 1; // one more try: the cause may be gone by now
      this.refill();
    } else {
      this.cannotStart(end.message);
    }
  }

  /** Go on with the workers that there are, and try again later; without any, give up. */
  private cannotStart(message: string): void {
    if (this.handles.size === 0) {
      const text = `no worker could start from ${this.workerUrl}: ${message}`;
      this.events.failed(new PoolStartError(text));
      return;
    }
    if (this.callOffTry) {
      return; // another worker that ends does not delay the try
    }
    console.warn(`jupyterlite-pool: no further worker could start: ${message}`);
    this.callOffTry = afterBeats(TRY_AGAIN, () => {
      this.callOffTry = null;
      this.failures = START_FAILURES - 1;
      this.refill();
    });
  }
}
