import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { BrokeredPool } from '../../src/broker/brokeredPool';
import type { HireMessage, News, Order, Told } from '../../src/broker/words';
import { EMPTY_MODULE } from '../fakeWorker';

/** A worker whose part is played by the test. */
class FakeBroker {
  static last: FakeBroker;
  onerror: ((event: { message: string; preventDefault(): void }) => void) | null = null;
  readonly orders: Order[] = [];
  hire!: HireMessage;

  constructor() {
    FakeBroker.last = this;
  }

  postMessage(hire: HireMessage): void {
    this.hire = hire;
    hire.port.onmessage = ({ data }: MessageEvent<Order>) => this.orders.push(data);
  }

  tell(news: News): void {
    this.hire.port.postMessage(news);
  }

  async ordered(name: Order[0]): Promise<Order> {
    return vi.waitFor(() => {
      const order = this.orders.find(([first]) => first === name);
      if (!order) {
        throw new Error(`no order ${name}`);
      }
      return order;
    });
  }
}

/** The locks that a kernel waits for, and what grants them. */
const waiting = new Map<string, () => void>();

beforeEach(() => {
  waiting.clear();
  vi.stubGlobal('Worker', FakeBroker);
  vi.stubGlobal('navigator', {
    locks: {
      request: (name: string, _: unknown, granted: () => void) =>
        new Promise<void>(() => waiting.set(name, granted))
    }
  });
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

function hire(meanwhile?: () => void): { pool: BrokeredPool; broker: FakeBroker; told: Told[] } {
  const told: Told[] = [];
  const plan = { workerUrl: 'worker.js', size: 2, options: {}, init: {} };
  const hear = (event: Told) => {
    told.push(event);
    meanwhile?.();
  };
  const pool = new BrokeredPool('broker.js', plan, {
    event: hear,
    gathered: packed => hear({ type: 'gathered', packed })
  });
  return { pool, broker: FakeBroker.last, told };
}

/** Free the lock that the kernel waits for, as if the broker had ended or been robbed. */
async function free(): Promise<void> {
  const [granted] = await vi.waitFor(() => {
    expect(waiting.size).toBe(1);
    return [...waiting.values()];
  });
  waiting.clear();
  granted?.();
}

test('orders carry the arguments of calls', async () => {
  const { pool, broker } = hire();
  pool.submit(7, new Uint8Array([1]), undefined, ['f'], { lane: 3 });
  const payload = new Uint8Array([1]);
  expect(await broker.ordered('submit')).toEqual([
    'submit',
    7,
    payload,
    undefined,
    ['f'],
    { lane: 3 }
  ]);
  pool.limitLane(3);
  expect(await broker.ordered('limitLane')).toEqual(['limitLane', 3, null]);
});

test('needs and terms travel once, as long as they stay the same', async () => {
  const { pool, broker } = hire();
  const [needs, terms] = [['f'], { lane: 3 }];
  [1, 2].forEach(batch => pool.submit(batch, new Uint8Array(), [], needs, terms));
  pool.submit(3, new Uint8Array(), [], needs, { lane: 4 });
  await vi.waitFor(() => expect(broker.orders).toHaveLength(3));
  expect(broker.orders.map(([, , , , ...rest]) => rest)).toEqual([
    [needs, terms],
    [],
    [needs, { lane: 4 }]
  ]);
});

test('orders that are given while news are heard travel together', async () => {
  const { pool, broker } = hire(() => {
    pool.drop('a');
    pool.drop('b');
  });
  broker.tell([{ type: 'limited', workers: 1 }]);
  expect(await broker.ordered('all')).toEqual(['all', [['drop', 'a'], ['drop', 'b'], ['heard']]]);
});

test('the kernel says that it has heard all news', async () => {
  const { pool, broker, told } = hire();
  broker.tell([{ type: 'limited', workers: 1 }]);
  await broker.ordered('heard');
  expect(told).toHaveLength(1);
  pool.wake(); // an order alone does not show that: the kernel may compute, and hear of nothing
  await broker.ordered('wake');
  expect(broker.orders.filter(([name]) => name === 'heard')).toHaveLength(1);
});

test('a worker is opened once the listener has heard of it', async () => {
  const { broker } = hire();
  const report = { protocol: 0, pyodide: '', restored: false, took: 0, memory: 0 };
  broker.tell([{ type: 'ready', worker: 4, report }]);
  expect(await broker.ordered('all')).toEqual(['all', [['open', 4], ['heard']]]);
});

test('a broker that was robbed of its lock says that it lives, and is watched again', async () => {
  const { broker, told } = hire();
  broker.tell([]);
  await free();
  const [, lock] = await broker.ordered('prove');
  expect(lock).not.toBe(broker.hire.lock);
  broker.tell([]);
  await vi.waitFor(() => expect([...waiting.keys()]).toEqual([lock]));
  expect(told).toEqual([]);
});

test('a broker that does not answer is gone, and the pool with it', async () => {
  const { broker, told } = hire();
  broker.tell([]);
  await free();
  await broker.ordered('prove');
  broker.tell([{ type: 'limited', workers: 1 }]); // it said so before its end
  await vi.waitFor(() => expect(told.at(-1)).toMatchObject({ type: 'broken' }));
});

test('a script that cannot be loaded breaks the pool', () => {
  const { broker, told } = hire();
  broker.onerror?.({ message: '', preventDefault: () => undefined });
  expect(told).toEqual([{ type: 'broken', message: 'broker.js could not be loaded' }]);
});

test('after its end the pool tells nothing', async () => {
  const { pool, broker, told } = hire();
  pool.terminate();
  await broker.ordered('terminate');
  broker.onerror?.({ message: 'late', preventDefault: () => undefined });
  broker.tell([{ type: 'limited', workers: 1 }]);
  await new Promise(resolve => setTimeout(resolve, 20));
  expect(told).toEqual([]);
});

test('a later pool has the snapshots that earlier pools of the kernel have made', async () => {
  const made = { likeness: 'of these workers', snapshot: EMPTY_MODULE };
  const first = hire();
  first.broker.tell([{ type: 'made', ...made }]);
  await first.broker.ordered('heard');
  const second = hire();
  const [had] = second.broker.hire.plan.init.made ?? [];
  expect(had?.likeness).toBe(made.likeness);
  expect(had?.snapshot).toBeInstanceOf(WebAssembly.Module);
  expect(first.broker.hire.plan.init.made).toEqual([]);
});
