import { expect, test, vi } from 'vitest';

import { Broker } from '../../src/broker/broker';
import type { News, Order, PoolPlan, Told } from '../../src/broker/words';
import { outlineOf } from '../../src/snapshot';
import { FakeWorker } from '../fakeWorker';
import { given, useFakePage } from '../pool/fakePool';
import { smallSnapshot } from '../smallSnapshot';

useFakePage();

interface Hired {
  order(order: Order): void;
  told: Told[];
  of(type: Told['type']): Told[];
  close: ReturnType<typeof vi.fn>;
}

/** A broker, and the kernel that has hired it. The kernel hears at once unless it computes. */
function hire({
  computes = false,
  init = {}
}: { computes?: boolean; init?: PoolPlan['init'] } = {}): Hired {
  const { port1, port2 } = new MessageChannel();
  const told: Told[] = [];
  port1.onmessage = ({ data }: MessageEvent<News>) => {
    told.push(...data);
    if (!computes) {
      port1.postMessage(['heard']);
    }
  };
  const close = vi.fn();
  new Broker({ workerUrl: 'http://localhost/worker.js', size: 1, options: {}, init }, port2, close);
  return {
    order: order => port1.postMessage(order),
    told,
    of: type => told.filter(event => event.type === type),
    close
  };
}

const batch = (number: number): Order => ['submit', number, new Uint8Array([number]), [], [], {}];

test('a worker that becomes ready is given batches, although the kernel computes', async () => {
  const { order } = hire({ computes: true });
  order(batch(1));
  order(batch(2));
  await vi.waitFor(() => expect(FakeWorker.all).toHaveLength(1));
  expect(await given(FakeWorker.at(0), 1)).toEqual([1]);
  FakeWorker.at(0).result(1);
  expect(await given(FakeWorker.at(0), 2)).toEqual([1, 2]);
});

test('a worker that is set up first waits for the kernel', async () => {
  const { order, of } = hire();
  order(['setsUp', true]);
  order(batch(1));
  await vi.waitFor(() => expect(of('ready')).toHaveLength(1));
  expect(FakeWorker.at(0).batches).toEqual([]);
  order(['submit', 2, new Uint8Array([2]), [], [], { target: 0 }]);
  order(['open', 0]);
  expect(await given(FakeWorker.at(0), 1)).toEqual([2]);
});

test('a worker of which the kernel has not heard waits too, if set-ups come later', async () => {
  const { order, of } = hire();
  await vi.waitFor(() => expect(of('ready')).toHaveLength(1));
  order(['setsUp', true]);
  order(batch(1));
  await vi.waitFor(() => expect(of('ready')).toHaveLength(1));
  order(['setsUp', false]);
  expect(await given(FakeWorker.at(0), 1)).toEqual([1]);
});

test('a batch that still waits is taken back, and the kernel is told', async () => {
  const { order, of } = hire();
  order(batch(1));
  order(batch(2));
  await vi.waitFor(() => expect(FakeWorker.all).toHaveLength(1));
  await given(FakeWorker.at(0), 1);
  order(['cancel', 1]);
  order(['cancel', 2]);
  await vi.waitFor(() =>
    expect(of('cancelled')).toMatchObject([
      { batch: 1, taken: false },
      { batch: 2, taken: true }
    ])
  );
  FakeWorker.at(0).result(1);
  await vi.waitFor(() => expect(of('gathered').length).toBeGreaterThan(1));
  expect(FakeWorker.at(0).batches).toEqual([1]);
});

test('a worker that ends is replaced while the kernel computes', async () => {
  const { order } = hire({ computes: true });
  order(batch(1));
  order(batch(2));
  await vi.waitFor(() => expect(FakeWorker.all).toHaveLength(1));
  await given(FakeWorker.at(0), 1);
  FakeWorker.at(0).die();
  await vi.waitFor(() => expect(FakeWorker.all).toHaveLength(2));
  expect(await given(FakeWorker.at(1), 1)).toEqual([2]);
});

