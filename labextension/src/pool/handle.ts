/**
 * One worker, as its host holds it: started, spoken to, and known to have ended.
 *
 * A worker can end in many ways, and a start can hang for good. The handle hears of an end from the
 * worker's last word (a `fatal` frame), from the browser's `error` event during the start, from a
 * time limit, and from `Life`. The first of these ends the handle, and settles its promises.
 */
import * as Comlink from 'comlink';

import { PoolStartError, errorText } from '../errors';
import { PROTOCOL_VERSION } from '../protocol';
import type {
  AnswerFrame,
  BootOptions,
  BootPhase,
  BootReport,
  ConnectMessage,
  HostFrame,
  StartFrame,
  StateFrame,
  WorkerControl,
  WorkerFrame
} from '../protocol';
import { TurnKeeper } from '../driveTurns/keeper';
import { afterBeats } from './wakingTime';
import type { WorkerEnd } from './events';
import { isWorkerFrame } from './frames';
import { Inbox } from './inbox';
import { Life } from './life';
import { scriptOf } from './script';
import { Stopper } from './stopper';

/**
 * The process number of the next worker. Files are named after it, so no two workers of a kernel
 * share one, and workers of two kernels hardly ever do.
 */
let nextPid = 1_000 + Math.floor(Math.random() * 2 ** 22);

/** Why a worker ends that is not to blame. */
export const STOPPED = 'stopped by its owner';

/** The frames that a handle passes on. */
export type TaskWord = Exclude<WorkerFrame, StartFrame | StateFrame>;

/** The events of a worker's start. */
export interface StartEvents {
  phase: (phase: BootPhase) => void;
  /** The snapshot that the worker was started to make; null where it failed. Called once. */
  snapshot?: (snapshot: Blob | null) => void;
}

/** The events of a worker. */
export interface HandleEvents {
  frame(handle: WorkerHandle, frame: TaskWord): void;
  /** Something broke in the worker: it should be replaced when it is idle. */
  worn(handle: WorkerHandle): void;
  ended(handle: WorkerHandle, end: WorkerEnd): void;
}

/** How much one worker should do before another takes its place. */
export interface Share {
  /** Batches. */
  maxBatches: number;
  /** Bytes of its WebAssembly memory. */
  maxMemory: number;
}

/** Whether a worker has nothing more to say to a job. */
export function isLast(frame: AnswerFrame): boolean {
  return frame.kind === 'result' ? frame.done : frame.kind === 'error' || frame.kept === 0;
}

export class WorkerHandle {
  /** The number of its process, as Python names it. */
  readonly pid = nextPid++;
  /** The jobs and objects that the worker was given. */
  readonly inbox = new Inbox((frame, transfer) => this.send(frame, transfer));
  /** True from the end of a successful start to the end of the worker. */
  ready = false;
  /** Whether the worker was restored from a snapshot. */
  restored = false;
  /** Bytes of its WebAssembly memory, as the worker last said. */
  memorySize = 0;
  /** Why the worker should be given nothing more, and end when it is idle; null where it is well. */
  worn: string | null = null;

  private readonly life = new Life(() => this.finish('silent', 'it closed itself'));
  private readonly stopper = new Stopper(frame => this.send(frame));
  /** Null where workers need no turns at the drive. */
  private turns: TurnKeeper | null = null;
  private readonly worker: Worker;
  private readonly control: Comlink.Remote<WorkerControl>;
  private readonly controlPort: MessagePort;
  private readonly tasks: MessagePort;
  /** The listener to the start; null before the start and after it. */
  private starting: StartEvents | null = null;

  constructor(
    readonly id: number,
    readonly url: string,
    private readonly events: HandleEvents
  ) {
    const control = new MessageChannel();
    const tasks = new MessageChannel();
    this.controlPort = control.port1;
    this.control = Comlink.wrap<WorkerControl>(control.port1);
    this.tasks = tasks.port1;
    this.tasks.onmessage = event => this.receive(event.data);
    this.tasks.onmessageerror = () =>
      this.finish('protocol', 'it sent a message that cannot be read');
    this.worker = new Worker(scriptOf(url, this.pid), {
      type: 'module',
      name: `pool worker ${id}`
    });
    this.worker.onerror = event => this.onError(event);
    this.connect(control.port2, tasks.port2);
  }

  /** Whether the worker has a job that it has not finished. */
  get busy(): boolean {
    return this.inbox.current !== null;
  }

  /** Whether the worker may be given a job, and has none. */
  get free(): boolean {
    return this.ready && this.inbox.isOpen && !this.busy && this.worn === null;
  }

  get ended(): boolean {
    return this.life.end !== null;
  }

  /**
   * Let the worker load Pyodide's scripts while its other options are still being prepared.
   *
   * Resolves when the worker's own script runs. If it ends before, this may stay open for good.
   */
  async preload(pyodideUrl: string): Promise<void> {
    await this.control.preload(pyodideUrl).catch(() => undefined);
  }

  /** Hand over the snapshot that the options of `boot` tell of; null if there is none after all. */
  lay(snapshot: WebAssembly.Module | null): void {
    this.control.lay(snapshot).catch(() => undefined);
  }

