/** What a page and a kernel say to each other about a pool; `jupyterlite_pool/commands/page_words.py` hears it. */
import type { KernelSettings } from '../settings';

/** The comm by which a kernel says where it listens. */
export const TARGET = 'jupyterlite-pool';

/** Control words, from the page to one kernel. */
export type Word =
  | { type: 'heard' }
  | { type: 'interrupt' }
  | { type: 'cancel'; job: string }
  | { type: 'settings'; settings: KernelSettings };

/** The name of a channel that nobody can guess: 128 bits. */
const NAME = /^jupyterlite-pool-[0-9a-f]{32}$/;

/** The channel's name in what a kernel's comm carries; null where that is something else. */
export function channelOf(data: unknown): string | null {
  if (typeof data !== 'object' || data === null || !('channel' in data)) {
    return null;
  }
  const { channel } = data;
  return typeof channel === 'string' && NAME.test(channel) ? channel : null;
}
