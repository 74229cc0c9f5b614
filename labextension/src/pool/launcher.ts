/** Starts workers: with options, and within a time limit. */
import { lockFileOf } from '../protocol';
import type { BootOptions, BootPhase, BootReport } from '../protocol';
import { outlineOf } from '../snapshot';
import { afterBeats, Stopwatch } from './wakingTime';
import { WorkerHandle } from './handle';
import type { HandleEvents } from './handle';
import { DEFAULT_PYODIDE_URL, sharedLockFile, sharedRuntime } from './runtime';
import { SnapshotMaker, takeOver } from './snapshotMaker';
import type { MadeSnapshot } from './snapshotMaker';
import { outlineAhead, verifiedSnapshot } from './snapshots';
import type { SnapshotSource } from './snapshots';

/** The options of all workers of a pool. Every one may be left out. */
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
  /** A snapshot to restore workers from; null where the site has none. */
  snapshot?: SnapshotSource | null;
  /** Snapshots that other pools of the same kernel have made. */
  made?: readonly MadeSnapshot[];
  /** Hears of a snapshot that this pool has made. */
  onMade?: (made: MadeSnapshot) => void;
  /** Hears of every worker's progress while it starts. */
  onProgress?: (worker: number, phase: BootPhase) => void;
}

/** A worker, and its start. */
export interface Launched {
  handle: WorkerHandle;
  booted: Promise<BootReport>;
}

/**
 * Milliseconds. A start can hang for good, so it has a limit. Nothing is known of the device and the
 * line before the first start; later starts may take some times as long as the slowest one took.
 */
const FIRST_TIMEOUT = 60_000;
const LEAST_TIMEOUT = 30_000;
const TIMES_AS_LONG = 5;

/** A start waits for the site's snapshot for this share of that time, and for this many milliseconds. */
const SHARE_OF_SNAPSHOT = 1 / 3;
const LONGEST_FOR_SNAPSHOT = 20_000;

export class Launcher {
  private options: InitOptions = {};
  private nextWorker = 0;
  private readonly snapshotMaker: SnapshotMaker;
  /** Whether the site's snapshot has kept a start waiting for too long. No other waits for it then. */
  private isLate = false;
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
  ) {
    this.snapshotMaker = new SnapshotMaker(workerUrl, made => this.options.onMade?.(made));
  }

  /** Set the options of all workers, and fetch the files that they share. */
  prepare(options: InitOptions): void {
    // A worker would take a relative URL as relative to its own script.
    const { href } = new URL(options.pyodideUrl ?? DEFAULT_PYODIDE_URL, globalThis.location.href);
    this.options = { ...options, pyodideUrl: href };
    sharedRuntime(href).catch(() => undefined); // each start that needs it fails with the cause
    void sharedLockFile(lockFileOf(href, options.lockFileUrl ?? null));
    options.made?.forEach(takeOver);
  }

  /** Start a worker. */
  launch(): Launched {
    const { pyodideUrl = DEFAULT_PYODIDE_URL, onProgress } = this.options;
    const handle = new WorkerHandle(this.nextWorker++, this.workerUrl, this.events);
    const awake = handle.preload(pyodideUrl);
    const started = new Stopwatch();
    const phase = (phase: BootPhase): void => {
      onProgress?.(handle.id, phase);
      this.onPhase(handle, phase);
    };
    const options = this.bootOptions(handle, awake, pyodideUrl);
    const booted = handle.boot(options, this.timeout, { phase }).then(report => {
      this.slowest = Math.max(this.slowest ?? 0, started.elapsed);
      return report;
    });
    booted.finally(() => started.stop()).catch(() => undefined); // the caller has `booted`
    return { handle, booted };
  }

  /** Nobody needs workers any more. */
  close(): void {
    this.snapshotMaker.close();
  }

  private async bootOptions(
    handle: WorkerHandle,
    awake: Promise<void>,
    pyodideUrl: string
  ): Promise<BootOptions> {
    const { options } = this;
    const common: BootOptions = {
      id: handle.id,
      pid: handle.pid,
      pyodideUrl,
      lockFileUrl: options.lockFileUrl ?? null,
      lockFile: await sharedLockFile(lockFileOf(pyodideUrl, options.lockFileUrl ?? null)),
      runtime: await sharedRuntime(pyodideUrl),
      snapshot: null,
      makeSnapshot: false,
      packages: options.packages ?? [],
      files: options.files ?? null,
      runner: options.runner ?? null,
      code: options.code ?? '',
      drive: options.drive ?? null,
      turns: null, // the handle has these two
      stopSigns: null
    };
    const coming = this.snapshotFor(common, awake);
    const ahead = options.snapshot ? outlineAhead(options.snapshot) : null;
    if (ahead !== null) {
      void coming.then(snapshot => handle.lay(snapshot));
      return { ...common, snapshot: ahead };
    }
    const snapshot = await coming;
    handle.lay(snapshot);
    return { ...common, snapshot: snapshot && outlineOf(snapshot) };
  }

  /**
   * The site's snapshot, or one that is made here; null where the worker starts without one.
   *
   * To unpack the site's keeps this thread busy, and a browser needs this thread to start a worker. So
   * the worker comes first.
   */
  private async snapshotFor(
    common: BootOptions,
    awake: Promise<void>
  ): Promise<WebAssembly.Module | null> {
    const { snapshot } = this.options;
    await awake;
    const sites = snapshot ? await this.inTime(verifiedSnapshot(snapshot)) : null;
    return sites ?? this.snapshotMaker.snapshotFor(common, this.timeout);
  }

  /** A snapshot, or null if it takes so long that a worker starts sooner without it. */
  private inTime(coming: Promise<WebAssembly.Module | null>): Promise<WebAssembly.Module | null> {
    const patience = Math.min(this.timeout * SHARE_OF_SNAPSHOT, LONGEST_FOR_SNAPSHOT);
    return new Promise(resolve => {
      const callOff = afterBeats(this.isLate ? 1 : patience, () => {
        this.isLate = true;
        resolve(null);
      });
      void coming.then(resolve).finally(callOff);
    });
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
