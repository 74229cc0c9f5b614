import type { Kernel } from '@jupyterlab/services';

/** The states of a kernel in which its memory is gone. */
export const ENDS: ReadonlySet<Kernel.Status> = new Set<Kernel.Status>([
  'restarting',
  'autorestarting',
  'terminating',
  'dead'
]);
