/**
 * The messages between a host (the kernel's worker, or a web page) and a pool worker.
 *
 * This file imports nothing, and has next to no code. `wire/protocol.py` states the same facts for
 * Python, and a test keeps the two equal.
 *
 * A host and a worker share two private ports. On the *control* port, Comlink carries a few calls
 * (`WorkerControl`). On the *task* port, plain frames carry the work: a frame's buffers are
 * transferred, and only Python looks inside a payload.
 */

/** Raise this whenever a frame changes shape. A host uses no worker of another version. */
export const PROTOCOL_VERSION = 10;

/** Bytes that Python's pickle wrote, and the buffers that it left out of them. */
export interface Encoded {
  payload: Uint8Array<ArrayBuffer>;
  buffers: ArrayBuffer[];
}

/** A payload of fewer bytes is copied as fast as it is transferred; see `benchmarks`. */
export const SMALL = 1 << 14;

/** The parts of an encoded value that are worth transferring instead of copying. */
export function transferables({ payload, buffers }: Encoded): ArrayBuffer[] {
  return payload.byteLength < SMALL ? buffers : [payload.buffer, ...buffers];
}

// --- host → worker, on the task port -----------------------------------------------------------

/** Keep an object, such as a function, that tasks will name by its key. */
export interface PutFrame extends Encoded {
  kind: 'put';
  key: string;
}

/** Forget an object. */
export interface DropFrame {
  kind: 'drop';
  key: string;
}

/** Start no more tasks of a batch. The worker heeds this between two tasks of it. */
export interface CancelFrame {
  kind: 'cancel';
  batch: number;
}

/** Stop what a turn runs, if it awaits something; one that computes hears of it by its stop signs. */
export interface StopFrame {
  kind: 'stop';
  turn: number;
  /** A new seal in the place of the one that is broken now; null where memory is shared. */
  seal: string | null;
}

/** The fields of every frame that takes a worker's time. */
interface Asked {
  batch: number;
  /** Whether the worker must say when it turns to this frame: it had no other when this was sent. */
  acknowledge: boolean;
}

/** Run a batch of tasks. */
export interface RunFrame extends Encoded, Asked {
  kind: 'run';
}

/**
 * What a page wants of a worker's globals: source to evaluate, or a function to call by its name, which
 * may pause Python only if the page has said so.
 */
export type PageCall = string | readonly [name: string, args: readonly unknown[], pauses?: boolean];

/** Make some calls of a page, one after the other. */
export interface CallsFrame extends Asked {
  kind: 'calls';
  calls: readonly PageCall[];
}

/** A frame that takes a worker's time. The worker works on one at a time. */
export type TaskFrame = RunFrame | CallsFrame;
export type HostFrame = TaskFrame | PutFrame | DropFrame | CancelFrame | StopFrame;

// --- worker → host, on the task port -----------------------------------------------------------

/** A step of the worker's start. The last step ends the start. */
export interface PhaseFrame {
  kind: 'phase';
  phase: BootPhase;
}

/** The snapshot that the worker was started to make; null where it failed. */
export interface SnapshotFrame {
  kind: 'snapshot';
  snapshot: Blob | null;
}

/**
 * The worker turns to a frame that it must acknowledge. If the worker ends without having sent this,
 * nothing of the frame ran, and another worker can be given it.
 */
export interface TakenFrame {
  kind: 'taken';
  batch: number;
}

/** Results of some tasks of a batch. */
export interface ResultFrame extends Encoded {
  kind: 'result';
  batch: number;
  done: boolean;
  /** Bytes of the worker's WebAssembly memory, which can only grow. */
  memory: number;
}

/** A task with a time limit begins. Everything that it needs is ready. */
export interface BeginFrame {
  kind: 'begin';
  batch: number;
}

/** An exception of Python. */
export interface Raised {
  /** The name of its class. */
  type: string;
  message: string;
  traceback: string;
}

/** What became of the next calls of a `CallsFrame`, in their order. */
export interface ValuesFrame {
  kind: 'values';
  batch: number;
  /** Their values, converted to JavaScript; of those that have failed, what was raised. */
  values: readonly unknown[];
  /** The places in `values` of those that have failed; null for none. */
  failed: readonly number[] | null;
  /**
   * How many calls the worker will still answer. If more are left, it has begun none of them, and
   * gives them back.
   */
  kept: number;
  /** Milliseconds that these calls took. */
  took: number;
}

/** A batch failed as a whole: its code raised, or its payload could not be read. */
export interface ErrorFrame {
  kind: 'error';
  batch: number;
  type: string;
  message: string;
  traceback: string;
}

/**
 * Something to show for a task. `task` is -1 where no task of a batch was running.
 *
 * `stdout`, `stderr`: text that the task printed. `display`: an output, as JSON. `phase`: whether
 * the worker is `preparing` for the task, by loading missing packages, or `running` it.
 */
export interface OutputFrame {
  kind: 'output';
  task: number;
  stream: 'stdout' | 'stderr' | 'display' | 'phase';
  text: string;
}

/** Something broke in the worker. It goes on, and should be replaced when it is idle. */
export interface WornFrame {
  kind: 'worn';
  message: string;
}

/** The worker's last word: it runs nothing any more, and closes itself. */
export interface FatalFrame {
  kind: 'fatal';
  /**
   * `exited`: `os._exit(status)`. `fatal`: abort, trap or stack overflow. `silent`: its code has
   * called `self.close()`. `recycled`: a module that it had imported has changed; no task runs.
   */
  reason: 'exited' | 'fatal' | 'silent' | 'recycled';
  status: number | null;
  /** The batch that the worker had turned to. */
  batch: number | null;
  /** The place in its batch of the task that ran; null where none ran. */
  running: number | null;
  message: string;
  /** Bytes of the worker's WebAssembly memory. */
  memory: number;
}

