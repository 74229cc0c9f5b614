/** Meets the kernels of this page, and sends words to them. */
import type { ISessionContext } from '@jupyterlab/apputils';
import type { Kernel, KernelMessage } from '@jupyterlab/services';
import { type ISignal, Signal } from '@lumino/signaling';

import type { ForKernel } from '../settings';
import { ENDS } from './ends';
import type { Host } from './host';
import { sendByControl } from './labHost';
import { type Listener, listenerOf, TARGET, type Word } from './words';

/** A part of the page that has a kernel, such as a notebook or a console. */
export interface HasSession {
  readonly sessionContext: ISessionContext;
}

/** A way to a kernel; a `BroadcastChannel` is one. */
interface Way {
  readonly name: string;
  postMessage(word: Word): void;
  close(): void;
}

export class PoolKernels {
  /** Where each kernel was seen, by the id of the kernel; the latest comes last. */
  private readonly contexts = new Map<string, Set<ISessionContext>>();
  /** The way on which each kernel listens. */
  private readonly ways = new Map<string, Way>();
  /** What each kernel has told of itself. */
  private readonly listeners = new Map<string, Listener>();
  private readonly _met = new Signal<this, Kernel.IKernelConnection>(this);
  private readonly _heard = new Signal<this, string>(this);

  /**
   * @param settings the current settings for kernels
   * @param host the application
   */
  constructor(
    private readonly settings: () => Promise<ForKernel>,
    private readonly host: Host
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

  /** Whether a kernel listens, and knows wishes. */
  knowsWishes(kernel: string): boolean {
    return this.listeners.get(kernel)?.wishes ?? false;
  }

  /** The name of a kernel's life; null if it has told none. */
  lifeOf(kernel: string): string | null {
    return this.listeners.get(kernel)?.life ?? null;
  }

  /** The kernels of this page. */
  ids(): string[] {
    return [...this.contexts.keys()];
  }

  /** Where a kernel was seen last and is still shown, or else was seen last; null if it was not. */
  contextOf(kernel: string): ISessionContext | null {
    const seen = [...(this.contexts.get(kernel) ?? [])].reverse();
    return seen.find(context => !context.isDisposed) ?? seen[0] ?? null;
  }

  /** Meet the kernel of a widget, and each later kernel of it. */
  watch({ sessionContext }: HasSession): void {
    // A restart is a change as well: the kernel stays, but its memory is new.
    sessionContext.kernelChanged.connect((_, { newValue }) => this.greet(newValue, sessionContext));
    // A server starts a kernel anew that has died, which is no change.
    let died = false;
    sessionContext.statusChanged.connect((_, status) => {
      if (status === 'autorestarting') {
        died = true;
      } else if (died && !ENDS.has(status)) {
        died = false;
        this.greet(sessionContext.session?.kernel ?? null, sessionContext);
      }
    });
    this.greet(sessionContext.session?.kernel ?? null, sessionContext);
  }

  /** Send a word to one kernel. */
  send(kernel: string, word: Word): void {
    this.ways.get(kernel)?.postMessage(word);
  }

  /** Send a word to every kernel that listens. */
  sendAll(word: Word): void {
    for (const way of this.ways.values()) {
      way.postMessage(word);
    }
  }

  /** Send changed settings to every kernel that listens; to older wheels those that they know. */
  sendSettings({ settings, options }: ForKernel): void {
    this.sendAll({ type: 'settings', settings });
    for (const kernel of this.ways.keys()) {
      if (this.knows(kernel, 'options')) {
        this.send(kernel, { type: 'options', options });
      }
    }
  }

  /** Forget a kernel that has ended. */
  forget(kernel: string): void {
    this.close(kernel);
    this.host.forget(kernel);
    this.contexts.delete(kernel);
  }

  private close(kernel: string): void {
    this.ways.get(kernel)?.close();
    this.ways.delete(kernel);
    this.listeners.delete(kernel);
  }

  private greet(kernel: Kernel.IKernelConnection | null, context: ISessionContext): void {
    if (kernel !== null) {
      const seen = this.contexts.get(kernel.id) ?? new Set();
      seen.delete(context);
      this.contexts.set(kernel.id, seen.add(context));
      kernel.registerCommTarget(TARGET, (_, message) => this.hear(kernel.id, message));
      this._met.emit(kernel);
      void this.meet(kernel);
    }
  }

  private async meet(kernel: Kernel.IKernelConnection): Promise<void> {
    try {
      const [settings, spec] = await Promise.all([this.settings(), kernel.spec]);
      if (spec?.language === 'python') {
        await this.host.meet(kernel, settings, () => this.ways.has(kernel.id));
      }
    } catch {
      // The kernel was restarted or shut down. A restarted kernel is met again.
    }
  }

  /** A kernel tells how it listens, again and again until it hears that it was heard. */
  private hear(kernel: string, message: KernelMessage.ICommOpenMsg): void {
    const listener = listenerOf(message.content.data);
    if (listener === null) {
      console.warn('jupyterlite-pool: a kernel named no channel to listen on');
      return;
    }
    const isNew = this.ways.get(kernel)?.name !== listener.channel;
    if (isNew) {
      this.close(kernel);
      this.ways.set(kernel, this.wayTo(kernel, listener));
    }
    this.listeners.set(kernel, listener);
    this.send(kernel, { type: 'heard' });
    if (isNew) {
      this._heard.emit(kernel);
    }
  }

  private wayTo(kernel: string, { channel, control }: Listener): Way {
    if (!control) {
      return new BroadcastChannel(channel);
    }
    return {
      name: channel,
      postMessage: word => {
        const connection = this.contextOf(kernel)?.session?.kernel;
        if (connection?.id === kernel) {
          sendByControl(connection, word);
        }
      },
      close: () => undefined
    };
  }
}
