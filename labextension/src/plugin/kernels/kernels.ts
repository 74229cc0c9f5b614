/** The kernels of this page: welcomed when they have started, and spoken to. */
import type { ISessionContext } from '@jupyterlab/apputils';
import type { Kernel, KernelMessage } from '@jupyterlab/services';

import type { KernelSettings } from '../settings';
import { welcome } from './welcome';
import { channelOf, TARGET, type Word } from './words';

/** Something in the page that has a kernel: a notebook, a console. */
export interface HasSession {
  readonly sessionContext: ISessionContext;
}

/** Welcomes kernels, and knows on which channel each of them listens. */
export class PoolKernels {
  private readonly channels = new Map<string, BroadcastChannel>();

  /**
   * @param settings what a kernel is told now
   * @param drive by which name the page serves the notebook's files; null where it does not
   */
  constructor(
    private readonly settings: () => Promise<KernelSettings>,
    private readonly drive: () => string | null
  ) {}

  /** Welcome the kernel that a widget has, and each one that it will have. */
  watch({ sessionContext }: HasSession): void {
    // A restart is a change, too: to the same kernel, with none of its memory.
    sessionContext.kernelChanged.connect((_, { newValue }) => this.greet(newValue));
    this.greet(sessionContext.session?.kernel ?? null);
  }

  /** Say something to one kernel. */
  send(kernel: string, word: Word): void {
    this.channels.get(kernel)?.postMessage(word);
  }

  /** Say something to every kernel that listens. */
  sendAll(word: Word): void {
    for (const channel of this.channels.values()) {
      channel.postMessage(word);
    }
  }

  /** A kernel is no more. */
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
      // It was restarted or shut down meanwhile; the next one is welcomed, too.
    }
  }

  /** A kernel says where it listens. It says so until it is told that it was heard. */
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
