/**
 * The entry point of an ear: a worker that Python has beside it on a cross-origin isolated page.
 *
 * It hears of wishes while Python computes, and notes them in memory that both share.
 */
import { isMoreSeals } from './exchange';
import { type EarMessage, note } from './shared';

self.onmessage = ({ data: { name, memory } }: MessageEvent<EarMessage>): void => {
  const channel = new BroadcastChannel(name);
  channel.onmessage = ({ data }: MessageEvent<unknown>) => {
    if (isMoreSeals(data)) {
      note(memory, data.wish);
    }
  };
  note(memory, 0); // it listens
};
