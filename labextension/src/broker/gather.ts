/** Packs many small events into one, for Python, which pays for each property that it reads. */

import { SMALL } from '../protocol';
import type { ResultFrame } from '../protocol';
import type { GatheredEvent, Told } from './words';

/** Bytes of a word. */
const WORD = 4;

/** Pack the small events among some events. */
export function shorten(events: Told[]): Told[] {
  const told: Told[] = [];
  let words: number[] = [];
  let payloads: Uint8Array[] = [];
  const tell = () => {
    if (words.length > 0) {
      told.push(pack(words, payloads));
      [words, payloads] = [[], []];
    }
  };
  for (const event of events) {
    if (event.type === 'dispatched') {
      words.push(event.worker, event.batch, -1, 0);
    } else if (event.type === 'frame' && event.frame.kind === 'result' && isSmall(event.frame)) {
      const { batch, payload, done } = event.frame;
      words.push(event.worker, batch, payload.byteLength, Number(done));
      payloads.push(payload);
    } else {
      tell();
      told.push(event);
    }
  }
  tell();
  return told;
}

/** An event for many: see `GatheredEvent`. */
export function pack(words: number[], payloads: Uint8Array[]): GatheredEvent {
  const size = payloads.reduce((sum, { byteLength }) => sum + byteLength, 0);
  let at = WORD * (1 + words.length);
  const packed = new Uint8Array(at + size);
  new Int32Array(packed.buffer, 0, 1 + words.length).set([words.length, ...words]);
  for (const payload of payloads) {
    packed.set(payload, at);
    at += payload.byteLength;
  }
  return { type: 'gathered', packed };
}

/** The words of an event for many. */
export function wordsOf({ packed }: GatheredEvent): Int32Array {
  const [count = 0] = new Int32Array(packed.buffer, packed.byteOffset, 1);
  return new Int32Array(packed.buffer, packed.byteOffset + WORD, count);
}

function isSmall({ payload, buffers }: ResultFrame): boolean {
  return buffers.length === 0 && payload.byteLength < SMALL;
}
