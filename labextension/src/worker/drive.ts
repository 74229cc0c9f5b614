/** The notebook's files, mounted as the kernel mounts them. */
import { DriveFS } from '@jupyterlite/services/lib/contents/drivefs';

import type { DriveOptions } from '../protocol';
import type { Pyodide } from './pyodide';

/** Mount the drive; the files are served by the page through JupyterLite's service worker. */
export function mountDrive(python: Pyodide, options: DriveOptions): void {
  const { FS, PATH, ERRNO_CODES } = python as unknown as Pick<
    DriveFS.IOptions,
    'FS' | 'PATH' | 'ERRNO_CODES'
  >;
  FS.mkdirTree(options.mountpoint);
  FS.mount(new DriveFS({ FS, PATH, ERRNO_CODES, ...options }), {}, options.mountpoint);
  FS.chdir(options.mountpoint);
}
