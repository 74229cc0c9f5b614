/** *Interrupt Kernel*, from wherever it is asked for: the button, the menu or the keyboard. */
import type { IKernelClient } from '@jupyterlite/services';

/** Call something with the kernel's id before each interrupt. */
export function beforeInterrupt(
  client: IKernelClient,
  action: (kernel: string) => Promise<void>
): void {
  const interrupt = client.interrupt.bind(client);
  // JupyterLite's own interrupt drops the cells behind the one that runs: it comes last, or the
  // cell that is ended here would let the next one start.
  client.interrupt = async kernel => {
    await action(kernel);
    await interrupt(kernel);
  };
}
