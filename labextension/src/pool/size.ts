/** How many workers a pool has: by default, and at most. */

/** Every device can carry this many; for browsers that do not tell the device's memory. */
const CAP_WITHOUT_MEMORY_HINT = 8;

/** A Pyodide worker with some data takes a few hundred MB, and the page needs its share. */
const WORKERS_PER_GIGABYTE = 2;

interface DeviceHints {
  hardwareConcurrency?: number;
  /** Gigabytes, rounded by the browser; Chromium only. */
  deviceMemory?: number;
}

/** The most workers that this device should be asked to run. */
export function workerCap(hints: DeviceHints = navigator): number {
  return hints.deviceMemory === undefined
    ? CAP_WITHOUT_MEMORY_HINT
    : Math.max(1, Math.floor(hints.deviceMemory * WORKERS_PER_GIGABYTE));
}

/** One worker per core, but no more than the cap. */
export function defaultSize(hints: DeviceHints = navigator): number {
  return Math.min(Math.max(1, hints.hardwareConcurrency ?? 1), workerCap(hints));
}

/** Returns a size if it is valid, and throws if not. */
export function checkSize(size: number): number {
  if (!Number.isInteger(size) || size < 1) {
    throw new RangeError(`size must be a whole number of at least 1, not ${size}`);
  }
  return size;
}