/** An answer to a task frame. */
export type AnswerFrame = ResultFrame | ErrorFrame | ValuesFrame;
/** A frame about the start of a worker. */
export type StartFrame = PhaseFrame | SnapshotFrame;
/** A frame about a worker's own state. */
export type StateFrame = WornFrame | FatalFrame;
export type WorkerFrame =
  StartFrame | StateFrame | TakenFrame | BeginFrame | AnswerFrame | OutputFrame;

// --- control port ------------------------------------------------------------------------------

/** The only message that a host sends over a worker's global channel. All others use the ports. */
export interface ConnectMessage {
  kind: 'connect';
  control: MessagePort;
  tasks: MessagePort;
  /** Name of the Web Lock that the worker holds while it lives; null where there are no locks. */
  lock: string | null;
  /** Where the worker's pulse must beat; null where a lock tells of its end. */
  pulse: MessagePort | null;
}

/**
 * The message that a worker sends to an inner worker, which then only beats on this port.
 *
 * Where there are no locks, a host can so tell a worker that computes for minutes from one that is
 * gone: the inner worker beats on while the outer one is busy, and ends when it ends.
 */
export interface PulseMessage {
  kind: 'pulse';
  port: MessagePort;
}

/** Milliseconds between two beats of a worker's pulse. */
export const PULSE = 1_000;

/** Where the notebook's files are served; see JupyterLite's `DriveFS`. */
export interface DriveOptions {
  baseUrl: string;
  driveName: string;
  mountpoint: string;
  /** The page that serves them; left out where the service worker of the site asks any page. */
  browsingContextId?: string | undefined;
  /** Whether to try first if anybody answers there. */
  probe: boolean;
  /** Whether it can answer one request at a time; see `driveTurns/`. */
  takesTurns: boolean;
}

/** The files of Pyodide that a host loads once for all of its workers. */
export interface SharedRuntime {
  /** `pyodide.asm.wasm`, compiled. */
  module: WebAssembly.Module;
  /** `python_stdlib.zip`. */
  library: Blob;
}

/** The options of a start. */
export interface BootOptions {
  id: number;
  /** The number of the worker's process, as Python names it. */
  pid: number;
  /** Absolute URL of `pyodide.mjs`. */
  pyodideUrl: string;
  /** Absolute URL of the lock file; null for the one beside Pyodide. */
  lockFileUrl: string | null;
  /** The text of the lock file; null where the worker is to request it. */
  lockFile: string | null;
  /** The files that all workers of a host share; null to load them anew. */
  runtime: SharedRuntime | null;
  /**
   * The outline of a Pyodide's memory that is ready except for its files; null to start one anew. The
   * memory itself comes by `lay`.
   */
  snapshot: { heapSize: number; head: Uint8Array<ArrayBuffer> } | null;
  /** Whether to make a snapshot of this worker, which then serves no tasks. */
  makeSnapshot: boolean;
  /** Packages of the lock file to load. */
  packages: string[];
  /** A zip archive to unpack in site-packages before anything is imported. */
  files: Uint8Array<ArrayBuffer> | null;
  /** Python module whose `connect(...)` serves `run` frames; null for `calls` frames alone. */
  runner: string | null;
  /** Python source to run once, in the worker's globals. */
  code: string;
  drive: DriveOptions | null;
  /** How the worker takes turns at a drive that can answer one request at a time; null elsewhere. */
  turns: Turns | null;
  /** What tells Python to stop; null for nothing. */
  stopSigns: StopSigns | null;
}

/** The absolute URL of a lock file, which is the one beside Pyodide if none is named. */
export function lockFileOf(pyodideUrl: string, lockFileUrl: string | null): string {
  return new URL(lockFileUrl ?? 'pyodide-lock.json', pyodideUrl).href;
}

/** Turns at the drive (`driveTurns/`). */
export interface Turns {
  port: MessagePort;
  /** The seals of the first turns. */
  seals: string[];
}

/**
 * What a worker looks at while its Python computes, to see whether it is to stop what it runs.
 *
 * A turn is one batch; a worker's turns count from 1.
 */
export type StopSigns = SharedSign | Seals;

/** Shared memory, which has the number of the turn that is to stop. */
export interface SharedSign {
  memory: SharedArrayBuffer;
}

/** Seals (`interrupt/seal.ts`), where memory cannot be shared. */
export interface Seals {
  /** It is never broken. */
  control: string;
  /** Those of the next turns, each at the number of its turn modulo their count. */
  seals: string[];
}

/** The steps of a worker's start, in order. */
export const BOOT_PHASES = ['loading', 'packages', 'code', 'ready'] as const;
export type BootPhase = (typeof BOOT_PHASES)[number];

export interface BootReport {
  protocol: number;
  pyodide: string;
  /** Whether the worker was restored from the snapshot. */
  restored: boolean;
  /** Milliseconds from the boot call to ready. */
  took: number;
  /** Bytes of the worker's WebAssembly memory. */
  memory: number;
}

/**
 * The calls that Comlink carries. No call hands over a function: a worker runs code that its host need
 * not trust, and that code could reach through a function into the host.
 */
export interface WorkerControl {
  /** Load Pyodide's scripts while the host still prepares the options of `boot`. */
  preload(pyodideUrl: string): void;
  /**
   * Take over the snapshot whose outline is in the options of `boot`; null if it cannot be used after
   * all. It may come before `boot` and after it, so that no worker waits for a snapshot in order to
   * begin.
   */
  lay(snapshot: WebAssembly.Module | null): void;
  /** Make Pyodide ready. The task port tells of each phase. */
  boot(options: BootOptions): Promise<BootReport>;
  /** Bytes of the worker's WebAssembly memory. */
  memory(): number;
}
