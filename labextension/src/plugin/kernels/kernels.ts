/** Welcomes the kernels of this page, and sends words to them. */
import type { ISessionContext } from '@jupyterlab/apputils';
import type { Kernel, KernelMessage } from '@jupyterlab/services';

import type { KernelSettings } from '../settings';
import { welcome } from './welcome';
import { channelOf, TARGET, type Word } from './words';

/** A part of the page that has a kernel, such as a notebook or a console. */
export interface HasSession {
  readonly sessionContext: ISessionContext;
}

export class PoolKernels {
  /** The channel on which each kernel listens, by the id of the kernel. */
  private readonly channels = new Map<string, BroadcastChannel>();

  /**
   * @param settings the current settings for kernels
   * @param drive the name by which the page serves the notebook's files; null where it serves none
   */
  constructor(
    private readonly settings: () => Promise<KernelSettings>,
    private readonly drive: () => string | null
  ) {}

  /** Welcome the kernel of a widget, and each later kernel of it. */
  watch({ sessionContext }: HasSession): void {
    // A restart is a change as well: the kernel stays, but its memory is new.
    sessionContext.kernelChanged.connect((_, { newValue }) => this.greet(newValue));
    this.greet(sessionContext.session?.kernel ?? null);
  }

  /** Send a word to one kernel. */
  send(kernel: string, word: Word): void {
    this.channels.get(kernel)?.postMessage(word);
  }

  /** Send a word to every kernel that listens. */
  sendAll(word: Word): void {
    for (const channel of this.channels.values()) {
      channel.postMessage(word);
    }
  }

  /** Close the channel of a kernel that has ended. */
  forget(kernel: string): void {
    this.channels.get(kernel)?.close();
    this.channels.delete(kernel);
  }

  private greet(kernel: Kernel.IKernelConnection | null): void {
    if (kernel !== null) {
      kernel.registerCommTarget(TARGET, (_, message) => this.hear(kernel.id, message));
      void this.welcome(kernel);
    }
  }

  private async welcome(kernel: Kernel.IKernelConnection): Promise<void> {
    try {
      const [settings, spec] = await Promise.all([this.settings(), kernel.spec]);
      if (spec?.language === 'python') {
        const code = welcome(settings, this.drive());
        const request = { code, silent: true, store_history: false, allow_stdin: false };
        await kernel.requestExecute({ ...request, stop_on_error: false }).done;
      }
    } catch {
      // The kernel was restarted or shut down. A restarted kernel is welcomed again.
    }
  }

  /** A kernel names its channel, again and again until it hears that it was heard. */
  private hear(kernel: string, message: KernelMessage.ICommOpenMsg): void {
    const name = channelOf(message.content.data);
    if (name === null) {
      console.warn('jupyterlite-pool: a kernel named no channel to listen on');
      return;
    }
    if (this.channels.get(kernel)?.name !== name) {
      this.forget(kernel);
      this.channels.set(kernel, new BroadcastChannel(name));
    }
    this.send(kernel, { type: 'heard' });
  }
}
