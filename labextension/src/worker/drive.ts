/** The notebook's files, mounted as the kernel mounts them. */
import { DriveFS } from '@jupyterlite/services/lib/contents/drivefs';

import type { DriveOptions } from '../protocol';
import type { FileSystem, Pyodide } from './pyodide';

/** Mount the drive; the files are served by the page through JupyterLite's service worker. */
export function mountDrive(python: Pyodide, options: DriveOptions): void {
  const fs = python.FS as FileSystem;
  const { PATH, ERRNO_CODES } = python as object as Record<'PATH' | 'ERRNO_CODES', unknown>;
  const drive = new DriveFS({
    FS: fs,
    PATH,
    ERRNO_CODES,
    ...options
  } as object as DriveFS.IOptions);
  fs.mkdirTree(options.mountpoint);
  fs.mount(drive, {}, options.mountpoint);
  fs.chdir(options.mountpoint);
}
