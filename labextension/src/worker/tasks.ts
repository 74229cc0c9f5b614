/**
 * The task loop: frames in, one after the other, results out.
 *
 * Batches of a kernel go to the Python runner, which posts its own results. Source of a web page is
 * evaluated here. Either way the port stays responsive only between frames: while Python computes,
 * nothing else of this worker runs.
 */
import { errorText } from '../errors';
import { transferables } from '../protocol';
import type {
  CancelFrame,
  EvalFrame,
  FatalFrame,
  HostFrame,
  OutputFrame,
  RunFrame,
  TaskFrame,
  WorkerFrame
} from '../protocol';
import type { PyCallable, PyProxy, Pyodide, PyodideFatal } from './pyodide';

/** Whether Python can be paused in this browser: without, a call that could be is an error. */
const CAN_SUSPEND = 'Suspending' in WebAssembly;

/** Milliseconds that the host has to hear a worker's last word, and to end it. */
const LAST_WORD = 2_000;

/**
 * What evaluates source. Its top level can be awaited, as with `runPythonAsync`, but what never
 * waits has ended when the call returns: to wait for the event loop's turns takes far longer.
 */
const EVALUATE = `
import asyncio
from pyodide.code import eval_code_async

def evaluate(code, space):
    loop = asyncio.get_running_loop()
    task = asyncio.Task(eval_code_async(code, space), loop=loop, eager_start=True)
    return task.result() if task.done() else task

evaluate
`;

/** The Python runner, as `jupyterlite_pool.worker.entry` connects it. */
interface Runner extends PyProxy {
  put: PyCallable;
  drop: PyCallable;
  cancel: PyCallable;
  run: PyCallable;
  /**
   * The place in its batch of the task that runs, or -1; the used length of the log; the bytes of
   * the largest large file of the drive that the task has read or written.
   */
  state: PyProxy & { getBuffer(type: 'i32'): { data: Int32Array } };
  /** Results that were not posted yet. */
  log: PyProxy & { getBuffer(type: 'u8'): { data: Uint8Array } };
}

export class TaskLoop {
  private runner: Runner | null = null;
  /** Made when there is source to evaluate: the workers of a kernel never have any. */
  private evaluator: PyCallable | null = null;
  /** Where `state` and `log` lie in the heap: they can be read there when Python is dead. */
  private last: { state: number; log: number } | null = null;
  /** The batch that it has turned to. */
  private batch: number | null = null;
  private inbox: Promise<void> = Promise.resolve();
  /** What ends this worker, as the browser made it. */
  private readonly close = self.close.bind(self);
  /** Whether it has said its last word. */
  private left = false;

  constructor(
    private readonly python: Pyodide,
    private readonly port: MessagePort
  ) {
    python._api.on_fatal = error => this.onFatal(error);
    // The browser would tell nobody, and it would not be known which task has run.
    self.close = () => this.onClose();
    self.addEventListener('unhandledrejection', event => {
      event.preventDefault(); // or else the browser would report it as well
      this.post({ kind: 'worn', message: `unhandled rejection: ${errorText(event.reason)}` });
    });
  }

  /** Import the Python side, which from now on serves `put`, `drop` and `run` frames. */
  connectRunner(name: string, worker: number, pid: number, drive: boolean): void {
    const module = this.python.pyimport(name) as PyProxy & { connect: PyCallable };
    this.runner = module.connect(worker, pid, drive, {
      result: (
        batch: number,
        payload: Uint8Array<ArrayBuffer>,
        buffers: ArrayBuffer[] = [],
        next: number,
        done: boolean
      ) => {
        const { memory } = this;
        const frame = { kind: 'result', batch, payload, buffers, next, done, memory } as const;
        this.post(frame, transferables(frame));
      },
      begin: (batch: number) => this.post({ kind: 'begin', batch }),
      worn: (message: string) => this.post({ kind: 'worn', message }),
      output: (task: number, stream: OutputFrame['stream'], text: string) =>
        this.post({ kind: 'output', task, stream, text }),
      retire: (message: string) => {
        this.leave({ reason: 'recycled', status: null, running: null, message });
      },
      error: (batch: number, type: string, message: string, traceback: string) =>
        this.post({ kind: 'error', batch, type, message, traceback })
    }) as Runner;
    // Held for good: a released buffer could move.
    this.last = {
      state: this.runner.state.getBuffer('i32').data.byteOffset,
      log: this.runner.log.getBuffer('u8').data.byteOffset
    };
    module.destroy();
  }

  /** Serve frames, in the order in which they come. */
  start(): void {
    if (!this.runner) {
      for (const stream of ['stdout', 'stderr'] as const) {
        const set = stream === 'stdout' ? this.python.setStdout : this.python.setStderr;
        set.call(this.python, {
          batched: text => this.post({ kind: 'output', task: -1, stream, text: `${text}\n` })
        });
      }
    }
    this.port.onmessage = event => {
      const frame = event.data as HostFrame;
      if (frame.kind === 'cancel') {
        this.runner?.cancel(frame.batch); // not in line: it is about the frame that runs
        return;
      }
      this.inbox = this.inbox
        .then(() => this.serve(frame))
        .catch((error: unknown) => this.refuse(frame, error));
    };
  }

  /** A task has read or written a large file of the drive: Python will warn of it. */
  noteLargeFile(bytes: number): void {
    if (this.last !== null) {
      const state = new Int32Array(this.python._module.HEAP8.buffer, this.last.state, 3);
      state[2] = Math.max(state[2] ?? 0, bytes);
    }
  }

