/** The words of a page to a kernel; `jupyterlite_pool/commands/page_words.py` hears them. */
import type { Wish } from '../../interrupt/exchange';
import type { KernelSettings } from '../settings';

/** The comm by which a kernel names its channel. */
export const TARGET = 'jupyterlite-pool';

export type Word =
  | { type: 'heard' }
  | { type: 'interrupt'; wish?: Wish }
  | { type: 'cancel'; job: string }
  | { type: 'settings'; settings: KernelSettings };

/** The name of a channel that nobody can guess: 128 bits. */
const NAME = /^jupyterlite-pool-[0-9a-f]{32}$/;

/** The name of the channel in the data of a comm; null where there is no valid name. */
export function channelOf(data: unknown): string | null {
  if (typeof data !== 'object' || data === null || !('channel' in data)) {
    return null;
  }
  const { channel } = data;
  return typeof channel === 'string' && NAME.test(channel) ? channel : null;
}
