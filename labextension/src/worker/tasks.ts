/**
 * The task loop of a worker: frames in, one after the other, and results out.
 *
 * The batches of a kernel go to the Python runner, which posts its own results. What a web
 * page asks for is done here. While Python computes, the worker hears no frame.
 */
import { errorText } from '../errors';
import { transferables } from '../protocol';
import type {
  CancelFrame,
  FatalFrame,
  HostFrame,
  StopFrame,
  TaskFrame,
  CallsFrame,
  WorkerFrame
} from '../protocol';
import { Answers } from './answers';
import { Evaluator } from './evaluator';
import type { Pyodide, PyodideFatal } from './pyodide';
import { Runner } from './runner';
import type { RunnerOptions, RunnerPort } from './runner';
import type { StopSign } from './stopSign';

/** Milliseconds that the host has to hear a worker's last word, and to stop the worker. */
const LAST_WORD = 2_000;

export class TaskLoop {
  /** Null in the workers of a web page. */
  private runner: Runner | null = null;
  private readonly evaluator: Evaluator;
  /** The answers to the calls that it makes for a page; null while it makes none. */
  private answers: Answers | null = null;
  /** The batch that the worker has turned to. */
  private batch: number | null = null;
  /** Settles when all frames that have come are served. */
  private served: Promise<void> = Promise.resolve();
  /** How many frames are not served yet. */
  private waiting = 0;
  /** The browser's own way to close this worker. */
  private readonly close = self.close.bind(self);
  /** Whether the worker has said its last word. */
  private left = false;

  constructor(
    private readonly python: Pyodide,
    private readonly port: MessagePort,
    private readonly stopSign: StopSign | null = null
  ) {
    this.evaluator = new Evaluator(python, stopSign === null);
    python._api.on_fatal = error => this.onFatal(error);
    // The browser would close the worker without telling anybody which task had called this.
    self.close = () => this.onClose();
    self.addEventListener('unhandledrejection', event => {
      event.preventDefault(); // the browser would report it as well
      this.post({ kind: 'worn', message: `unhandled rejection: ${errorText(event.reason)}` });
    });
  }

  /** Connect the Python runner, which serves `put`, `drop` and `run` frames. */
  connectRunner(options: RunnerOptions): void {
    this.runner = new Runner(this.python, options, this.runnerPort());
  }

  /** Serve frames in the order in which they come. */
  start(): void {
    if (!this.runner) {
      this.postOutput();
      this.evaluator.prepare();
    }
    this.port.onmessage = event => {
      const frame = event.data as HostFrame;
      if (frame.kind === 'cancel') {
        this.runner?.cancel(frame.batch); // at once: it is about the batch that runs
        return;
      }
      if (frame.kind === 'stop') {
        if (this.stopSign?.hear(frame)) {
          this.runner?.interrupt();
        }
        return;
      }
      const serve = (): Promise<void> => this.serveOrRefuse(frame);
      // At once, if no other frame is being served: a turn in line takes time.
      this.served = this.waiting++ === 0 ? serve() : this.served.then(serve);
    };
  }

  /** A task has read or written a large file of the drive. */
  noteLargeFile(bytes: number): void {
    this.runner?.noteLargeFile(bytes);
  }

  private get memory(): number {
    return this.python._module.HEAP8.length;
  }

  private runnerPort(): RunnerPort {
    return {
      result: (batch, payload, buffers = [], done) => {
        const { memory } = this;
        const frame = { kind: 'result', batch, payload, buffers, done, memory } as const;
        this.post(frame, transferables(frame));
      },
      begin: batch => this.post({ kind: 'begin', batch }),
      obeys: stops => this.stopSign?.answered(stops),
      worn: message => this.post({ kind: 'worn', message }),
      output: (task, stream, text) => this.post({ kind: 'output', task, stream, text }),
      retire: message => this.leave({ reason: 'recycled', status: null, running: null, message }),
      error: (batch, type, message, traceback) =>
        this.post({ kind: 'error', batch, type, message, traceback })
    };
  }

  /** Post the text that a page's source prints. */
  private postOutput(): void {
    for (const stream of ['stdout', 'stderr'] as const) {
      const set = stream === 'stdout' ? this.python.setStdout : this.python.setStderr;
      set.call(this.python, {
        batched: text => this.post({ kind: 'output', task: -1, stream, text: `${text}\n` })
      });
    }
  }

  private async serveOrRefuse(frame: Exclude<HostFrame, CancelFrame | StopFrame>): Promise<void> {
    try {
      await this.serve(frame);
    } catch (error) {
      this.refuse(frame, error);
    } finally {
      this.waiting -= 1;
    }
  }

  private async serve(frame: Exclude<HostFrame, CancelFrame | StopFrame>): Promise<void> {
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
      case 'calls':
        await this.turnTo(frame);
    }
  }

  private async turnTo(frame: TaskFrame): Promise<void> {
    if (frame.acknowledge) {
      this.post({ kind: 'taken', batch: frame.batch });
    }
    this.batch = frame.batch;
    this.stopSign?.begin();
    try {
      await (frame.kind === 'run' ? this.runner?.run(frame) : this.makeCalls(frame));
    } finally {
      this.stopSign?.end();
    }
    this.batch = null;
  }

  private async makeCalls({ batch, calls }: CallsFrame): Promise<void> {
    const answers = (this.answers = new Answers(batch, calls.length, frame => this.post(frame)));
    await this.evaluator.makeCalls(calls, answers);
    this.answers = null;
  }

  /** A frame could not be served. If the host waits for an answer, tell it. */
  private refuse(frame: HostFrame, error: unknown): void {
    console.error(`jupyterlite-pool: a worker could not serve a frame: ${errorText(error)}`);
    if (frame.kind === 'run' || frame.kind === 'calls') {
      const [type, message] = ['WorkerError', errorText(error)];
      this.post({ kind: 'error', batch: frame.batch, type, message, traceback: message });
    }
  }

  private post(frame: WorkerFrame, transfer: Transferable[] = []): void {
    // An empty list costs more than none.
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
   * Say the last word, and serve no frame after it.
   *
   * The host stops this worker when it hears the word. The worker closes itself only later: in
   * Firefox, a worker that closes at once sometimes loses its last word.
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

  /** Post the results that Python had not posted. Returns the place of the task that ran. */
  private postLastResults(): number | null {
    const { batch, memory, answers } = this;
    if (answers !== null) {
      answers.end();
      return answers.answered;
    }
    const unposted = batch === null ? null : this.runner?.unposted();
    if (batch === null || !unposted) {
      return null;
    }
    const { running, payload } = unposted;
    if (payload !== null) {
      this.post({ kind: 'result', batch, payload, buffers: [], done: false, memory }, [
        payload.buffer
      ]);
    }
    return running;
  }
}

/** The status of `exit(7)`, which Pyodide tells in words alone. */
function exitStatus(message: string): number | null {
  const digits = /-?\d+/.exec(message);
  return digits ? Number(digits[0]) : null;
}
