/**
 * What travels between a host (the kernel's worker, or a web page) and a pool worker.
 *
 * Imports nothing, and holds next to no code. The Python side of the same facts is `wire/protocol.py`,
 * and a test keeps the two equal.
 *
 * A host and a worker share two private ports. On the *control* port, Comlink carries the few calls
 * of a worker's life (`WorkerControl`). On the *task* port, plain frames carry the work: a frame's
 * buffers are transferred, and nothing but the worker's own Python looks inside a payload.
 */

/** Raised whenever a frame changes shape; a worker of another version is not used. */
export const PROTOCOL_VERSION = 6;

/** Bytes written by Python's pickle, with the buffers that it left out of band. */
export interface Encoded {
  payload: Uint8Array<ArrayBuffer>;
  buffers: ArrayBuffer[];
}

/** A payload of fewer bytes than this is copied as fast as it is handed over; see `benchmarks`. */
export const SMALL = 1 << 14;

/** What of a frame that carries something encoded is handed over instead of copied. */
export function transferables({ payload, buffers }: Encoded): ArrayBuffer[] {
  return payload.byteLength < SMALL ? buffers : [payload.buffer, ...buffers];
}

// --- host → worker, on the task port -----------------------------------------------------------

/** Keep an object (a function, an environment) that tasks will name by its key. */
export interface PutFrame extends Encoded {
  kind: 'put';
  key: string;
}

/** Forget an object. */
export interface DropFrame {
  kind: 'drop';
  key: string;
}

/** Start no more tasks of a batch. Heeded between two tasks, while the batch runs. */
export interface CancelFrame {
  kind: 'cancel';
  batch: number;
}

/** What every frame has that takes a worker's time. */
interface Asked {
  batch: number;
  /** Whether the worker is to say when it turns to this: it had nothing to do when it was asked. */
  acknowledge: boolean;
}

/** Run a batch of tasks. */
export interface RunFrame extends Encoded, Asked {
  kind: 'run';
}

/** Evaluate Python source in the worker's globals. */
export interface EvalFrame extends Asked {
  kind: 'eval';
  code: string;
}

/** A frame that takes a worker's time: a worker has at most one of them. */
export type TaskFrame = RunFrame | EvalFrame;
export type HostFrame = TaskFrame | PutFrame | DropFrame | CancelFrame;

// --- worker → host, on the task port -----------------------------------------------------------

/** A step of the worker's start. Nothing of a start comes after the last of them. */
export interface PhaseFrame {
  kind: 'phase';
  phase: BootPhase;
}

/** The snapshot that it was started to make; null where that failed. */
export interface SnapshotFrame {
  kind: 'snapshot';
  snapshot: Blob | null;
}

/**
 * The worker turns to a frame that was to be acknowledged. If it is lost before, another worker can
 * be given the frame: nothing of it ran.
 */
export interface TakenFrame {
  kind: 'taken';
  batch: number;
}

/** Results of some tasks of a batch. `next` is the place in the batch of the task that runs next. */
export interface ResultFrame extends Encoded {
  kind: 'result';
  batch: number;
  next: number;
  done: boolean;
  /** Bytes of the worker's WebAssembly memory, which can only grow. */
  memory: number;
}

/** A task with a time limit begins: what had to be prepared for it is there. */
export interface BeginFrame {
  kind: 'begin';
  batch: number;
}

/** The value of an `EvalFrame`, converted to JavaScript. */
export interface ValueFrame {
  kind: 'value';
  batch: number;
  value: unknown;
}

/** A batch ended as a whole: its code raised, or its payload could not be read. */
export interface ErrorFrame {
  kind: 'error';
  batch: number;
  type: string;
  message: string;
  traceback: string;
}

/**
 * Something a task has to show. `task` is -1 where no task of a batch was running.
 *
 * `stdout`, `stderr`: text that it printed. `display`: what it displayed, as JSON. `phase`: whether
 * its worker is `preparing` for it, with packages that are missing there, or `running` it.
 */
export interface OutputFrame {
  kind: 'output';
  task: number;
  stream: 'stdout' | 'stderr' | 'display' | 'phase';
  text: string;
}

/** The worker goes on, but should be replaced when it has nothing to do: something broke in it. */
export interface WornFrame {
  kind: 'worn';
  message: string;
}

