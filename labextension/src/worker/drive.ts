/** The notebook's files, mounted as the kernel mounts them. */
import { DriveFS, ServiceWorkerContentsAPI } from '@jupyterlite/services/lib/contents/drivefs';
import type {
  TDriveMethod,
  TDriveRequest,
  TDriveResponse
} from '@jupyterlite/services/lib/contents/drivefs';

import { errorText } from '../errors';
import type { DriveOptions } from '../protocol';
import { shareOpenFiles } from './openFiles';
import type { FileSystem, Pyodide } from './pyodide';

/** A file of more bytes is large: the drive takes seconds for it, and the page does nothing else. */
export const LARGE_FILE = 16 * 2 ** 20;

/** Bytes of a request or an answer that are not the file's: names, dates, the words around them. */
const ENVELOPE = 4096;

/** Milliseconds that an answer takes at most, and how many bytes it takes a second more for. */
const PATIENCE = 30_000;
const BYTES_PER_SECOND = 2 ** 20;

/** Milliseconds for the first answer of a drive that may not be there at all. */
const PROBE_PATIENCE = 5_000;

/** What only reads can be asked again, when it is not known whether it was heard. */
const READS: readonly TDriveMethod[] = ['readdir', 'getmode', 'lookup', 'getattr', 'get'];

/** What the drive asks of this worker's host. */
export interface DriveEvents {
  /** A large file was read or written. */
  large(bytes: number): void;
}

/**
 * The drive's requests, with every failure as an error of the file system.
 *
 * On a busy machine a request can fail, or be answered with nothing; where the page is gone, it is
 * never answered. Python takes an error of the file system for an `OSError`; anything else that is
 * thrown through it is the end of its worker.
 */
class DriveRequests extends ServiceWorkerContentsAPI {
  events: DriveEvents | null = null;
  patience = PATIENCE;

  override request<T extends TDriveMethod>(data: TDriveRequest<T>): TDriveResponse<T> {
    const { ErrnoError } = this.FS as Pick<FileSystem, 'ErrnoError'>;
    const { EIO = 0 } = this.ERRNO_CODES as Record<string, number>;
    for (let tries = READS.includes(data.method) ? 2 : 1; tries > 0; tries--) {
      try {
        return this.ask(data);
      } catch (error) {
        if (error instanceof ErrnoError) {
          throw error;
        }
        console.warn(`jupyterlite-pool: the drive did not answer: ${errorText(error)}`);
        if (error instanceof DOMException && error.name === 'TimeoutError') {
          break; // who has waited so long need not wait again
        }
      }
    }
    throw new ErrnoError(EIO);
  }

  /** As the method of the base class, but it does not wait for ever. */
  private ask<T extends TDriveMethod>(data: TDriveRequest<T>): TDriveResponse<T> {
    const { ErrnoError } = this.FS as Pick<FileSystem, 'ErrnoError'>;
    const { EINVAL = 0 } = this.ERRNO_CODES as Record<string, number>;
    const requestId = crypto.randomUUID();
    const { _browsingContextId: browsingContextId } = this as object as Named;
    const body = JSON.stringify({ data: { ...data, requestId }, browsingContextId, requestId });
    const request = new XMLHttpRequest();
    request.open('POST', encodeURI(this.endpoint), false);
    request.timeout = this.patience + (1000 * body.length) / BYTES_PER_SECOND;
    request.send(body);
    if (request.status >= 400) {
      throw new ErrnoError(EINVAL);
    }
    const answer = JSON.parse(request.responseText) as TDriveResponse<T>;
    const bytes = Math.max(body.length, request.responseText.length) * (3 / 4); // in base64
    if (bytes > LARGE_FILE + ENVELOPE) {
      this.events?.large(bytes);
    }
    return answer;
  }
}

/** What the base class knows, and does not tell. */
interface Named {
  _browsingContextId: string;
}

class Drive extends DriveFS {
  /** The base class makes it in its constructor. */
  declare requests: DriveRequests;

  override createAPI(options: DriveFS.IOptions): DriveRequests {
    this.requests = new DriveRequests(options as ConstructorParameters<typeof DriveRequests>[0]);
    return this.requests;
  }
}

/**
 * Mount the drive; the files are served by the page through JupyterLite's service worker.
 *
 * False where `options.probe` is set and there is no answer.
 */
export function mountDrive(python: Pyodide, options: DriveOptions, events: DriveEvents): boolean {
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
  if (options.probe) {
    api.patience = PROBE_PATIENCE;
    try {
      api.readdir(options.mountpoint);
    } catch {
      console.warn('jupyterlite-pool: a worker cannot reach the drive, and does without');
      return false;
    }
    api.patience = PATIENCE;
  }
  fs.mkdirTree(options.mountpoint);
  fs.mount(drive, {}, options.mountpoint);
  fs.chdir(options.mountpoint);
  return true;
}
