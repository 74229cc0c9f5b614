/** A worker without a thread: it answers the pool's first calls, and then does what a test says. */
import * as Comlink from 'comlink';

import { PROTOCOL_VERSION } from '../src/protocol';
import type {
  BootOptions,
  BootPhase,
  BootReport,
  ConnectMessage,
  HostFrame,
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
export const bootNever: Boot = () => new Promise(() => undefined);

export class FakeWorker {
  /** All workers since `reset`, in order. */
  static all: FakeWorker[] = [];
  /** How the next workers boot; the last one is for all that follow. */
  static boots: Boot[] = [bootWell];

  static reset(...boots: Boot[]): void {
    FakeWorker.all = [];
    FakeWorker.boots = boots.length > 0 ? boots : [bootWell];
  }

  /** The worker with this place, which a test knows to be there. */
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
  private tasks: MessagePort | null = null;
  private readonly boot: Boot;

  constructor(readonly url: string) {
    const place = Math.min(FakeWorker.all.length, FakeWorker.boots.length - 1);
    this.boot = FakeWorker.boots[place] ?? bootWell;
    FakeWorker.all.push(this);
  }

  postMessage(hello: ConnectMessage): void {
    this.lock = hello.lock;
    this.tasks = hello.tasks;
    this.tasks.onmessage = event => this.frames.push(event.data as HostFrame);
    const served: WorkerControl = {
      boot: async (options: BootOptions, onPhase: (phase: BootPhase) => void) => {
        onPhase('loading');
        const report = await this.boot(options);
        onPhase('ready');
        return report;
      },
      memory: () => 2000
    };
    Comlink.expose(served, hello.control);
  }

  terminate(): void {
    this.terminated = true;
  }

  // What a test lets it do.

  post(frame: WorkerFrame): void {
    this.tasks?.postMessage(frame);
  }

  /** Die as Python's own death is told. */
  die(running: number | null = null): void {
    this.post({ kind: 'fatal', reason: 'exited', status: 7, running, message: 'Python exited' });
  }

  fail(message: string): void {
    this.onerror?.({ message, preventDefault: () => undefined });
  }

  /** What it was given to run, by number. */
  get batches(): number[] {
    return this.frames.flatMap(f => (f.kind === 'run' || f.kind === 'eval' ? [f.batch] : []));
  }

  result(batch: number, done = true): void {
    const payload = new Uint8Array([batch]);
    this.post({ kind: 'result', batch, payload, buffers: [], next: 1, done, memory: 3000 });
  }
}

/** Web Locks, as far as one worker and its host use them. */
export class FakeLocks {
  private readonly waiting = new Map<string, () => void>();

  request(name: string, options: { signal: AbortSignal }, granted: () => void): Promise<void> {
    return new Promise((resolve, reject) => {
      options.signal.addEventListener('abort', () => reject(new Error('aborted')));
      this.waiting.set(name, () => {
        granted();
        resolve();
      });
    });
  }

  /** The holder is gone. */
  release(name: string): void {
    this.waiting.get(name)?.();
  }

  isAwaited(name: string): boolean {
    return this.waiting.has(name);
  }
}

/** The smallest module there is. */
export const EMPTY_MODULE = new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]));
