/** Makes a snapshot beside the first worker, where the site has none. */
import { errorText } from '../errors';
import type { BootOptions } from '../protocol';
import { WorkerHandle } from './handle';
import type { HandleEvents } from './handle';
import { compileSnapshot } from './snapshots';

/** A snapshot, and what all workers have in common that can be restored from it. */
export interface MadeSnapshot {
  likeness: string;
  snapshot: WebAssembly.Module;
}

/**
 * The snapshots that this host has made, by their likeness. They stay in memory: a snapshot is state
 * that runs, and storage of the browser could be changed by any script of the origin.
 */
const made = new Map<string, WebAssembly.Module>();

/** Take over a snapshot that another host of the same kernel has made. */
export function takeOver({ likeness, snapshot }: MadeSnapshot): void {
  made.set(likeness, snapshot);
}

/**
 * Starts a worker that makes a snapshot and then ends: such a worker cannot serve, since a Pyodide
 * that can make snapshots shows Python not quite the JavaScript that others do.
 *
 * The first worker starts at once. All others wait for the snapshot, which is quicker than an
 * ordinary start. A page makes none: it has few workers, and no runner to import.
 */
export class SnapshotMaker {
  private making: Promise<WebAssembly.Module | null> | null = null;
  private worker: WorkerHandle | null = null;

  /**
   * @param onMade hears of the snapshot
   */
  constructor(
    private readonly workerUrl: string,
    private readonly onMade: (made: MadeSnapshot) => void
  ) {}

  /**
   * The snapshot for a worker with these options; null where the worker starts without one.
   *
   * @param timeout milliseconds that the making may take
   */
  snapshotFor(options: BootOptions, timeout: number): Promise<WebAssembly.Module | null> {
    const snapshot = made.get(likenessOf(options)) ?? null;
    if (options.runner === null || snapshot !== null) {
      return Promise.resolve(snapshot);
    }
    if (this.making !== null) {
      return this.making;
    }
    this.making = this.make(options, timeout);
    return Promise.resolve(null);
  }

  /** Nobody needs the snapshot any more. */
  close(): void {
    this.worker?.terminate();
  }

  private async make(options: BootOptions, timeout: number): Promise<WebAssembly.Module | null> {
    const nobody = (): void => undefined;
    const events: HandleEvents = { frame: nobody, worn: nobody, ended: nobody };
    const worker = (this.worker = new WorkerHandle(options.id, this.workerUrl, events));
    const packed = await new Promise<Blob | null>(resolve => {
      const task = { ...options, makeSnapshot: true, packages: [], code: '', drive: null };
      const none = (): void => resolve(null);
      const told = { phase: nobody, snapshot: resolve };
      worker.boot(Promise.resolve(task), timeout, told).then(none, none);
    });
    worker.terminate();
    const snapshot = await compile(packed);
    if (snapshot !== null) {
      const result = { likeness: likenessOf(options), snapshot };
      takeOver(result);
      this.onMade(result);
    }
    return snapshot;
  }
}

/** A snapshot as workers use it; null on failure. */
async function compile(packed: Blob | null): Promise<WebAssembly.Module | null> {
  try {
    return packed && (await compileSnapshot(packed.stream()));
  } catch (error) {
    console.warn(`jupyterlite-pool: no snapshot could be made: ${errorText(error)}`);
    return null;
  }
}

/** Two workers of the same likeness can be restored from one snapshot. */
function likenessOf({ pyodideUrl, lockFileUrl, runner }: BootOptions): string {
  return JSON.stringify([pyodideUrl, lockFileUrl, runner]);
}
