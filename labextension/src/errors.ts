/**
 * The errors of a pool, for pages and kernels.
 *
 * Their names are those of the Python package's `errors` module, and a test keeps the two lists equal.
 */

/** The base of all errors of a pool. */
export class PoolError extends Error {
  override name = 'PoolError';
}

/** No worker could be started: the message names the URL and the cause. */
export class PoolStartError extends PoolError {
  override name = 'PoolStartError';
}

/** A worker stopped while it ran a task. */
export class TerminatedWorkerError extends PoolError {
  override name = 'TerminatedWorkerError';

  constructor(
    message: string,
    /** Why the worker ended, as in `WorkerEnd`. */
    readonly reason: string
  ) {
    super(message);
  }
}

/** The source that was given to `PyodidePool.run` raised an exception. */
export class RemoteError extends PoolError {
  override name = 'RemoteError';

  constructor(
    /** The Python exception's class name, such as `ValueError`. */
    readonly type: string,
    message: string,
    /** The traceback as Python prints it. */
    readonly traceback: string
  ) {
    super(message);
  }
}

/** A text for anything that was thrown. */
export function errorText(error: unknown): string {
  if (error instanceof Error) {
    return `${error.name}: ${error.message}`;
  }
  const text = String(error);
  // Emscripten throws objects that are no errors, and have no text of their own.
  return text === '[object Object]' ? JSON.stringify(error) : text;
}
