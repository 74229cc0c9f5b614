import { expect, test, vi } from 'vitest';

import { Outbox } from '../../src/pool/outbox';
import type { PoolEvent } from '../../src/pool/events';
import { REPORT } from '../fakeWorker';

const dispatched = (batch: number): PoolEvent => ({ type: 'dispatched', worker: 0, batch });

test('events that come together are told together, in order', async () => {
  const listener = vi.fn();
  const outbox = new Outbox(listener);
  const events = [dispatched(1), dispatched(2), dispatched(3)];
  events.forEach(outbox.push);
  expect(listener).not.toHaveBeenCalled();
  await vi.waitFor(() => expect(listener).toHaveBeenCalledOnce());
  expect(listener).toHaveBeenCalledWith(events);
  outbox.push(dispatched(4));
  await vi.waitFor(() => expect(listener).toHaveBeenLastCalledWith([dispatched(4)]));
  outbox.close();
});

test('a worker that is ready is told of before it is given anything', () => {
  const listener = vi.fn();
  const outbox = new Outbox(listener);
  const ready: PoolEvent = { type: 'ready', worker: 0, report: REPORT };
  outbox.push(dispatched(1));
  outbox.push(ready);
  expect(listener).toHaveBeenCalledExactlyOnceWith([dispatched(1), ready]);
  outbox.close();
});

test('nothing is told after the outbox is closed', async () => {
  const listener = vi.fn();
  const outbox = new Outbox(listener);
  outbox.push(dispatched(1));
  outbox.close();
  await new Promise(resolve => setTimeout(resolve, 10));
  expect(listener).not.toHaveBeenCalled();
});

test('a dispatched event is told with the result of its batch, or a little later', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  try {
    const listener = vi.fn();
    const outbox = new Outbox(listener);
    outbox.push(dispatched(1));
    await turn();
    expect(listener).not.toHaveBeenCalled();
    outbox.push(output);
    await turn();
    expect(listener).toHaveBeenCalledExactlyOnceWith([dispatched(1), output]);
    outbox.push(dispatched(2));
    vi.runAllTimers();
    expect(listener).toHaveBeenLastCalledWith([dispatched(2)]);
    outbox.close();
  } finally {
    vi.useRealTimers();
  }
});

const output: PoolEvent = {
  type: 'frame',
  worker: 0,
  frame: { kind: 'output', task: 1, stream: 'stdout', text: 'x' }
};

/** Wait for a message: the earlier message of an outbox to itself arrives before it. */
function turn(): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  return new Promise(resolve => {
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
