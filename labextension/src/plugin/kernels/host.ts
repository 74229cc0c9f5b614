import type { Kernel } from '@jupyterlab/services';

import type { ForKernel } from '../settings';

/** How an application speaks with the kernels that it has. */
export interface Host {
  /**
   * Tell the settings to a kernel that this page has just met; it may be new, or not.
   *
   * @param listens tells whether the kernel listens already
   */
  meet(
    kernel: Kernel.IKernelConnection,
    settings: ForKernel,
    listens: () => boolean
  ): Promise<void>;
  /** A kernel has ended. */
  forget(kernel: string): void;
}

/** Run Python in a kernel before the cells that come from now on; nobody sees it. */
export async function runUnseen(kernel: Kernel.IKernelConnection, code: string): Promise<void> {
  const request = { code, silent: true, store_history: false, allow_stdin: false };
  await kernel.requestExecute({ ...request, stop_on_error: false }).done;
}