  /**
   * Make the worker ready.
   *
   * Rejects with `PoolStartError` when the start fails, when the worker ends, or after `timeout`
   * milliseconds; the handle has then ended. The time includes the wait for the options.
   */
  async boot(
    options: Promise<BootOptions>,
    timeout: number,
    events: StartEvents
  ): Promise<BootReport> {
    this.starting = events;
    const callOff = afterBeats(timeout, () =>
      this.finish('start', `not ready after ${Math.round(timeout / 1000)} s`)
    );
    try {
      const report = await this.life.orEnd(options.then(known => this.order(known)));
      if (report.protocol !== PROTOCOL_VERSION) {
        throw new Error(`it speaks version ${report.protocol}, not ${PROTOCOL_VERSION}`);
      }
      this.ready = true;
      this.memorySize = report.memory;
      this.restored = report.restored;
      return report;
    } catch (error) {
      this.finish('start', errorText(error));
      throw new PoolStartError(
        `worker ${this.id} (${this.url}) did not start: ${this.life.end?.message}`
      );
    } finally {
      callOff();
    }
  }

  private order(options: BootOptions): Promise<BootReport> {
    const stopSigns = this.stopper.signs;
    if (!options.drive?.takesTurns || this.ended) {
      return this.control.boot({ ...options, stopSigns });
    }
    const { port1, port2: port } = new MessageChannel();
    this.turns = new TurnKeeper(port1);
    const turns = { port, seals: this.turns.first };
    return this.control.boot(Comlink.transfer({ ...options, stopSigns, turns }, [port]));
  }

  /** Bytes of the worker's WebAssembly memory. */
  async memory(): Promise<number> {
    const size: unknown = await this.life.orEnd(this.control.memory());
    if (typeof size !== 'number') {
      this.finish('protocol', 'the size of its memory is no number');
      return this.memorySize;
    }
    return size;
  }

  /** Ask Python to stop the first job. */
  interrupt(): void {
    this.stopper.ask(this.inbox.turns + 1);
  }

  /** Take note of an answer to the first job. After its last answer, the worker may be worn out. */
  hearAnswer(frame: AnswerFrame, share: Share): void {
    if (frame.kind === 'result') {
      this.memorySize = frame.memory;
    }
    if (frame.kind === 'values') {
      this.inbox.count(frame.values.length);
    }
    if (isLast(frame)) {
      this.inbox.finish();
      this.wearOut(share);
    }
  }

  /** Let the worker end when it is idle, because something went wrong. */
  wear(message: string): void {
    if (!this.ended && this.worn === null) {
      this.worn = message;
      this.events.worn(this);
    }
  }

  /** Stop the worker now, whatever it does. */
  terminate(): void {
    this.finish('terminated', STOPPED);
  }

  /** End the handle. Only the first end counts. */
  finish(
    reason: WorkerEnd['reason'],
    message: string,
    status: number | null = null,
    running: number | null = null
  ): void {
    const end: WorkerEnd = { reason, message, status, running, memory: this.memorySize };
    if (this.life.close(end)) {
      this.ready = false;
      this.worker.terminate();
      this.tasks.close();
      this.controlPort.close();
      this.stopper.close();
      this.turns?.close();
      this.events.ended(this, end);
    }
  }

  /** Hand the worker its ports, in the only message that its global channel hears. */
  private connect(control: MessagePort, tasks: MessagePort): void {
    const { lock, pulse } = this.life;
    const hello: ConnectMessage = { kind: 'connect', control, tasks, lock, pulse };
    this.worker.postMessage(hello, [control, tasks, ...(pulse ? [pulse] : [])]);
  }

  private send(frame: HostFrame, transfer: Transferable[] = []): void {
    // An empty list costs more than none.
    if (transfer.length === 0) {
      this.tasks.postMessage(frame);
    } else {
      this.tasks.postMessage(frame, transfer);
    }
  }

  private onError(event: ErrorEvent): void {
    event.preventDefault();
    if (this.ready) {
      // A worker survives an error that nobody caught.
      this.wear(event.message);
    } else {
      // A script that cannot be loaded gives an event without a message.
      this.finish('start', event.message || `${this.url} could not be loaded`);
    }
  }

  private receive(frame: unknown): void {
    if (this.ended) {
      return;
    }
    if (!isWorkerFrame(frame)) {
      this.finish('protocol', 'it sent a message that is no frame of a worker');
    } else if (frame.kind === 'phase' || frame.kind === 'snapshot') {
      this.hearStart(frame);
    } else if (frame.kind === 'fatal') {
      this.memorySize = frame.memory;
      this.inbox.hearLast(frame.batch);
      this.finish(frame.reason, frame.message, frame.status, frame.running);
    } else if (frame.kind === 'worn') {
      this.wear(frame.message);
    } else {
      this.events.frame(this, frame);
    }
  }

  private hearStart(frame: StartFrame): void {
    const { starting } = this;
    if (frame.kind === 'phase' && starting !== null) {
      if (frame.phase === 'loading') {
        this.life.watch(); // the worker holds its lock by now
      } else if (frame.phase === 'ready') {
        this.starting = null;
      }
      starting.phase(frame.phase);
    } else if (frame.kind === 'snapshot' && starting?.snapshot) {
      this.starting = { phase: starting.phase };
      starting.snapshot(frame.snapshot);
    } else {
      this.finish('protocol', `it sent a ${frame.kind} that nobody waits for`);
    }
  }

  /** A worker that was only set up is not worn: its replacement would be set up as well. */
  private wearOut({ maxBatches, maxMemory }: Share): void {
    const { served } = this.inbox;
    if (served === 0) {
      return;
    }
    if (served >= maxBatches) {
      this.worn ??= `it had run ${served} tasks`;
    } else if (this.memorySize > maxMemory) {
      this.worn ??= `its memory had grown to ${Math.round(this.memorySize / 2 ** 20)} MB`;
    }
  }
}
