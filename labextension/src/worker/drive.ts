/** Mounts the notebook's files as the kernel mounts them. */
import { DriveFS, ServiceWorkerContentsAPI } from '@jupyterlite/services/lib/contents/drivefs';
import type {
  TDriveMethod,
  TDriveRequest,
  TDriveResponse
} from '@jupyterlite/services/lib/contents/drivefs';

import { errorText } from '../errors';
import type { DriveOptions, Turns } from '../protocol';
import { TurnTaker } from '../driveTurns/taker';
import { shareOpenFiles } from './openFiles';
import type { FileSystem, Pyodide } from './pyodide';

/** A file of more bytes is large: the drive takes seconds for it, and blocks the page meanwhile. */
export const LARGE_FILE = 16 * 2 ** 20;

/** Bytes of a request or an answer beside the content of the file, such as names and dates. */
const ENVELOPE = 4096;

/** An answer may take `PATIENCE` milliseconds, and a second more per `BYTES_PER_SECOND` sent. */
const PATIENCE = 30_000;
const BYTES_PER_SECOND = 2 ** 20;

/** Milliseconds that a drive that may not exist has for its first answer. */
const PROBE_PATIENCE = 5_000;

/** Requests that only read: they can be sent again when no answer came. */
const READS: readonly TDriveMethod[] = ['readdir', 'getmode', 'lookup', 'getattr', 'get'];

/**
 * Requests that look at what must be there. If that has just gone, JupyterLite's page fails and
 * never answers. So they are given up early, and another request asks whether the path is there.
 */
const LOOKS: readonly TDriveMethod[] = ['readdir', 'getmode', 'getattr'];
const LOOK_PATIENCE = 4_000;

/** The events of a drive. */
export interface DriveEvents {
  /** A large file was read or written. */
  large(bytes: number): void;
}

/**
 * The drive's requests, whose failures are all errors of the file system.
 *
 * On a busy machine, a request can fail or get an empty answer; when the page is gone, it gets none.
 * Python turns an error of the file system into an `OSError`. Any other error would crash Python.
 */
class DriveRequests extends ServiceWorkerContentsAPI {
  events: DriveEvents | null = null;
  patience = PATIENCE;
  /** Null where the drive can answer several requests at once. */
  turns: TurnTaker | null = null;

  override request<T extends TDriveMethod>(data: TDriveRequest<T>): TDriveResponse<T> {
    const { ErrnoError } = this.FS as Pick<FileSystem, 'ErrnoError'>;
    const { EIO = 0, ENOENT = 0 } = this.ERRNO_CODES as Record<string, number>;
    const early = LOOKS.includes(data.method) && this.patience > LOOK_PATIENCE;
    let patience = early ? LOOK_PATIENCE : this.patience;
    for (let tries = READS.includes(data.method) ? 2 : 1; tries > 0; tries--) {
      try {
        return this.ask(data, patience);
      } catch (error) {
        if (error instanceof ErrnoError) {
          throw error;
        }
        console.warn(`jupyterlite-pool: the drive did not answer: ${errorText(error)}`);
        if (error instanceof DOMException && error.name === 'TimeoutError') {
          if (patience === this.patience) {
            break; // a second try would take as long
          }
          if (this.isGone(data.path)) {
            throw new ErrnoError(ENOENT);
          }
          patience = this.patience; // the page is only slow
        }
      }
    }
    throw new ErrnoError(EIO);
  }

  /** Whether there is nothing at a path any more. The page always answers this request. */
  private isGone(path: string): boolean {
    try {
      return !this.ask({ method: 'lookup', path }, this.patience).ok;
    } catch {
      return false;
    }
  }

  /** Send a request, as the base class does, but with a time limit. */
  private ask<T extends TDriveMethod>(data: TDriveRequest<T>, patience: number): TDriveResponse<T> {
    const { ErrnoError } = this.FS as Pick<FileSystem, 'ErrnoError'>;
    const { EINVAL = 0 } = this.ERRNO_CODES as Record<string, number>;
    const body = this.bodyOf(data);
    const request = new XMLHttpRequest();
    const send = (): void => {
      request.open('POST', encodeURI(this.endpoint), false);
      request.timeout = patience + (1000 * body.length) / BYTES_PER_SECOND;
      request.send(body);
    };
    if (this.turns === null) {
      send();
    } else {
      this.turns.during(send);
    }
    if (request.status >= 400) {
      throw new ErrnoError(EINVAL);
    }
    const answer = JSON.parse(request.responseText) as TDriveResponse<T>;
    const bytes = Math.max(body.length, request.responseText.length) * (3 / 4); // of base64
    if (bytes > LARGE_FILE + ENVELOPE) {
      this.events?.large(bytes);
    }
    return answer;
  }

  private bodyOf(data: object): string {
    const { _browsingContextId: browsingContextId } = this as object as Named;
    if (!browsingContextId) {
      return JSON.stringify(data); // the oldest JupyterLites know no contexts of pages
    }
    const requestId = crypto.randomUUID();
    return JSON.stringify({ data: { ...data, requestId }, browsingContextId, requestId });
  }
}

/** A private field of the base class. */
interface Named {
  /** Empty where the kernel knows none. */
  _browsingContextId: string;
}

class Drive extends DriveFS {
  /** Set by `createAPI`, which the base class's constructor calls. */
  declare requests: DriveRequests;

  override createAPI(options: DriveFS.IOptions): DriveRequests {
    this.requests = new DriveRequests(options as ConstructorParameters<typeof DriveRequests>[0]);
    return this.requests;
  }
}

/**
 * Let a file be renamed to a name that another worker has just made: the file replaces that one.
 *
 * Emscripten looks whether the new name is there, and if not, looks again before it uses the name. Each
 * look is a request, so another worker's file can come between the two.
 */
function replaceNewcomers(fs: FileSystem, exists: number | undefined): void {
  const rename = fs.rename.bind(fs);
  fs.rename = (from, to) => {
    try {
      rename(from, to);
    } catch (error) {
      if (!(error instanceof fs.ErrnoError) || error.errno !== exists) {
        throw error;
      }
      rename(from, to);
    }
  };
}

/**
 * Mount the drive. The page serves its files through JupyterLite's service worker.
 *
 * Returns false if `options.probe` is set and nobody answers, and where turns cannot be taken.
 */
export function mountDrive(
  python: Pyodide,
  options: DriveOptions,
  turns: Turns | null,
  events: DriveEvents
): boolean {
  const fs = python.FS as FileSystem;
  const { PATH, ERRNO_CODES } = python as object as Record<'PATH' | 'ERRNO_CODES', unknown>;
  const drive = new Drive({
    FS: fs,
    PATH,
    ERRNO_CODES,
    ...options
  } as object as DriveFS.IOptions);
  shareOpenFiles(drive);
  const api = drive.requests;
  api.events = events;
  api.turns = turns && new TurnTaker(turns.port, turns.seals);
  if (api.turns?.canSee === false) {
    console.warn(
      'jupyterlite-pool: a worker runs without the drive, which it cannot take turns at'
    );
    return false;
  }
  if (options.probe) {
    api.patience = PROBE_PATIENCE;
    try {
      api.readdir(options.mountpoint);
    } catch {
      console.warn('jupyterlite-pool: a worker runs without the drive, which does not answer');
      return false;
    }
    api.patience = PATIENCE;
  }
  replaceNewcomers(fs, (ERRNO_CODES as Record<string, number>).EEXIST);
  fs.mkdirTree(options.mountpoint);
  fs.mount(drive, {}, options.mountpoint);
  fs.chdir(options.mountpoint);
  return true;
}