test('memory is told when it has changed', async () => {
  const { order, of } = hire();
  order(batch(1));
  await vi.waitFor(() => expect(FakeWorker.all).toHaveLength(1));
  await given(FakeWorker.at(0), 1);
  FakeWorker.at(0).result(1);
  await vi.waitFor(() => expect(of('memory')).toHaveLength(1));
});

test('the pool ends with its broker, and orders that come later do nothing', async () => {
  const { order, of, close } = hire();
  await vi.waitFor(() => expect(of('ready')).toHaveLength(1));
  order(['terminate']);
  order(batch(1));
  await vi.waitFor(() => expect(close).toHaveBeenCalled());
  expect(FakeWorker.at(0).terminated).toBe(true);
});

test('several orders are followed in their turn, with the needs and terms of those before', async () => {
  const { order } = hire();
  const payload = (): Uint8Array<ArrayBuffer> => new Uint8Array();
  order([
    'all',
    [
      ['put', 'f', new Uint8Array([9]), []],
      ['submit', 1, payload(), [], ['f'], {}],
      ['submit', 2, payload()]
    ]
  ]);
  await vi.waitFor(() => expect(FakeWorker.all).toHaveLength(1));
  await given(FakeWorker.at(0), 1);
  FakeWorker.at(0).result(1);
  expect(await given(FakeWorker.at(0), 2)).toEqual([1, 2]);
  expect(FakeWorker.at(0).frames.filter(({ kind }) => kind === 'put')).toHaveLength(1);
});

test('the kernel is told of a snapshot that the pool has made', async () => {
  FakeWorker.snapshot = smallSnapshot();
  const { of } = hire({ init: { runner: 'a runner of a broker' } });
  await vi.waitFor(() => expect(of('made')).toHaveLength(1));
  const [told] = of('made');
  expect(told?.type === 'made' && outlineOf(told.snapshot).heapSize).toBe(65_536);
});

test('somebody who knows the name of a job cancels it, although the kernel computes', async () => {
  const { order, told, close } = hire({ computes: true });
  const of = (lane: number, batch: number): Order => {
    return ['submit', batch, new Uint8Array([batch]), [], [], { lane }];
  };
  [of(3, 1), of(3, 2), of(4, 5)].forEach(order);
  order(['letCancel', 3, 'a secret name']);
  order(['letCancel', 4, 'another name']);
  order(['letCancel', 4, null]);
  await vi.waitFor(() => expect(FakeWorker.all).toHaveLength(1));
  expect(await given(FakeWorker.at(0), 1)).toEqual([1]);
  for (const name of ['another name', 'a secret name']) {
    const channel = new BroadcastChannel(name);
    channel.postMessage(null);
    channel.close();
  }
  await vi.waitFor(() => {
    expect(FakeWorker.at(0).frames).toContainEqual({ kind: 'cancel', batch: 1 });
  });
  FakeWorker.at(0).result(1);
  expect(await given(FakeWorker.at(0), 2)).toEqual([1, 5]);
  order(['heard']);
  await vi.waitFor(() => expect(told.map(({ type }) => type)).toContain('laneCancelled'));
  expect(told.filter(({ type }) => type === 'laneCancelled')).toEqual([
    { type: 'laneCancelled', lane: 3 }
  ]);
  expect(told).toContainEqual({ type: 'cancelled', batch: 2, taken: true });
  const types = told.map(({ type }) => type);
  expect(types.indexOf('laneCancelled')).toBeLessThan(types.indexOf('cancelled'));
  // Nor does what the kernel submits before it has heard of that; later the lane is as any other.
  [of(3, 6), ['letCancel', 3, null] as Order, of(3, 7)].forEach(order);
  order(['heard']);
  FakeWorker.at(0).result(5);
  expect(await given(FakeWorker.at(0), 3)).toEqual([1, 5, 7]);
  order(['heard']);
  await vi.waitFor(() => {
    expect(told).toContainEqual({ type: 'cancelled', batch: 6, taken: true });
  });
  order(['terminate']); // closes the channels, which would keep this process alive
  await vi.waitFor(() => expect(close).toHaveBeenCalled());
});
