import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { PyodidePool } from '../../src/pool/pool';
import type { PoolEvent } from '../../src/pool/events';
import type { WorkerFrame } from '../../src/protocol';
import { EMPTY_MODULE, FakeWorker, emptyFile } from '../fakeWorker';

/** How many frames. By default, each field of each kind gets each strange value. */
const COUNT = Number(process.env.FRAMES ?? 1500);

beforeEach(() => {
  FakeWorker.reset();
  vi.stubGlobal('location', { href: 'http://localhost/index.html' });
  vi.stubGlobal('Worker', FakeWorker);
  vi.stubGlobal('navigator', { hardwareConcurrency: 2 });
  vi.stubGlobal('fetch', emptyFile);
  vi.spyOn(WebAssembly, 'compileStreaming').mockResolvedValue(EMPTY_MODULE);
  vi.spyOn(console, 'warn').mockReturnValue(undefined);
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

/** Numbers that are the same in each run, from a linear congruential generator. */
function* drawn(seed: number): Generator<number> {
  for (let state = seed; ;) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    yield state / 2 ** 32;
  }
}

const random = drawn(7);

function pick<T>(of: readonly T[]): T {
  return of[Math.floor(random.next().value * of.length)] as T;
}

const FRAMES: readonly WorkerFrame[] = [
  {
    kind: 'result',
    batch: 0,
    payload: new Uint8Array(2),
    buffers: [],
    done: true,
    memory: 1
  },
  { kind: 'phase', phase: 'loading' },
  { kind: 'snapshot', snapshot: null },
  { kind: 'begin', batch: 0 },
  { kind: 'values', batch: 0, values: [1], failed: null, kept: 0, took: 1 },
  { kind: 'error', batch: 0, type: 'E', message: 'm', traceback: 't' },
  { kind: 'output', task: 0, stream: 'stderr', text: 'x' },
  { kind: 'worn', message: 'm' },
  { kind: 'taken', batch: 1 },
  { kind: 'fatal', reason: 'exited', status: 7, batch: 1, running: 0, message: 'm', memory: 1 }
];
const KINDS = [...FRAMES.map(({ kind }) => kind), 'run', 'toString', ''];
const STRANGE = [undefined, null, NaN, 0.5, -7, 2 ** 60, '', 'x', [], [1], {}, true, false, 1, 2];

/** A frame with up to two changed fields, often about the right batch. */
function mutated(batch: number): unknown {
  const frame: Record<string, unknown> = { ...pick(FRAMES) };
  if ('batch' in frame && random.next().value < 0.7) {
    frame.batch = batch;
  }
  for (let i = 0; i < pick([0, 1, 1, 2]); i++) {
    const field = pick(Object.keys(frame));
    frame[field] = field === 'kind' ? pick(KINDS) : pick([...STRANGE, batch, batch + 1]);
  }
  return frame;
}

const turn = (): Promise<void> => new Promise(resolve => setTimeout(resolve));

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; !condition(); i++) {
    expect(i, 'the condition never held').toBeLessThan(1000);
    await turn();
  }
}

/** Whether an event is the last one of a batch. */
function isEnd(event: PoolEvent, batch: number): boolean {
  if (event.type === 'ended') {
    return [event.batch, ...event.behind, ...event.untaken].includes(batch);
  }
  if (event.type !== 'frame' || event.frame.kind === 'output') {
    return false;
  }
  const { frame } = event;
  return frame.batch === batch && (frame.kind === 'error' || frame.done);
}

test('every batch ends once, whatever a worker sends, and the next one runs', async () => {
  const events: PoolEvent[] = [];
  const pool = new PyodidePool('http://localhost/worker.js', 1, {
    listener: event => events.push(event)
  });
  await pool.init();
  for (let batch = 1; batch <= COUNT; batch++) {
    pool.submit(batch, new Uint8Array([1]), []);
    await until(() => FakeWorker.all.some(worker => worker.batches.includes(batch)));
    const worker = FakeWorker.all.find(({ batches }) => batches.includes(batch));
    const frame = mutated(batch);
    worker?.post(frame as WorkerFrame);
    worker?.result(batch);
    await until(() => events.some(event => isEnd(event, batch)));
    await turn();
    const ends = events.filter(event => isEnd(event, batch));
    expect(ends, JSON.stringify(frame)).toHaveLength(1);
    events.length = 0;
    FakeWorker.all = FakeWorker.all.filter(({ terminated }) => !terminated);
  }
  pool.terminate();
}, 3_600_000);
