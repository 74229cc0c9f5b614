/** Pools of fake workers. */
import { afterEach, beforeEach, expect, vi } from 'vitest';

import type { PoolEvent } from '../../src/pool/events';
import { PyodidePool } from '../../src/pool/pool';
import type { PoolOptions } from '../../src/pool/pool';
import { EMPTY_MODULE, FakeWorker, emptyFile } from '../fakeWorker';

const WORKER_URL = 'http://localhost/worker.js';

/** Run each test of a file in a page whose workers are fake. */
export function useFakePage(): void {
  beforeEach(() => {
    FakeWorker.reset();
    vi.stubGlobal('Worker', FakeWorker);
    vi.stubGlobal('navigator', { hardwareConcurrency: 2 });
    vi.stubGlobal('location', { href: 'http://localhost/index.html' });
    vi.stubGlobal('fetch', vi.fn(emptyFile));
    vi.spyOn(WebAssembly, 'compileStreaming').mockImplementation(compileFake);
  });

  afterEach(() => {
    vi.unstubAllGlobals();
    vi.restoreAllMocks();
    vi.useRealTimers();
  });
}

/** Snapshots are compiled; the runtime is an empty module. */
async function compileFake(source: Response | PromiseLike<Response>): Promise<WebAssembly.Module> {
  const answer = await source;
  const isSnapshot = answer.headers.get('Content-Type') === 'application/wasm';
  return isSnapshot ? WebAssembly.compile(await answer.arrayBuffer()) : EMPTY_MODULE;
}

export interface Made {
  pool: PyodidePool;
  events: PoolEvent[];
  /** The events of one kind. */
  of: <K extends PoolEvent['type']>(type: K) => Extract<PoolEvent, { type: K }>[];
}

export function make(size = 1, options: PoolOptions = {}): Made {
  const events: PoolEvent[] = [];
  const listener = (event: PoolEvent): void => {
    events.push(event);
    options.listener?.(event);
  };
  const pool = new PyodidePool(WORKER_URL, size, { ...options, listener });
  const of = <K extends PoolEvent['type']>(type: K): Extract<PoolEvent, { type: K }>[] =>
    events.filter((event): event is Extract<PoolEvent, { type: K }> => event.type === type);
  return { pool, events, of };
}

export async function started(size = 1, options: PoolOptions = {}): Promise<Made> {
  const made = make(size, options);
  await made.pool.init();
  return made;
}

export function submit(pool: PyodidePool, batch: number, needs: string[] = []): void {
  pool.submit(batch, new Uint8Array([batch]), [], needs);
}

/** Submit batches that may wait at one worker. */
export function submitBrief(pool: PyodidePool, lane: number, ...batches: number[]): void {
  for (const batch of batches) {
    pool.submit(batch, new Uint8Array([batch]), [], [], { lane, brief: true });
  }
}

/** Wait until a worker has been given so many batches. Returns their numbers. */
export async function given(worker: FakeWorker, count: number): Promise<number[]> {
  await vi.waitFor(() => expect(worker.batches).toHaveLength(count));
  return worker.batches;
}
