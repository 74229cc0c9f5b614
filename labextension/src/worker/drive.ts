/** The notebook's files, mounted as the kernel mounts them. */
import { DriveFS, ServiceWorkerContentsAPI } from '@jupyterlite/services/lib/contents/drivefs';
import type {
  TDriveMethod,
  TDriveRequest,
  TDriveResponse
} from '@jupyterlite/services/lib/contents/drivefs';

import { errorText } from '../errors';
import type { DriveOptions } from '../protocol';
import type { FileSystem, Pyodide } from './pyodide';

/** What only reads can be asked again, when it is not known whether it was heard. */
const READS: readonly TDriveMethod[] = ['readdir', 'getmode', 'lookup', 'getattr', 'get'];

/**
 * The drive's requests, with every failure as an error of the file system.
 *
 * On a busy machine a request can fail, or be answered with nothing. Python takes an error of the
 * file system for an `OSError`; anything else that is thrown through it is the end of its worker.
 */
class DriveRequests extends ServiceWorkerContentsAPI {
  override request<T extends TDriveMethod>(data: TDriveRequest<T>): TDriveResponse<T> {
    const { ErrnoError } = this.FS as Pick<FileSystem, 'ErrnoError'>;
    const { EIO = 0 } = this.ERRNO_CODES as Record<string, number>;
    for (let tries = READS.includes(data.method) ? 2 : 1; tries > 0; tries--) {
      try {
        return super.request(data);
      } catch (error) {
        if (error instanceof ErrnoError) {
          throw error;
        }
        console.warn(`jupyterlite-pool: the drive did not answer: ${errorText(error)}`);
      }
    }
    throw new ErrnoError(EIO);
  }
}

class Drive extends DriveFS {
  override createAPI(options: DriveFS.IOptions): DriveRequests {
    return new DriveRequests(options as ConstructorParameters<typeof DriveRequests>[0]);
  }
}

/** Mount the drive; the files are served by the page through JupyterLite's service worker. */
export function mountDrive(python: Pyodide, options: DriveOptions): void {
  const fs = python.FS as FileSystem;
  const { PATH, ERRNO_CODES } = python as object as Record<'PATH' | 'ERRNO_CODES', unknown>;
  const drive = new Drive({
    FS: fs,
    PATH,
    ERRNO_CODES,
    ...options
  } as object as DriveFS.IOptions);
  fs.mkdirTree(options.mountpoint);
  fs.mount(drive, {}, options.mountpoint);
  fs.chdir(options.mountpoint);
}
