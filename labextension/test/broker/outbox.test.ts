import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { pack } from '../../src/broker/gather';
import { MOST_UNHEARD, Outbox } from '../../src/broker/outbox';
import type { News } from '../../src/broker/words';
import type { PoolEvent } from '../../src/pool/events';
import type { ResultFrame } from '../../src/protocol';

const dispatched = (batch: number): PoolEvent => ({ type: 'dispatched', worker: 0, batch });
const limited = (workers: number): PoolEvent => ({ type: 'limited', workers });

function result(bytes: number): PoolEvent {
  const payload = new Uint8Array(bytes);
  const frame: ResultFrame = {
    kind: 'result',
    batch: 1,
    payload,
    buffers: [],
    done: true,
    memory: 0
  };
  return { type: 'frame', worker: 0, frame };
}

function make(): { outbox: Outbox; sent: News[]; transfers: Transferable[][]; full: boolean[] } {
  const [sent, transfers, full]: [News[], Transferable[][], boolean[]] = [[], [], []];
  const outbox = new Outbox({
    send: (news, transfer) => {
      sent.push(news);
      transfers.push(transfer);
    },
    full: is => full.push(is)
  });
  return { outbox, sent, transfers, full };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('the first event is told at once', () => {
  const { outbox, sent } = make();
  outbox.push(limited(1));
  expect(sent).toEqual([[limited(1)]]);
});

test('while a message is on its way, events gather for the next one', () => {
  const { outbox, sent } = make();
  [1, 2, 3].forEach(workers => outbox.push(limited(workers)));
  expect(sent).toHaveLength(1);
  outbox.heard();
  expect(sent.slice(1)).toEqual([[limited(2), limited(3)]]);
  outbox.heard();
  outbox.heard();
  expect(sent).toHaveLength(2);
  outbox.push(limited(4));
  expect(sent).toHaveLength(3);
});

test('what was given to a worker is told with the next event, or a little later', () => {
  const { outbox, sent } = make();
  outbox.push(dispatched(1));
  expect(sent).toEqual([]);
  outbox.push(limited(1));
  expect(sent).toMatchObject([[pack([0, 1, -1, 0], []), limited(1)]]);
  outbox.heard();
  outbox.push(dispatched(2));
  vi.runAllTimers();
  expect(sent).toHaveLength(2);
});

test('large results are transferred', () => {
  const { outbox, transfers } = make();
  outbox.push(result(100_000));
  expect(transfers[0]).toHaveLength(1);
});

test('there is a limit to what the kernel has not heard', () => {
  const { outbox, full } = make();
  outbox.push(limited(1));
  for (let i = 0; i < 5; i++) {
    outbox.push(result(MOST_UNHEARD / 4));
  }
  expect(full).toEqual([true]);
  outbox.heard();
  expect(full).toEqual([true, false]);
});

const print = (worker: number, task: number, text: string): PoolEvent => ({
  type: 'frame',
  worker,
  frame: { kind: 'output', task, stream: 'stdout', text }
});

test('what a task prints while the kernel computes is joined, in its place', () => {
  const { outbox, sent } = make();
  outbox.push(limited(1));
  for (const event of [print(0, 7, 'a'), print(1, 8, 'x'), print(0, 7, 'b')]) {
    outbox.push(event);
  }
  outbox.push(dispatched(3));
  outbox.push(print(0, 7, 'c'));
  outbox.push(print(0, 9, 'd'));
  outbox.heard();
  expect(sent[1]?.filter(({ type }) => type === 'frame')).toEqual([
    print(0, 7, 'ab'),
    print(1, 8, 'x'),
    print(0, 7, 'c'),
    print(0, 9, 'd')
  ]);
});
