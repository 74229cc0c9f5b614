import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { type DriveRequests, shareDrive } from '../../src/broker/drive';
import { TurnKeeper } from '../../src/driveTurns/keeper';
import { TurnTaker } from '../../src/driveTurns/taker';

/** Whether each address is there. */
let whole: Set<string>;
/** What waits for the one lock, and what holds it. */
let waiting: (() => Promise<void>)[];
let holding: boolean;

/** Grant the lock, if it is free and somebody waits for it. */
function grant(): void {
  const next = holding ? undefined : waiting.shift();
  if (next) {
    holding = true;
    void next().then(() => {
      holding = false;
    });
  }
}

class Request {
  status = 0;
  private url = '';
  open(_: string, url: string): void {
    this.url = url;
  }
  send(): void {
    grant(); // the browser goes on while Python computes
    if (!whole.has(this.url)) {
      throw new DOMException('gone', 'NetworkError');
    }
    this.status = 200;
  }
}

beforeEach(() => {
  [whole, waiting, holding] = [new Set(), [], false];
  let count = 0;
  vi.stubGlobal('XMLHttpRequest', Request);
  vi.stubGlobal('navigator', {
    locks: {
      request: (_: string, granted: () => Promise<void>) => {
        waiting.push(granted);
        return Promise.resolve();
      }
    }
  });
  vi.spyOn(URL, 'createObjectURL').mockImplementation(() => {
    const url = `blob:${count++}`;
    whole.add(url);
    return url;
  });
  vi.spyOn(URL, 'revokeObjectURL').mockImplementation(url => void whole.delete(url));
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
  vi.useRealTimers();
});

/** A keeper, and its taker; seals that are sent wait for `deliver`. */
function pair(): { taker: TurnTaker; keeper: TurnKeeper; deliver: () => void } {
  const sent: unknown[] = [];
  const [ofKeeper, ofTaker] = [new Port(), new Port()];
  const keeper = new TurnKeeper(ofKeeper as object as MessagePort);
  const taker = new TurnTaker(ofTaker as object as MessagePort, keeper.first);
  ofTaker.postMessage = data => ofKeeper.onmessage?.({ data });
  ofKeeper.postMessage = data => void sent.push(data);
  const deliver = (): void => sent.splice(0).forEach(data => ofTaker.onmessage?.({ data }));
  return { taker, keeper, deliver };
}

class Port {
  onmessage: ((event: { data: unknown }) => void) | null = null;
  postMessage: (data: unknown) => void = () => undefined;
  close(): void {
    this.onmessage = null;
  }
}

/** A turn of the event loop. */
const turn = (): Promise<void> => new Promise(resolve => setTimeout(resolve));

test('whoever has a turn is alone, and leaves it to the next one', async () => {
  const [one, two] = [pair(), pair()];
  const seen: boolean[] = [];
  one.taker.during(() => seen.push(holding));
  await turn();
  two.taker.during(() => seen.push(holding));
  await turn();
  expect(seen).toEqual([true, true]);
  expect(holding).toBe(false);
  expect(waiting).toEqual([]);
});

test('a turn that does not come is an error, and is not wanted any more', async () => {
  const { taker } = pair();
  holding = true; // somebody else's, for good
  let now = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => (now += 10_000));
  expect(() => taker.during(() => 1)).toThrow('busy');
  holding = false;
  grant();
  await turn();
  expect(holding).toBe(false);
});

test('a turn is left also if its request fails', async () => {
  const { taker } = pair();
  const fail = (): never => {
    throw new Error('no answer');
  };
  expect(() => taker.during(fail)).toThrow('no answer');
  await turn();
  expect(holding).toBe(false);
});

test('the turn of the last seal is kept until there are more', async () => {
  const { taker, deliver } = pair();
  for (let count = 0; count < 256; count++) {
    taker.during(() => undefined);
    await turn();
  }
  expect(holding).toBe(true);
  expect(taker.during(() => 'still')).toBe('still');
  deliver();
  await turn();
  expect(holding).toBe(false);
  expect(taker.during(() => 'again')).toBe('again');
});

test('the turn of a taker that has ended is over', async () => {
  const { keeper, taker } = pair();
  for (let count = 0; count < 256; count++) {
    taker.during(() => undefined);
    await turn();
  }
  expect(holding).toBe(true); // it keeps the last turn
  keeper.close();
  await turn();
  expect(holding).toBe(false);
  expect(whole.size).toBe(0);
});

test('where seals cannot be seen, there are no turns', () => {
  const { taker } = pair();
  expect(taker.canSee).toBe(true);
  whole.clear();
  expect(taker.canSee).toBe(false);
});

test('the requests of a kernel take turns once a pool gives some, and no longer than it is there', () => {
  const { keeper } = pair();
  const seen: boolean[] = [];
  const api: DriveRequests = { request: () => seen.push(holding) };
  const port = new Port();
  const end = shareDrive(api, port as object as MessagePort);
  api.request({});
  port.postMessage = data => heard.push(data);
  const heard: unknown[] = [];
  const [seal = ''] = keeper.first;
  port.onmessage?.({ data: { seals: [seal] } });
  whole.delete(seal);
  api.request({});
  expect(heard).toEqual([{ turn: 0, wants: true }]); // the last one is kept
  end();
  api.request({});
  expect(heard).toHaveLength(1);
  expect(seen).toHaveLength(3);
});

test('requests of a kernel with two pools take one turn each', () => {
  const api: DriveRequests = { request: () => 1 };
  const ports = [new Port(), new Port()];
  const ends = ports.map(port => shareDrive(api, port as object as MessagePort));
  const heard: unknown[] = [];
  ports.forEach(port => {
    port.postMessage = data => heard.push(data);
    port.onmessage?.({ data: { seals: ['broken', 'too'] } });
  });
  expect(api.request({})).toBe(1);
  expect(heard).toEqual([
    { turn: 0, wants: true },
    { turn: 0, wants: false }
  ]);
  ends.forEach(end => end());
});
