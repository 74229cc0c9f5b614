/**
 * One worker as its host holds it: started, spoken to, and known to have ended.
 *
 * A browser tells nobody when a worker closes itself, and a Pyodide boot can hang for good. So a
 * handle watches three things: the worker's own last word (a `fatal` frame), the worker's `error`
 * event while it starts, and a Web Lock that the worker holds as long as it lives (without locks,
 * its pulse). Whatever comes first ends the handle, once, and every promise of it settles.
 */
import * as Comlink from 'comlink';

import { PoolStartError, errorText } from '../errors';
import { PROTOCOL_VERSION, PULSE } from '../protocol';
import { afterBeats } from './beats';
import { isWorkerFrame } from './frames';
import { Inbox } from './inbox';
import { InterruptFlag } from './interruptFlag';
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
import type { WorkerEnd } from './events';

/** A worker whose pulse has not come so many times in a row is gone. */
const MISSED_PULSES = 3;

/**
 * The number of the next worker's process. Workers of one kernel never share one, whatever pools they
 * are of, and those of two kernels hardly ever: files are named after it.
 */
let nextPid = 1_000 + Math.floor(Math.random() * 2 ** 22);

/** What a worker says that is of interest beyond its handle. */
export type TaskWord = Exclude<WorkerFrame, StartFrame | StateFrame>;

/** Who is told of a worker's start. */
export interface StartEvents {
  phase: (phase: BootPhase) => void;
  /** The snapshot that was asked for; null where none could be made. Told once. */
  snapshot?: (snapshot: Blob | null) => void;
}

/** How much one worker should do: then another takes its place. */
export interface Share {
  /** Batches that it runs. */
  maxBatches: number;
  /** Bytes of its WebAssembly memory. */
  maxMemory: number;
}

export interface HandleEvents {
  frame(handle: WorkerHandle, frame: TaskWord): void;
  /** Something broke in a worker, which should be replaced when it has nothing to do. */
  worn(handle: WorkerHandle): void;
  ended(handle: WorkerHandle, end: WorkerEnd): void;
}

export class WorkerHandle {
  /** The number of its process, as Python names it. */
  readonly pid = nextPid++;
  /** What the worker was given. */
  readonly inbox = new Inbox((frame, transfer) => this.send(frame, transfer));
  /** True from the end of a successful boot to the end of the worker. */
  ready = false;
  /** Whether it was restored from a snapshot. */
  restored = false;
  /** Bytes of its WebAssembly memory, as it last said. */
  memorySize = 0;
  /** Why it should be given nothing more, and end when it has nothing to do; null where it need not. */
  worn: string | null = null;

  private readonly worker: Worker;
  private readonly control: Comlink.Remote<WorkerControl>;
  private readonly tasks: MessagePort;
  private readonly life = new AbortController();
  private readonly lock: string | null;
  private readonly pulse: MessagePort | null;
  private readonly interrupts = new InterruptFlag();
  private end: WorkerEnd | null = null;
  /** Who is still to hear of its start. What comes then is no word of a start. */
  private starting: StartEvents | null = null;

  constructor(
    readonly id: number,
    readonly url: string,
    private readonly events: HandleEvents
  ) {
    const control = new MessageChannel();
    const tasks = new MessageChannel();
    const beating = 'locks' in navigator ? null : new MessageChannel();
    this.lock = beating === null ? `jupyterlite-pool:${randomId()}` : null;
    this.pulse = beating?.port1 ?? null;
    this.control = Comlink.wrap<WorkerControl>(control.port1);
    this.tasks = tasks.port1;
    this.tasks.onmessage = event => this.receive(event.data);
    this.tasks.onmessageerror = () => this.finish('protocol', 'it sent what cannot be read');
    this.worker = new Worker(url, { type: 'module', name: `pool worker ${id}` });
    this.worker.onerror = event => {
      event.preventDefault();
      if (this.ready) {
        // An error that nobody caught is not the end of a worker, whose lock would tell of that.
        this.wear(event.message);
      } else {
        // A script that cannot be loaded gives an event without a message.
        this.finish('start', event.message || `${url} could not be loaded`);
      }
    };
    const hello: ConnectMessage = {
      kind: 'connect',
      control: control.port2,
      tasks: tasks.port2,
      lock: this.lock,
      pulse: beating?.port2 ?? null
    };
    const ports = [control.port2, tasks.port2, ...(beating ? [beating.port2] : [])];
    this.worker.postMessage(hello, ports);
  }

  /** Whether it has a job that it has not finished. */
  get busy(): boolean {
    return this.inbox.current !== null;
  }

  /** Whether it may be given a job and has none. */
  get free(): boolean {
    return this.ready && this.inbox.isOpen && !this.busy && this.worn === null;
  }

  get ended(): boolean {
    return this.end !== null;
  }

