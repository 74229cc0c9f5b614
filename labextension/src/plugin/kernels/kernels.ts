/** Welcomes the kernels of this page, and sends words to them. */
import type { ISessionContext } from '@jupyterlab/apputils';
import type { Kernel, KernelMessage } from '@jupyterlab/services';
import { type ISignal, Signal } from '@lumino/signaling';

import type { Words } from '../language';
import type { ForKernel } from '../settings';
import { cannotAsk, inCompiledCode, watchStubborn } from './stubborn';
import { welcome } from './welcome';
import { Wishes } from './wishes';
import { type Listener, listenerOf, TARGET, type Word, wordOf } from './words';

/** A part of the page that has a kernel, such as a notebook or a console. */
export interface HasSession {
  readonly sessionContext: ISessionContext;
}

/** Where a kernel finds what lets it be interrupted. */
export interface Interrupting {
  /** The URL of the script that it loads. */
  readonly script: string;
  /** The URL at which the service worker hears its questions. */
  readonly url: string;
}

export class PoolKernels {
  private readonly wishes = new Wishes();
  /** The name under which each kernel asks for wishes, by the id of the kernel. */
  private readonly names = new Map<string, string>();
  /** Where each kernel was seen. */
  private readonly contexts = new Map<string, ISessionContext>();
  /** The channel on which each kernel listens, by the id of the kernel. */
  private readonly channels = new Map<string, BroadcastChannel>();
  /** What each kernel has told of itself. */
  private readonly listeners = new Map<string, Listener>();
  private readonly _met = new Signal<this, Kernel.IKernelConnection>(this);
  private readonly _heard = new Signal<this, string>(this);

  /**
   * @param settings the current settings for kernels
   * @param drive the name by which the page serves the notebook's files; null where it serves none
   * @param interrupting where kernels find what lets them be interrupted
   * @param trans the language in which people are told that a kernel does not stop
   */
  constructor(
    private readonly settings: () => Promise<ForKernel>,
    private readonly drive: () => string | null,
    private readonly interrupting: Interrupting,
    private readonly trans: Words
  ) {}

  /** Emitted with each connection to a kernel, and again when the kernel has restarted. */
  get met(): ISignal<this, Kernel.IKernelConnection> {
    return this._met;
  }

  /** Emitted with the id of a kernel that listens from now on. */
  get heard(): ISignal<this, string> {
    return this._heard;
  }

  /** Whether a kernel listens, and knows a word that not every wheel knows. */
  knows(kernel: string, word: string): boolean {
    return this.listeners.get(kernel)?.knows.includes(word) ?? false;
  }

  /** The name of a kernel's life; null if it has told none. */
  lifeOf(kernel: string): string | null {
    return this.listeners.get(kernel)?.life ?? null;
  }

  /** The kernels of this page. */
  ids(): string[] {
    return [...this.contexts.keys()];
  }

  /** Where a kernel was seen last; null if it was not. */
  contextOf(kernel: string): ISessionContext | null {
    return this.contexts.get(kernel) ?? null;
  }

  /** Welcome the kernel of a widget, and each later kernel of it. */
  watch({ sessionContext }: HasSession): void {
    // A restart is a change as well: the kernel stays, but its memory is new.
    sessionContext.kernelChanged.connect((_, { newValue }) => this.greet(newValue, sessionContext));
    this.greet(sessionContext.session?.kernel ?? null, sessionContext);
  }

  /**
   * Stop what runs in a kernel: jobs that its cell waits for, and with `code` also Python itself.
   *
   * A kernel that waits hears the word; one that computes asks for the wish.
   */
  interrupt(kernel: string, code: boolean): void {
    const name = code ? this.names.get(kernel) : undefined;
    if (name === undefined) {
      this.send(kernel, { type: 'interrupt' });
      return;
    }
    const wish = this.wishes.wish(name);
    this.send(kernel, wordOf(wish, { wishes: this.listeners.get(kernel)?.wishes ?? false }));
    const context = this.contexts.get(kernel);
    if (context !== undefined) {
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

  /** Send changed settings to every kernel that listens; to older wheels those that they know. */
  sendSettings({ settings, options }: ForKernel): void {
    this.sendAll({ type: 'settings', settings });
    for (const kernel of this.channels.keys()) {
      if (this.knows(kernel, 'options')) {
        this.send(kernel, { type: 'options', options });
      }
    }
  }

  /** Forget a kernel that has ended. */
  forget(kernel: string): void {
    this.close(kernel);
    this.wishes.forget(this.names.get(kernel) ?? '');
    this.names.delete(kernel);
    this.contexts.delete(kernel);
  }

  private close(kernel: string): void {
    this.channels.get(kernel)?.close();
    this.channels.delete(kernel);
    this.listeners.delete(kernel);
  }

  private greet(kernel: Kernel.IKernelConnection | null, context: ISessionContext): void {
    if (kernel !== null) {
      this.contexts.set(kernel.id, context);
      kernel.registerCommTarget(TARGET, (_, message) => this.hear(kernel.id, message));
      this._met.emit(kernel);
      void this.welcome(kernel);
    }
  }

  private async welcome(kernel: Kernel.IKernelConnection): Promise<void> {
    try {
      const [settings, spec] = await Promise.all([this.settings(), kernel.spec]);
      if (spec?.language === 'python') {
        // A kernel that restarts has ended before, so it has a new name.
        const name = this.names.get(kernel.id) ?? this.wishes.name();
        this.names.set(kernel.id, name);
        const sealing = this.wishes.sealing(name);
        const interrupts = { ...this.interrupting, ...sealing, served: isServed() };
        const code = welcome(settings, this.drive(), interrupts);
        const request = { code, silent: true, store_history: false, allow_stdin: false };
        await kernel.requestExecute({ ...request, stop_on_error: false }).done;
      }
    } catch {
      // The kernel was restarted or shut down. A restarted kernel is welcomed again.
    }
  }

  /** A kernel names its channel, again and again until it hears that it was heard. */
  private hear(kernel: string, message: KernelMessage.ICommOpenMsg): void {
    const listener = listenerOf(message.content.data);
    if (listener === null) {
      console.warn('jupyterlite-pool: a kernel named no channel to listen on');
      return;
    }
    const isNew = this.channels.get(kernel)?.name !== listener.channel;
    if (isNew) {
      this.close(kernel);
      this.channels.set(kernel, new BroadcastChannel(listener.channel));
    }
    this.listeners.set(kernel, listener);
    this.send(kernel, { type: 'heard' });
    if (isNew) {
      this._heard.emit(kernel);
    }
  }
}

/** Whether the page has a service worker. Plain HTTP has none at all. */
function isServed(): boolean {
  return 'serviceWorker' in navigator && navigator.serviceWorker.controller !== null;
}
