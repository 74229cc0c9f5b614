/** The words of a page to a kernel; `jupyterlite_pool/commands/page_words.py` hears them. */
import type { Wish } from '../../interrupt/exchange';
import type { ForKernel, KernelOptions, KernelSettings } from '../settings';

/** The comm by which a kernel tells how it listens. */
export const TARGET = 'jupyterlite-pool';

export type Word =
  | { type: 'hello'; page: ForKernel }
  | { type: 'heard' }
  | { type: 'interrupt'; wish?: Wish }
  | { type: 'cancel'; job: string }
  | { type: 'settings'; settings: KernelSettings }
  | { type: 'options'; options: KernelOptions }
  | { type: 'look'; look: Look }
  | { type: 'ask'; question: Question };

/** Somebody looks at the pools. */
export interface Look {
  /** The name under which the kernel finds who looks. */
  viewer: string;
  /** Seconds between two states, at the least. */
  every: number;
}

/** Something that a viewer asks, or asks for; `commands/page_questions.py` answers. */
export interface Question {
  viewer: string;
  /** Its answer has the same number. */
  number: number;
  what: string;
  [detail: string]: unknown;
}

/** The name of a channel that nobody can guess: 128 bits. */
const NAME = /^jupyterlite-pool-[0-9a-f]{32}$/;

/** What a kernel tells of itself by its comm. */
export interface Listener {
  /** The name of the channel on which it listens. */
  channel: string;
  /** Whether it listens on the control channel of Jupyter instead. */
  control: boolean;
  /** Whether it knows wishes: to wheels before 0.2, a word with one is none. */
  wishes: boolean;
  /** The name of its life, by which the page knows its cards; null where its wheel has none. */
  life: string | null;
  /** The words that it knows beyond those that every wheel knows. */
  knows: readonly string[];
}

/** What the data of a comm tell of a kernel; null where there is no valid name of a channel. */
export function listenerOf(data: unknown): Listener | null {
  if (typeof data !== 'object' || data === null || !('channel' in data)) {
    return null;
  }
  const { channel, control, life, wishes, knows } = data as Record<string, unknown>;
  return typeof channel === 'string' && NAME.test(channel)
    ? {
        channel,
        control: control === true,
        life: typeof life === 'string' ? life : null,
        wishes: wishes === true,
        knows: Array.isArray(knows) ? knows.filter(word => typeof word === 'string') : []
      }
    : null;
}

/** The word by which a kernel hears of a wish. */
export function wordOf(wish: Wish, { wishes }: Pick<Listener, 'wishes'>): Word {
  const type = 'interrupt';
  return wishes ? { type, wish } : { type };
}
