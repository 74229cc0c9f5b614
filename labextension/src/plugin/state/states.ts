/**
 * How the pools of each kernel are.
 *
 * A kernel tells it by a comm, and only while somebody in the page looks: the page says so again and
 * again (`jupyterlite_pool/notebook/state_channel.py`).
 */
import type { Kernel, KernelMessage } from '@jupyterlab/services';
import { DisposableDelegate, type IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import { randomId } from '../../pool/randomId';
import { ENDS } from '../kernels/ends';
import type { Word } from '../kernels/words';
import type { Words } from '../language';
import { type KernelState, stateOf } from './data';

/** The target of the comm. */
export const STATE_TARGET = 'jupyterlite-pool-state';

/** Milliseconds between two times that the page says that it looks. */
const AGAIN = 2000;

/** The part of `PoolKernels` that is needed here. */
export interface Kernels {
  send(kernel: string, word: Word): void;
  /** Whether a kernel knows a word. */
  knows(kernel: string, word: string): boolean;
}

/** A state that a kernel has told. */
export interface Told {
  readonly state: KernelState;
  /** When it was told, by the clock of `Date.now`. */
  readonly at: number;
}

/** What a kernel answers to a question. */
export interface Answer {
  readonly value?: unknown;
  readonly warning?: string;
  readonly error?: string;
}

/** One kernel that can be looked at. */
class Watched {
  /** The name under which this page looks. It changes when the way to it has gone. */
  viewer = newName();
  /** The connection that carries the comm. */
  connection: Kernel.IKernelConnection | null = null;
  told: Told | null = null;
  /** Seconds between two states that each looker wants. */
  readonly lookers = new Set<{ readonly every: number }>();
  timer: ReturnType<typeof setInterval> | undefined;
  readonly questions = new Map<number, (answer: Answer) => void>();
}

export class PoolStates {
  private readonly kernels: Kernels;
  private readonly watched = new Map<string, Watched>();
  private readonly connected = new WeakSet<Kernel.IKernelConnection>();
  private readonly _changed = new Signal<this, string>(this);
  private questions = 0;

  /**
   * @param isSeen whether the page can be seen; nobody looks otherwise
   * @param trans the language of the answer where a kernel gives none
   */
  constructor(
    kernels: Kernels,
    private readonly isSeen: () => boolean,
    private readonly trans: Words
  ) {
    this.kernels = kernels;
  }

  /** Emitted with the id of a kernel of which there is something new. */
  get changed(): ISignal<this, string> {
    return this._changed;
  }

  /** The last state of a kernel; null if it has told none. */
  get(kernel: string): Told | null {
    return this.watched.get(kernel)?.told ?? null;
  }

  /** The kernels that have told a state. */
  ids(): string[] {
    return [...this.watched.keys()].filter(kernel => this.get(kernel) !== null);
  }

  /** Whether a kernel can be looked at. */
  canLook(kernel: string): boolean {
    return this.kernels.knows(kernel, 'look');
  }

  /** Hear what a kernel tells by this connection. A kernel that restarts is connected again. */
  connect(connection: Kernel.IKernelConnection): void {
    connection.registerCommTarget(STATE_TARGET, (comm, message) =>
      this.open(connection, comm, message)
    );
    if (this.connected.has(connection)) {
      return;
    }
    this.connected.add(connection);
    connection.statusChanged.connect((_, status) => {
      if (ENDS.has(status)) {
        this.forget(connection.id);
      }
    });
    connection.disposed.connect(() => {
      const watched = this.watched.get(connection.id);
      if (watched?.connection === connection) {
        this.begin(connection.id, watched);
      }
    });
  }

  /** A kernel listens from now on, as one that has just started. */
  listens(kernel: string): void {
    const watched = this.watchedOf(kernel);
    watched.told = null;
    this.begin(kernel, watched);
    this._changed.emit(kernel);
  }

  /** A kernel has ended, or starts anew. */
  forget(kernel: string): void {
    const watched = this.watched.get(kernel);
    if (watched === undefined) {
      return;
    }
    watched.told = null;
    this.giveUp(watched);
    if (watched.lookers.size === 0) {
      this.watched.delete(kernel);
    }
    this._changed.emit(kernel);
  }

  /**
   * Look at a kernel until the returned object is disposed of.
   *
   * @param every seconds between two states, at the least
   */
  look(kernel: string, every: number): IDisposable {
    const watched = this.watchedOf(kernel);
    const looker = { every };
    watched.lookers.add(looker);
    watched.timer ??= setInterval(() => this.say(kernel, watched), AGAIN);
    this.say(kernel, watched);
    return new DisposableDelegate(() => {
      watched.lookers.delete(looker);
      if (watched.lookers.size === 0) {
        clearInterval(watched.timer);
        watched.timer = undefined;
      }
    });
  }

  /** Say at once that somebody looks, for example when the page can be seen again. */
  lookAgain(): void {
    for (const [kernel, watched] of this.watched) {
      this.say(kernel, watched);
    }
  }

  /**
   * Ask a kernel something, or for something.
   *
   * @param what the name of the question; `details` is what else it needs
   * @returns the answer; it comes when Python waits or is idle
   */
  async ask(
    kernel: string,
    what: string,
    details: Readonly<Record<string, unknown>> = {}
  ): Promise<Answer> {
    const looking = this.look(kernel, 1);
    const watched = this.watchedOf(kernel);
    const number = ++this.questions;
    const answered = new Promise<Answer>(resolve => watched.questions.set(number, resolve));
    const question = { ...details, what, number, viewer: watched.viewer };
    this.kernels.send(kernel, { type: 'ask', question });
    try {
      return await answered;
    } finally {
      looking.dispose();
    }
  }

  private watchedOf(kernel: string): Watched {
    let watched = this.watched.get(kernel);
    if (watched === undefined) {
      watched = new Watched();
      this.watched.set(kernel, watched);
    }
    return watched;
  }

  /** Let a kernel open a new comm: the one that it had is gone. */
  private begin(kernel: string, watched: Watched): void {
    watched.viewer = newName();
    watched.connection = null;
    this.giveUp(watched);
    this.say(kernel, watched);
  }

  /** Nobody answers any more. */
  private giveUp(watched: Watched): void {
    for (const resolve of watched.questions.values()) {
      resolve({ error: this.trans.__('the kernel has ended') });
    }
    watched.questions.clear();
  }

  private say(kernel: string, watched: Watched): void {
    if (watched.lookers.size === 0 || !this.canLook(kernel) || !this.isSeen()) {
      return;
    }
    const every = Math.min(...[...watched.lookers].map(looker => looker.every));
    this.kernels.send(kernel, { type: 'look', look: { viewer: watched.viewer, every } });
  }

  /** A kernel opens a comm, to all connections of the page. */
  private open(
    connection: Kernel.IKernelConnection,
    comm: Kernel.IComm,
    { content }: KernelMessage.ICommOpenMsg
  ): void {
    const watched = this.watched.get(connection.id);
    const told = content.data as { viewer?: unknown };
    if (watched === undefined || told.viewer !== watched.viewer) {
      return;
    }
    watched.connection ??= connection;
    if (watched.connection === connection) {
      comm.onMsg = ({ content: { data } }) => this.hear(connection.id, watched, data);
    }
  }

  private hear(
    kernel: string,
    watched: Watched,
    { json }: Readonly<Record<string, unknown>>
  ): void {
    const data = parsed(json);
    if ('answer' in data) {
      const number = Number(data['answer']);
      watched.questions.get(number)?.(data['value'] as Answer);
      watched.questions.delete(number);
      return;
    }
    const state = stateOf(data['state']);
    if (state !== null) {
      watched.told = { state, at: Date.now() };
      this._changed.emit(kernel);
    }
  }
}

/** A message of a kernel; empty where it is none. */
function parsed(text: unknown): Readonly<Record<string, unknown>> {
  const data: unknown = typeof text === 'string' ? JSON.parse(text) : null;
  return typeof data === 'object' && data !== null ? (data as Record<string, unknown>) : {};
}

/** A random name of 64 bits. */
function newName(): string {
  return randomId().slice(0, 16);
}