/** The worker runs nothing any more. It closes itself after this frame. */
export interface FatalFrame {
  kind: 'fatal';
  /**
   * `exited`: `os._exit(status)`. `fatal`: abort, trap or stack overflow. `silent`: its code has
   * called `self.close()`. `recycled`: what it has imported has changed since; no task runs.
   */
  reason: 'exited' | 'fatal' | 'silent' | 'recycled';
  status: number | null;
  /** The batch that it had turned to. */
  batch: number | null;
  /** The place in its batch of the task that ran, or null where none did. */
  running: number | null;
  message: string;
  /** Bytes of the worker's WebAssembly memory. */
  memory: number;
}

/** What a worker answers to a task frame. */
export type AnswerFrame = ResultFrame | ErrorFrame | ValueFrame;
/** What a worker says while it starts. */
export type StartFrame = PhaseFrame | SnapshotFrame;
/** What it says of its own state. */
export type StateFrame = WornFrame | FatalFrame;
export type WorkerFrame =
  StartFrame | StateFrame | TakenFrame | BeginFrame | AnswerFrame | OutputFrame;

// --- control port ------------------------------------------------------------------------------

/** What a host sends with the global `postMessage`, once; everything else is on the ports. */
export interface ConnectMessage {
  kind: 'connect';
  control: MessagePort;
  tasks: MessagePort;
  /** Name of the Web Lock that the worker holds while it lives; null where there are no locks. */
  lock: string | null;
  /** Where its pulse goes; null where a lock tells of its end. */
  pulse: MessagePort | null;
}

/**
 * What a worker sends to a worker of its own, which then does nothing but post to this port.
 *
 * Where there are no locks, this is how a worker that computes for minutes is told from one that is
 * gone: the inner worker beats on while the outer one is busy, and ends with it.
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
  browsingContextId: string;
  /** Whether it may be that nobody answers there. */
  probe: boolean;
}

/** Those of Pyodide's files that a host has once for all of its workers. */
export interface SharedRuntime {
  /** `pyodide.asm.wasm`, compiled. */
  module: WebAssembly.Module;
  /** `python_stdlib.zip`. */
  library: Blob;
}

/** What a worker needs to become ready. */
export interface BootOptions {
  id: number;
  /** The number of its process, as Python names it. */
  pid: number;
  /** Absolute URL of `pyodide.mjs`. */
  pyodideUrl: string;
  /** Absolute URL of the lock file; null for the one beside Pyodide. */
  lockFileUrl: string | null;
  /** What all workers of a host share; null to load it anew. */
  runtime: SharedRuntime | null;
  /** The memory of a Pyodide that is ready but for its files; null to start one anew. */
  snapshot: Blob | null;
  /** Whether to make a snapshot of this worker, which then serves nobody. */
  makeSnapshot: boolean;
  /** Packages of the lock file to load. */
  packages: string[];
  /** Files to lay down in site-packages before anything is imported, as a zip archive. */
  files: Uint8Array<ArrayBuffer> | null;
  /** Python module with `connect(...)`, which serves `run` frames; null for `eval` frames alone. */
  runner: string | null;
  /** Python source to run once, in the worker's globals. */
  code: string;
  drive: DriveOptions | null;
  /** Where a host asks Python to stop what it runs; null where memory cannot be shared. */
  interrupts: SharedArrayBuffer | null;
}

/** The steps of a worker's start, in order. */
export const BOOT_PHASES = ['loading', 'packages', 'code', 'ready'] as const;
export type BootPhase = (typeof BOOT_PHASES)[number];

export interface BootReport {
  protocol: number;
  pyodide: string;
  /** Whether its memory was restored from the snapshot. */
  restored: boolean;
  /** Milliseconds from the boot call to ready. */
  took: number;
  /** Bytes of the worker's WebAssembly memory. */
  memory: number;
}

/**
 * The calls that Comlink carries. None of them hands over a function: who holds the other end of one
 * reaches all that a function can reach, and a worker runs code that its host need not trust.
 */
export interface WorkerControl {
  /** Load Pyodide's scripts, while the host still gets ready what `boot` is given. */
  preload(pyodideUrl: string): void;
  /** Make Pyodide ready. How far that is, the task port tells. */
  boot(options: BootOptions): Promise<BootReport>;
  /** Bytes of the worker's WebAssembly memory. */
  memory(): number;
}
