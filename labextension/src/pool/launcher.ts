/** Starts workers: what each of them is given, and how long it may take. */
import type { BootOptions, BootPhase, BootReport } from '../protocol';
import { WorkerHandle } from './handle';
import type { HandleEvents } from './handle';
import { DEFAULT_PYODIDE_URL, compiledRuntime, madeSnapshots, verifiedSnapshot } from './runtime';
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
  /** What the first worker makes for the others, where the site has no snapshot for them. */
  private making: Promise<Blob | null> | null = null;
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
    compiledRuntime(href).catch(() => undefined);
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
    let tellOthers: (snapshot: Blob | null) => void = () => undefined;
    const bootOptions = async (): Promise<BootOptions> => {
      const sites = options.snapshot ? verifiedSnapshot(options.snapshot) : null;
      const module = await compiledRuntime(pyodideUrl);
      let snapshot = (await sites) ?? madeSnapshots.get(this.likeness) ?? null;
      let makeSnapshot = false;
      if (snapshot === null && this.making === null) {
        makeSnapshot = true;
        this.making = new Promise(resolve => {
          tellOthers = resolve;
        });
      } else {
        snapshot ??= await this.making;
      }
      return {
        id: handle.id,
        pyodideUrl,
        lockFileUrl: options.lockFileUrl ?? null,
        module,
        snapshot,
        makeSnapshot,
        packages: options.packages ?? [],
        files: options.files ?? null,
        runner: options.runner ?? null,
        code: options.code ?? '',
        drive: options.drive ?? null,
        interrupts: null // the handle's own
      };
    };
    const started = performance.now();
    const onPhase = (phase: BootPhase): void => {
      options.onProgress?.(handle.id, phase);
      this.onPhase(handle, phase);
    };
    const onSnapshot = (snapshot: Blob | null): void => {
      if (snapshot) {
        madeSnapshots.set(this.likeness, snapshot);
      }
      tellOthers(snapshot);
    };
    const booted = handle
      .boot(bootOptions(), this.timeout, onPhase, onSnapshot)
      .then(report => {
        this.slowest = Math.max(this.slowest ?? 0, performance.now() - started);
        return report;
      })
      .finally(() => tellOthers(null)); // for those who wait, if it has come to nothing
    return { handle, booted };
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
