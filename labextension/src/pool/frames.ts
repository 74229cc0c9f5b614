/** Checks every message of a worker: a host stops a worker that sends anything but frames. */
import { BOOT_PHASES } from '../protocol';
import type { FatalFrame, OutputFrame, WorkerFrame } from '../protocol';

type Fields = Record<string, unknown>;

const PHASES: readonly unknown[] = BOOT_PHASES;
const STREAMS: readonly unknown[] = [
  'stdout',
  'stderr',
  'display',
  'phase'
] satisfies OutputFrame['stream'][];
const DEATHS: readonly unknown[] = [
  'exited',
  'fatal',
  'silent',
  'recycled'
] satisfies FatalFrame['reason'][];

/** The check of each kind of frame. */
const CHECKS: { [K in WorkerFrame['kind']]: (frame: Fields) => boolean } = {
  phase: frame => PHASES.includes(frame.phase),
  snapshot: frame => frame.snapshot === null || frame.snapshot instanceof Blob,
  taken: frame => isWhole(frame.batch),
  result: frame =>
    isWhole(frame.batch) &&
    frame.payload instanceof Uint8Array &&
    Array.isArray(frame.buffers) &&
    frame.buffers.every(buffer => buffer instanceof ArrayBuffer) &&
    typeof frame.done === 'boolean' &&
    isPlace(frame.memory),
  begin: frame => isWhole(frame.batch),
  values: frame =>
    isWhole(frame.batch) &&
    Array.isArray(frame.values) &&
    (frame.failed === null || areFailures(frame.failed, frame.values)) &&
    isPlace(frame.kept) &&
    typeof frame.took === 'number',
  error: frame =>
    isWhole(frame.batch) &&
    typeof frame.type === 'string' &&
    typeof frame.message === 'string' &&
    typeof frame.traceback === 'string',
  output: frame =>
    isWhole(frame.task) && STREAMS.includes(frame.stream) && typeof frame.text === 'string',
  worn: frame => typeof frame.message === 'string',
  fatal: frame =>
    DEATHS.includes(frame.reason) &&
    (frame.status === null || isWhole(frame.status)) &&
    (frame.batch === null || isWhole(frame.batch)) &&
    (frame.running === null || isPlace(frame.running)) &&
    typeof frame.message === 'string' &&
    isPlace(frame.memory)
};

export function isWorkerFrame(data: unknown): data is WorkerFrame {
  if (typeof data !== 'object' || data === null) {
    return false;
  }
  const frame = data as Fields;
  return Object.hasOwn(CHECKS, String(frame.kind))
    ? CHECKS[frame.kind as WorkerFrame['kind']](frame)
    : false;
}

/** Whether something is a list of places in values, and each such value is an exception. */
function areFailures(failed: unknown, values: readonly unknown[]): boolean {
  return Array.isArray(failed) && failed.every(place => isPlace(place) && isRaised(values[place]));
}

function isRaised(value: unknown): boolean {
  const { type, message, traceback } = (value ?? {}) as Fields;
  return [type, message, traceback].every(text => typeof text === 'string');
}

function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value);
}

function isPlace(value: unknown): value is number {
  return isWhole(value) && value >= 0;
}
