/** Hears of *Interrupt Kernel*: by button, menu or keyboard. */
import type { IKernelClient } from '@jupyterlite/services';

/** Call `action` with the id of the kernel before each interrupt. */
export function beforeInterrupt(
  client: IKernelClient,
  action: (kernel: string) => Promise<void>
): void {
  const interrupt = client.interrupt.bind(client);
  // JupyterLite's own interrupt drops the cells that wait behind the running one. It comes last:
  // otherwise the next cell would start when `action` ends the running one.
  client.interrupt = async kernel => {
    await action(kernel);
    await interrupt(kernel);
  };
}
