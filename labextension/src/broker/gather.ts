/** Packs many small events into one, for Python, which pays for each property that it reads. */

import { SMALL } from '../protocol';
import type { ResultFrame } from '../protocol';
import type { Told } from './words';

/** Pack the small events among some events. */
export function shorten(events: Told[]): Told[] {
  const told: Told[] = [];
  let words: number[] = [];
  let payloads: Uint8Array[] = [];
  const tell = () => {
    if (words.length > 0) {
      told.push({ type: 'gathered', words, payload: joined(payloads) });
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

function isSmall({ payload, buffers }: ResultFrame): boolean {
  return buffers.length === 0 && payload.byteLength < SMALL;
}

function joined(payloads: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(payloads.reduce((size, payload) => size + payload.byteLength, 0));
  let at = 0;
  for (const payload of payloads) {
    whole.set(payload, at);
    at += payload.byteLength;
  }
  return whole;
}