  private get memory(): number {
    return this.python._module.HEAP8.length;
  }

  private async serve(frame: Exclude<HostFrame, CancelFrame>): Promise<void> {
    if (this.left) {
      return;
    }
    switch (frame.kind) {
      case 'put':
        this.runner?.put(frame.key, frame.payload, frame.buffers);
        return;
      case 'drop':
        this.runner?.drop(frame.key);
        return;
      case 'run':
      case 'eval':
        await this.turnTo(frame);
    }
  }

  private async turnTo(frame: TaskFrame): Promise<void> {
    if (frame.acknowledge) {
      this.post({ kind: 'taken', batch: frame.batch });
    }
    this.batch = frame.batch;
    await (frame.kind === 'run' ? this.run(frame) : this.evaluate(frame));
    this.batch = null;
  }

  private async run(frame: RunFrame): Promise<void> {
    const { batch, payload } = frame;
    const buffers = frame.buffers.length > 0 ? frame.buffers : undefined; // to look at them costs
    if (CAN_SUSPEND) {
      // A call that Python may pause, so that a task can wait for a promise.
      await this.runner?.run.callPromising(batch, payload, buffers);
    } else {
      await this.runner?.run(batch, payload, buffers);
    }
  }

  /** Say that a frame could not be served: its host waits for an answer. */
  private refuse(frame: HostFrame, error: unknown): void {
    console.error(`jupyterlite-pool: a worker could not serve a frame: ${errorText(error)}`);
    if (frame.kind === 'run' || frame.kind === 'eval') {
      const [type, message] = ['WorkerError', errorText(error)];
      this.post({ kind: 'error', batch: frame.batch, type, message, traceback: message });
    }
  }

  private async evaluate({ batch, code }: EvalFrame): Promise<void> {
    try {
      const { globals } = this.python;
      const evaluate = (this.evaluator ??= this.makeEvaluator());
      const running: unknown = CAN_SUSPEND
        ? evaluate.callPromising(code, globals)
        : evaluate(code, globals);
      const value = toPlain(await running);
      this.post({ kind: 'value', batch, value });
    } catch (error) {
      const { type, message } = error as Error & { type?: string };
      this.post({
        kind: 'error',
        batch,
        type: type ?? 'Error',
        // The message of Pyodide's PythonError, which alone has a type, is the whole traceback.
        message: type === undefined ? message : this.lastMessage(),
        traceback: message
      });
    }
  }

  private makeEvaluator(): PyCallable {
    // In globals of its own: these names are none of the user's.
    const options: object = { globals: this.python.toPy({}) as unknown };
    return this.python.runPython(EVALUATE, options) as PyCallable;
  }

  private lastMessage(): string {
    return this.python.runPython('import sys; str(sys.last_exc)') as string;
  }

  private post(frame: WorkerFrame, transfer: Transferable[] = []): void {
    // With no list at all: even an empty one costs.
    if (transfer.length === 0) {
      this.port.postMessage(frame);
    } else {
      this.port.postMessage(frame, transfer);
    }
  }

  private onFatal(error: PyodideFatal): void {
    const exited = error.name === 'Exit';
    this.leave({
      reason: exited ? 'exited' : 'fatal',
      status: exited ? (error.status ?? exitStatus(error.message)) : null,
      running: this.postLastResults(),
      message: exited ? `Python exited: ${error.message}` : `${error.name}: ${error.message}`
    });
  }

  private onClose(): void {
    const running = this.postLastResults();
    this.leave({ reason: 'silent', status: null, running, message: 'it closed itself' });
  }

  /**
   * Say a last word, and serve nothing any more: neither what comes now nor what waits here.
   *
   * The host ends this worker as soon as it hears. Closing at once would lose the last word in
   * Firefox, now and then.
   */
  private leave(word: Omit<FatalFrame, 'kind' | 'batch' | 'memory'>): void {
    if (this.left) {
      return;
    }
    const { batch, memory } = this;
    this.post({ kind: 'fatal', batch, memory, ...word });
    this.left = true;
    this.port.onmessage = null;
    setTimeout(this.close, LAST_WORD);
  }

  /** Post what Python had finished but not posted; returns the place of the task that ran. */
  private postLastResults(): number | null {
    if (this.last === null || this.batch === null) {
      return null;
    }
    // Fresh views, since the heap has moved if it has grown.
    const { buffer } = this.python._module.HEAP8;
    const [place = -1, used = 0] = new Int32Array(buffer, this.last.state, 2);
    if (place < 0) {
      return null;
    }
    if (used > 0) {
      const payload = new Uint8Array(buffer, this.last.log, used).slice();
      const { batch, memory } = this;
      this.post({ kind: 'result', batch, payload, buffers: [], next: place, done: false, memory }, [
        payload.buffer
      ]);
    }
    return place;
  }
}

/** `exit(7)` says so only in words. */
function exitStatus(message: string): number | null {
  const digits = /-?\d+/.exec(message);
  return digits ? Number(digits[0]) : null;
}

/** A value that can be posted, with every proxy on the way to it destroyed. */
function toPlain(value: unknown): unknown {
  // The proxy of something callable is a function, and is to be destroyed like any other.
  const isObject = typeof value === 'object' || typeof value === 'function';
  if (isObject && value !== null && 'toJs' in value) {
    const proxy = value as PyProxy & { toJs(options: object): unknown };
    const proxies: PyProxy[] = [];
    try {
      return proxy.toJs({
        create_pyproxies: false,
        pyproxies: proxies,
        dict_converter: Object.fromEntries
      });
    } finally {
      proxy.destroy();
    }
  }
  return value;
}
