/** What the page and the kernels of JupyterLite say to each other beyond words. */
import type { Kernel } from '@jupyterlab/services';

import type { Words } from '../language';
import type { ForKernel } from '../settings';
import { type Host, runUnseen } from './host';
import type { PoolKernels } from './kernels';
import { cannotAsk, inCompiledCode, watchStubborn } from './stubborn';
import { welcome } from './welcome';
import { Wishes } from './wishes';
import { wordOf } from './words';

/** Where a kernel finds what lets it be interrupted. */
export interface Interrupting {
  /** The URL of the script that it loads. */
  readonly script: string;
  /** The URL at which the service worker hears its questions. */
  readonly url: string;
}

export class LiteHost implements Host {
  private readonly wishes = new Wishes();
  /** The name under which each kernel asks for wishes, by the id of the kernel. */
  private readonly names = new Map<string, string>();

  /**
   * @param drive the name by which the page serves the notebook's files; null where it serves none
   * @param interrupting where kernels find what lets them be interrupted
   * @param trans the language in which people are told that a kernel does not stop
   */
  constructor(
    private readonly drive: () => string | null,
    private readonly interrupting: Interrupting,
    private readonly trans: Words
  ) {}

  async meet(kernel: Kernel.IKernelConnection, settings: ForKernel): Promise<void> {
    // A kernel that restarts has ended before, so it has a new name.
    const name = this.names.get(kernel.id) ?? this.wishes.name();
    this.names.set(kernel.id, name);
    const sealing = this.wishes.sealing(name);
    const interrupts = { ...this.interrupting, ...sealing, served: isServed() };
    await runUnseen(kernel, welcome(settings, this.drive(), interrupts));
  }

  forget(kernel: string): void {
    this.wishes.forget(this.names.get(kernel) ?? '');
    this.names.delete(kernel);
  }

  /**
   * Stop what runs in a kernel: jobs that its cell waits for, and with `code` also Python itself.
   *
   * A kernel that waits hears the word; one that computes asks for the wish.
   */
  interrupt(kernels: PoolKernels, kernel: string, code: boolean): void {
    const name = code ? this.names.get(kernel) : undefined;
    if (name === undefined) {
      kernels.send(kernel, { type: 'interrupt' });
      return;
    }
    const wish = this.wishes.wish(name);
    kernels.send(kernel, wordOf(wish, { wishes: kernels.knowsWishes(kernel) }));
    const context = kernels.contextOf(kernel);
    if (context !== null) {
      const { trans } = this;
      watchStubborn(context, trans, () => {
        if (this.wishes.wasTold(name, wish)) {
          return null;
        }
        const heard = isServed() || this.wishes.canHear(name);
        return heard ? inCompiledCode(trans) : cannotAsk(trans);
      });
    }
  }
}

/** Whether the page has a service worker. Plain HTTP has none at all. */
function isServed(): boolean {
  return 'serviceWorker' in navigator && navigator.serviceWorker.controller !== null;
}
