import { resolveObjectURL } from 'node:buffer';

import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { SERVICE_CHANNEL } from '../../../src/interrupt/exchange';
import { Wishes } from '../../../src/plugin/kernels/wishes';

/** The channel of the service worker, seen from its side. */
let channel: BroadcastChannel;
const answered = vi.fn();

beforeEach(() => {
  answered.mockClear();
  channel = new BroadcastChannel(SERVICE_CHANNEL);
  channel.onmessage = ({ data }: MessageEvent<unknown>) => void answered(data);
});
afterEach(() => channel.close());

async function ask(name: string, heard: number, since = 0): Promise<unknown> {
  const before = answered.mock.calls.length;
  const data = { heard, since };
  channel.postMessage({ browsingContextId: name, requestId: 'r', data, pathname: '/api/drive' });
  await vi.waitFor(() => expect(answered.mock.calls.length).toBe(before + 1));
  const [answer] = answered.mock.calls.at(-1) as [{ response: unknown }];
  expect(answer).toMatchObject({ browsingContextId: name, requestId: 'r' });
  return answer.response;
}

test('who asks under a name that was given hears of wishes to it alone', async () => {
  const wishes = new Wishes();
  const [one, other] = [wishes.name(), wishes.name()];
  expect(await ask(one, 0)).toEqual({ wish: 0 });
  const wish = wishes.wish(one);
  expect(wishes.wasTold(one, wish)).toBe(false);
  expect(await ask(other, 0)).toEqual({ wish: 0 });
  expect(await ask(one, 0)).toEqual({ wish: 1 });
  expect(wishes.wasTold(one, wish)).toBe(true);
  expect(await ask(one, 1)).toEqual({ wish: 0 });
});

test('a wish is not for code that began later', async () => {
  const wishes = new Wishes();
  const name = wishes.name();
  const { at } = wishes.wish(name);
  expect(await ask(name, 0, at + 1)).toEqual({ wish: 0 });
  expect(await ask(name, 0, at)).toEqual({ wish: 1 });
});

test('what is no question of a known name gets no answer', async () => {
  const wishes = new Wishes();
  const [known, gone] = [wishes.name(), wishes.name()];
  wishes.forget(gone);
  const others = [null, {}, { browsingContextId: known, requestId: 'r', data: { method: 'get' } }];
  for (const message of others) {
    channel.postMessage(message);
  }
  channel.postMessage({ browsingContextId: gone, requestId: 'r', data: { heard: 0, since: 0 } });
  await ask(known, 0);
  expect(answered).toHaveBeenCalledOnce();
});

test('each wish breaks its seal, and the kernel gets another one', async () => {
  const wishes = new Wishes();
  const name = wishes.name();
  const kernel = new BroadcastChannel(name);
  const more = vi.fn();
  kernel.onmessage = ({ data }: MessageEvent<unknown>) => void more(data);
  const { control, seals } = wishes.sealing(name);
  const given = [...seals];
  wishes.wish(name);
  expect(given.map(seal => resolveObjectURL(seal) !== undefined)).toEqual([
    false,
    ...given.slice(1).map(() => true)
  ]);
  await vi.waitFor(() => expect(more).toHaveBeenCalledOnce());
  const seal = wishes.sealing(name).seals.at(-1);
  expect(more).toHaveBeenCalledWith({ wish: 1, first: given.length + 1, seals: [seal] });
  wishes.forget(name);
  expect([control, seal ?? ''].map(resolveObjectURL)).toEqual([undefined, undefined]);
  kernel.close();
});

test('a kernel says by itself what it has heard', async () => {
  const wishes = new Wishes();
  const name = wishes.name();
  const kernel = new BroadcastChannel(name);
  const wish = wishes.wish(name);
  expect(wishes.canHear(name)).toBe(false);
  kernel.postMessage({ heard: 0 });
  await vi.waitFor(() => expect(wishes.canHear(name)).toBe(true));
  expect(wishes.wasTold(name, wish)).toBe(false);
  kernel.postMessage({ heard: 1 });
  await vi.waitFor(() => expect(wishes.wasTold(name, wish)).toBe(true));
  kernel.close();
});