  /** Let the worker load Pyodide's scripts, before it is known what else it will be given. */
  preload(pyodideUrl: string): void {
    this.control.preload(pyodideUrl).catch(() => undefined);
  }

  /**
   * Make the worker ready.
   *
   * Rejects with `PoolStartError` when the boot fails, when the worker ends, or after `timeout`
   * milliseconds; the handle has then ended. The time counts for what the options wait for, too.
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
      const report = await this.orEnd(
        options.then(known => this.control.boot({ ...known, interrupts: this.interrupts.buffer }))
      );
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
        `worker ${this.id} (${this.url}) did not start: ${this.end?.message}`
      );
    } finally {
      callOff();
    }
  }

  /** Bytes of the worker's WebAssembly memory. */
  async memory(): Promise<number> {
    const size: unknown = await this.orEnd(this.control.memory());
    if (typeof size !== 'number') {
      this.finish('protocol', 'its memory is no number');
      return this.memorySize;
    }
    return size;
  }

  /** Stop the worker now, whatever it does. */
  terminate(): void {
    this.finish('terminated', 'stopped by its owner');
  }

  /** Ask Python to stop what it runs. False where it cannot be asked. */
  interrupt(): boolean {
    return this.interrupts.raise();
  }

  /**
   * Take note of an answer to the job that it runs.
   *
   * If the job is finished, and the worker has had its share, it wears out.
   */
  hearAnswer(frame: AnswerFrame, share: Share): void {
    if (frame.kind === 'result') {
      this.memorySize = frame.memory;
    }
    if (frame.kind !== 'result' || frame.done) {
      this.inbox.finish();
      this.interrupts.lower();
      this.wearOut(share);
    }
  }

  /** Let it end when it has nothing to do. */
  wear(message: string): void {
    if (!this.ended && this.worn === null) {
      this.worn = message;
      this.events.worn(this);
    }
  }

  /** A worker that was only set up has no wear: the one that took its place would be set up, too. */
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

  private send(frame: HostFrame, transfer: Transferable[] = []): void {
    // With no list at all: even an empty one costs.
    if (transfer.length === 0) {
      this.tasks.postMessage(frame);
    } else {
      this.tasks.postMessage(frame, transfer);
    }
  }

  /** A control call never outlives the worker: Comlink by itself would wait for ever. */
  private orEnd<T>(call: Promise<T>): Promise<T> {
    const signal = this.life.signal;
    return new Promise((resolve, reject) => {
      const onEnd = (): void => reject(new Error(this.end?.message ?? 'the worker has ended'));
      if (signal.aborted) {
        onEnd();
        return;
      }
      signal.addEventListener('abort', onEnd, { once: true });
      call.then(resolve, reject).finally(() => signal.removeEventListener('abort', onEnd));
    });
  }

  /** It is gone. What it had said is heard first: that came by another way, and may be in line. */
  private miss(): void {
    const line = new MessageChannel();
    line.port1.onmessage = () => {
      line.port1.close();
      this.finish('silent', 'it closed itself');
    };
    line.port2.postMessage(null);
  }

  /** The worker took its lock before anything else: being granted it means that it is gone. */
  private watchLock(): void {
    if (this.lock === null) {
      return;
    }
    navigator.locks
      .request(this.lock, { signal: this.life.signal }, () => this.miss())
      .catch(() => undefined); // aborted: the handle ended some other way
  }

  /** Its pulse comes from a worker of its own, which ends with it, and which nothing keeps busy. */
  private watchPulse(): void {
    const { pulse } = this;
    if (pulse === null) {
      return;
    }
    let missed = -Infinity; // until the first beat
    pulse.onmessage = () => {
      missed = 0;
    };
    const listen = (): void => {
      missed += 1;
      if (missed >= MISSED_PULSES) {
        this.miss();
      }
    };
    const timer = setInterval(listen, PULSE);
    this.life.signal.addEventListener('abort', () => {
      clearInterval(timer);
      pulse.close();
    });
  }

  private receive(frame: unknown): void {
    if (this.ended) {
      return; // a late word of a worker that was stopped
    }
    if (!isWorkerFrame(frame)) {
      this.finish('protocol', 'it sent what is no frame of a worker');
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
        this.watchLock(); // the worker has it by now
        this.watchPulse();
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

  /** End the handle for a reason found by its owner or itself; only the first one counts. */
  finish(
    reason: WorkerEnd['reason'],
    message: string,
    status: number | null = null,
    running: number | null = null
  ): void {
    if (this.end !== null) {
      return;
    }
    this.end = { reason, message, status, running, memory: this.memorySize };
    this.ready = false;
    this.worker.terminate();
    this.tasks.close();
    this.life.abort();
    this.events.ended(this, this.end);
  }
}

/** 128 random bits. `crypto.randomUUID` would do, but is missing on plain HTTP. */
function randomId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), byte =>
    byte.toString(16).padStart(2, '0')
  ).join('');
}
