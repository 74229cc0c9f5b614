/** A worker without a thread. It answers the pool's first calls, then a test speaks for it. */
import * as Comlink from 'comlink';

import { PROTOCOL_VERSION } from '../src/protocol';
import type {
  BootOptions,
  BootReport,
  ConnectMessage,
  HostFrame,
  TaskFrame,
  WorkerControl,
  WorkerFrame
} from '../src/protocol';

/** How a worker boots: a report, an error, or (with a promise that never settles) not at all. */
export type Boot = (options: BootOptions) => Promise<BootReport>;

export const REPORT: BootReport = {
  protocol: PROTOCOL_VERSION,
  pyodide: '0.0.0',
  restored: false,
  took: 1,
  memory: 1000
};

export const bootWell: Boot = () => Promise.resolve(REPORT);
export const bootBadly: Boot = () => Promise.reject(new Error('no Python here'));
export const bootLate: Boot = () => new Promise(done => setTimeout(() => done(REPORT), 50));
export const bootNever: Boot = () => new Promise(() => undefined);

export class FakeWorker {
  /** All workers since `reset`, in order. */
  static all: FakeWorker[] = [];
  /** How the next workers boot, in order; the last way serves all later ones. */
  static boots: Boot[] = [bootWell];
  /** The snapshot that a worker makes; null where it fails, undefined where it never comes. */
  static snapshot: Blob | null | undefined = null;

  static reset(...boots: Boot[]): void {
    FakeWorker.all = [];
    FakeWorker.snapshot = null;
    FakeWorker.boots = boots.length > 0 ? boots : [bootWell];
  }

  /** The worker at a place. Throws where there is none. */
  static at(place: number): FakeWorker {
    const worker = FakeWorker.all.at(place);
    if (!worker) {
      throw new Error(`there is no worker ${place} of ${FakeWorker.all.length}`);
    }
    return worker;
  }

  onerror: ((event: { message: string; preventDefault(): void }) => void) | null = null;
  readonly frames: HostFrame[] = [];
  terminated = false;
  lock: string | null = null;
  pulse: MessagePort | null = null;
  /** The options of its boot. */
  options: BootOptions | null = null;
  /** The snapshots that it was handed, in order. */
  readonly laid: (WebAssembly.Module | null)[] = [];
  /** Whether it turns to no further batch, without a word. */
  deaf = false;
  private tasks: MessagePort | null = null;
  private control: MessagePort | null = null;
  private readonly done = new Set<number>();
  private working: number | null = null;
  private readonly boot: Boot;

  constructor(readonly url: string) {
    const place = Math.min(FakeWorker.all.length, FakeWorker.boots.length - 1);
    this.boot = FakeWorker.boots[place] ?? bootWell;
    FakeWorker.all.push(this);
  }

  postMessage(hello: ConnectMessage): void {
    this.lock = hello.lock;
    this.pulse = hello.pulse;
    this.tasks = hello.tasks;
    this.control = hello.control;
    this.tasks.onmessage = event => {
      this.frames.push(event.data as HostFrame);
      this.turn();
    };
    const served: WorkerControl = {
      preload: () => undefined,
      lay: snapshot => void this.laid.push(snapshot),
      boot: async (options: BootOptions) => {
        this.options = options;
        this.post({ kind: 'phase', phase: 'loading' });
        if (options.makeSnapshot && FakeWorker.snapshot !== undefined) {
          this.post({ kind: 'snapshot', snapshot: FakeWorker.snapshot });
        }
        const report = await this.boot(options);
        this.post({ kind: 'phase', phase: 'ready' });
        return report;
      },
      memory: () => 2000
    };
    Comlink.expose(served, hello.control);
  }

  terminate(): void {
    this.terminated = true;
    this.control?.close(); // Node would keep the port, and all of its listeners
  }

