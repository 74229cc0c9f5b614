/** Starts workers: what each of them is given, and how long it may take. */
import type { BootOptions, BootPhase, BootReport } from '../protocol';
import { Stopwatch } from './beats';
import { WorkerHandle } from './handle';
import type { HandleEvents } from './handle';
import { DEFAULT_PYODIDE_URL, madeSnapshots, sharedRuntime, verifiedSnapshot } from './runtime';
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

/** A worker that was launched, and its start. */
export interface Launched {
  handle: WorkerHandle;
  booted: Promise<BootReport>;
}

/**
 * A boot can hang for good, so it has a limit. The first start knows nothing of the device and the
 * line; after it, a start may take some times as long as the slowest one that came to its end.
 */
const FIRST_TIMEOUT = 60_000;
const LEAST_TIMEOUT = 30_000;
const TIMES_AS_LONG = 5;

export class Launcher {
  private options: InitOptions = {};
  private nextWorker = 0;
  /** What is made beside the first worker, where the site has no snapshot. */
  private making: Promise<Blob | null> | null = null;
  /** The worker that makes it. */
  private maker: WorkerHandle | null = null;
  /** Milliseconds of the slowest start. */
  private slowest: number | null = null;

  /**
   * @param workerUrl where the built `worker.js` is served
   * @param startTimeout milliseconds that a start may take; null to let the device decide
   */
  constructor(
    readonly workerUrl: string,
    private readonly startTimeout: number | null,
    private readonly events: HandleEvents,
    private readonly onPhase: (handle: WorkerHandle, phase: BootPhase) => void
  ) {}

  /** Say what all workers are booted with. */
  prepare(options: InitOptions): void {
    // Workers would take a relative URL as relative to their own script.
    const { href } = new URL(options.pyodideUrl ?? DEFAULT_PYODIDE_URL, globalThis.location.href);
    this.options = { ...options, pyodideUrl: href };
    // Whoever launches a worker is told where that fails.
    sharedRuntime(href).catch(() => undefined);
    if (options.snapshot) {
      void verifiedSnapshot(options.snapshot);
    }
  }

  /** Start a worker. */
  launch(): Launched {
    const { options } = this;
    const { pyodideUrl = DEFAULT_PYODIDE_URL } = options;
    const handle = new WorkerHandle(this.nextWorker++, this.workerUrl, this.events);
    handle.preload(pyodideUrl);
    const bootOptions = async (): Promise<BootOptions> => {
      const sites = options.snapshot ? verifiedSnapshot(options.snapshot) : null;
      const common: BootOptions = {
        id: handle.id,
        pid: handle.pid,
        pyodideUrl,
        lockFileUrl: options.lockFileUrl ?? null,
        runtime: await sharedRuntime(pyodideUrl),
        snapshot: null,
        makeSnapshot: false,
        packages: options.packages ?? [],
        files: options.files ?? null,
        runner: options.runner ?? null,
        code: options.code ?? '',
        drive: options.drive ?? null,
        interrupts: null // the handle's own
      };
      return { ...common, snapshot: (await sites) ?? (await this.madeSnapshot(common)) };
    };
    const started = new Stopwatch();
    const phase = (phase: BootPhase): void => {
      options.onProgress?.(handle.id, phase);
      this.onPhase(handle, phase);
    };
    const booted = handle.boot(bootOptions(), this.timeout, { phase }).then(report => {
      this.slowest = Math.max(this.slowest ?? 0, started.elapsed);
      return report;
    });
    booted.finally(() => started.stop()).catch(() => undefined); // whoever launches it is told
    return { handle, booted };
  }

  /** Nobody needs a worker any more. */
  close(): void {
    this.maker?.terminate();
  }

  /**
   * A snapshot that this host has made; null for the first worker, which starts at once.
   *
   * Beside it a worker starts that makes the snapshot, and ends: what Python sees of JavaScript is
   * not quite right there. All others wait for it, which is quicker than to start. For kernels alone:
   * a page has few workers, and no runner to import.
   */
  private async madeSnapshot(options: BootOptions): Promise<Blob | null> {
    if (options.runner === null) {
      return null;
    }
    const made = madeSnapshots.get(this.likeness);
    if (made !== undefined || this.making !== null) {
      return made ?? this.making;
    }
    this.making = this.makeSnapshot(options);
    return null;
  }

  private makeSnapshot(options: BootOptions): Promise<Blob | null> {
    const nobody = (): void => undefined;
    const events: HandleEvents = { frame: nobody, worn: nobody, ended: nobody };
    const maker = (this.maker = new WorkerHandle(options.id, this.workerUrl, events));
    return new Promise(resolve => {
      const end = (snapshot: Blob | null): void => {
        if (snapshot !== null) {
          madeSnapshots.set(this.likeness, snapshot);
        }
        resolve(snapshot);
        maker.terminate();
      };
      const task = { ...options, makeSnapshot: true, packages: [], code: '', drive: null };
      const told = { phase: nobody, snapshot: end };
      maker.boot(Promise.resolve(task), this.timeout, told).then(
        () => end(null),
        () => end(null)
      );
    });
  }

  /** What two workers have in common that can be restored from the same snapshot. */
  private get likeness(): string {
    const { pyodideUrl, lockFileUrl, runner } = this.options;
    return JSON.stringify([pyodideUrl, lockFileUrl, runner]);
  }

  private get timeout(): number {
    if (this.startTimeout !== null) {
      return this.startTimeout;
    }
    return this.slowest === null
      ? FIRST_TIMEOUT
      : Math.max(LEAST_TIMEOUT, TIMES_AS_LONG * this.slowest);
  }
}
