/** The Python runner of a worker, as JavaScript calls and reads it. */
import type { OutputFrame, RunFrame } from '../protocol';
import { callPausable } from './pyodide';
import type { PyCallable, PyProxy, Pyodide } from './pyodide';

/** The runner that `jupyterlite_pool.worker.entry` connects. */
interface PythonRunner extends PyProxy {
  put: PyCallable;
  drop: PyCallable;
  cancel: PyCallable;
  interrupt: PyCallable;
  run: PyCallable;
  /**
   * The place in its batch of the task that runs, or -1; the used length of the log; the bytes of
   * the largest large file of the drive that the task has read or written.
   */
  state: PyProxy & { getBuffer(type: 'i32'): { data: Int32Array } };
  /** Results that are not posted yet. */
  log: PyProxy & { getBuffer(type: 'u8'): { data: Uint8Array } };
}

/** The functions by which the runner speaks to the host. */
export interface RunnerPort {
  result(
    batch: number,
    payload: Uint8Array<ArrayBuffer>,
    buffers: ArrayBuffer[] | undefined,
    done: boolean
  ): void;
  begin(batch: number): void;
  worn(message: string): void;
  output(task: number, stream: OutputFrame['stream'], text: string): void;
  retire(message: string): void;
  /** Python was asked to stop a task: whether it does so, or was busy with something else. */
  obeys(stops: boolean): void;
  error(batch: number, type: string, message: string, traceback: string): void;
}

/** Which worker the runner serves. */
export interface RunnerOptions {
  /** The Python module that connects the runner. */
  module: string;
  worker: number;
  pid: number;
  /** Whether the notebook's files are mounted. */
  drive: boolean;
}

/** The state of a runner whose Python has died. */
export interface Unposted {
  /** The place in its batch of the task that ran. */
  running: number;
  /** The results that were in the log; null where it was empty. */
  payload: Uint8Array<ArrayBuffer> | null;
}

export class Runner {
  private readonly runner: PythonRunner;
  /** Where `state` and `log` lie in the heap, which can be read when Python is dead. */
  private readonly statePlace: number;
  private readonly logPlace: number;

  constructor(
    private readonly python: Pyodide,
    { module, worker, pid, drive }: RunnerOptions,
    port: RunnerPort
  ) {
    const entry = python.pyimport(module) as PyProxy & { connect: PyCallable };
    this.runner = entry.connect(worker, pid, drive, port) as PythonRunner;
    entry.destroy();
    // The buffers are never released: Python could then move the bytes.
    this.statePlace = this.runner.state.getBuffer('i32').data.byteOffset;
    this.logPlace = this.runner.log.getBuffer('u8').data.byteOffset;
  }

  put(key: string, payload: Uint8Array, buffers: ArrayBuffer[]): void {
    this.runner.put(key, payload, buffers);
  }

  drop(key: string): void {
    this.runner.drop(key);
  }

  cancel(batch: number): void {
    this.runner.cancel(batch);
  }

  /** Stop the task that runs, if it awaits something. */
  interrupt(): void {
    this.runner.interrupt();
  }

  async run({ batch, payload, buffers }: RunFrame): Promise<void> {
    // Python takes time to look into an empty list.
    const some = buffers.length > 0 ? buffers : undefined;
    await callPausable(this.runner.run, batch, payload, some);
  }

  /** A task has read or written a large file of the drive. The runner warns of it. */
  noteLargeFile(bytes: number): void {
    const state = this.state;
    state[2] = Math.max(state[2] ?? 0, bytes);
  }

  /** The state when Python died; null where no task ran. */
  unposted(): Unposted | null {
    const [running = -1, used = 0] = this.state;
    if (running < 0) {
      return null;
    }
    const { buffer } = this.python._module.HEAP8;
    const payload = used > 0 ? new Uint8Array(buffer, this.logPlace, used).slice() : null;
    return { running, payload };
  }

  /** A fresh view: the heap moves when it grows. */
  private get state(): Int32Array {
    return new Int32Array(this.python._module.HEAP8.buffer, this.statePlace, 3);
  }
}