  /** Send a frame to the host. */
  post(frame: WorkerFrame): void {
    this.tasks?.postMessage(frame);
    const ends = (frame.kind === 'values' && frame.kept === 0) || frame.kind === 'error';
    if (ends || (frame.kind === 'result' && frame.done)) {
      this.done.add(frame.batch);
      this.working = null;
      this.turn();
    }
  }

  /** Turn to the next batch, if none is being worked on. */
  private turn(): void {
    const next = this.asked.find(({ batch }) => !this.done.has(batch));
    if (next !== undefined && this.working === null && !this.deaf) {
      this.working = next.batch;
      if (next.acknowledge) {
        this.post({ kind: 'taken', batch: next.batch });
      }
    }
  }

  /** Send the last word of a Python that has exited. */
  die(running: number | null = null, batch = this.working): void {
    this.post({
      kind: 'fatal',
      reason: 'exited',
      status: 7,
      batch,
      running,
      message: 'Python exited',
      memory: 4000
    });
  }

  /** Have an error that nobody catches. */
  fail(message: string): void {
    this.onerror?.({ message, preventDefault: () => undefined });
  }

  /** The numbers of the batches that it was given. */
  get batches(): number[] {
    return this.asked.map(({ batch }) => batch);
  }

  private get asked(): TaskFrame[] {
    return this.frames.filter(frame => frame.kind === 'run' || frame.kind === 'calls');
  }

  /** Whether the host asks it to stop what it runs in a turn, from 1. */
  isAsked(turn: number): boolean {
    const signs = this.options?.stopSigns;
    if (!signs) {
      return false;
    }
    if ('memory' in signs && new Int32Array(signs.memory)[0] !== turn) {
      return false;
    }
    return this.frames.some(frame => frame.kind === 'stop' && frame.turn === turn);
  }

  /** Send the only value of a frame. */
  value(batch: number, value: unknown): void {
    this.post({ kind: 'values', batch, values: [value], failed: null, kept: 0, took: 1 });
  }

  /** Send a result. */
  result(batch: number, done = true): void {
    const payload = new Uint8Array([batch]);
    this.post({ kind: 'result', batch, payload, buffers: [], done, memory: 3000 });
  }
}

type Granted = (lock: object | null) => unknown;

/** The Web Locks that workers and hosts use. */
export class FakeLocks {
  private readonly lines = new Map<string, (() => void)[]>();
  private readonly taken = new Set<string>();

  request(name: string, options: LockOptions, granted: Granted): Promise<void> {
    return new Promise((resolve, reject) => {
      const take = (): void => {
        this.taken.add(name);
        void Promise.resolve(granted({ name })).then(() => {
          this.release(name);
          resolve();
        });
      };
      if (options.ifAvailable) {
        if (this.taken.has(name)) {
          granted(null);
          resolve();
        } else {
          take();
        }
        return;
      }
      options.signal?.addEventListener('abort', () => {
        this.lines.set(
          name,
          this.line(name).filter(other => other !== take)
        );
        reject(new Error('aborted'));
      });
      this.lines.set(name, [...this.line(name), take]);
      // Some worker holds a name, unless it is the name of a slot.
      if (name.includes('slot') && !this.taken.has(name)) {
        this.release(name);
      }
    });
  }

  /** Let somebody else take a name. */
  take(name: string): void {
    this.taken.add(name);
  }

  /** End the holder of a name: the next one in line gets it. */
  release(name: string): void {
    this.taken.delete(name);
    const [next, ...others] = this.line(name);
    this.lines.set(name, others);
    next?.();
  }

  /** Whether somebody waits for a name. */
  isAwaited(name: string): boolean {
    return this.line(name).length > 0;
  }

  /** The names that are held now. */
  get held(): string[] {
    return [...this.taken].sort();
  }

  private line(name: string): (() => void)[] {
    return this.lines.get(name) ?? [];
  }
}

/** The smallest module there is. */
export const EMPTY_MODULE = new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]));

/** An answer that is valid for each of Pyodide's files. */
export const emptyFile = (): Promise<Response> =>
  Promise.resolve(new Response(`PK\x05\x06${'\0'.repeat(18)}`));
