import { expect, test, vi } from 'vitest';

import { PoolStartError } from '../../src/errors';
import { FakeWorker, REPORT, bootNever } from '../fakeWorker';
import { make, useFakePage } from './fakePool';

useFakePage();

test('a boot that hangs is given up in time', async () => {
  FakeWorker.reset(bootNever);
  const { pool, of } = make(1, { startTimeout: 5 });
  const running = pool.run('1');
  await expect(pool.init()).rejects.toThrow('not ready after');
  await expect(running).rejects.toBeInstanceOf(PoolStartError);
  expect(of('broken')).toHaveLength(1);
});

test('a runtime that never arrives is given up in time', async () => {
  vi.spyOn(WebAssembly, 'compileStreaming').mockReturnValue(new Promise(() => undefined));
  const { pool } = make(1, { startTimeout: 5 });
  const pyodideUrl = 'http://localhost/hanging/pyodide.mjs';
  await expect(pool.init({ pyodideUrl })).rejects.toBeInstanceOf(PoolStartError);
});

test('a snapshot that never comes keeps no worker from starting', async () => {
  const others = fetch;
  const stalled = (url: string | URL): Promise<Response> =>
    String(url).includes('stalled') ? new Promise(() => undefined) : others(url);
  vi.stubGlobal('fetch', stalled);
  const snapshots: unknown[] = [];
  FakeWorker.reset(options => {
    snapshots.push(options.snapshot);
    return Promise.resolve(REPORT);
  });
  const { pool } = make(1, { startTimeout: 600 });
  await pool.init({ snapshot: { url: 'http://localhost/stalled.bin', sha256: 'stalled' } });
  expect(snapshots).toEqual([null]);
});

test('a first start may take a minute, and is tried twice', async () => {
  vi.useFakeTimers();
  try {
    FakeWorker.reset(bootNever);
    const { pool, of } = make(1);
    const failed = expect(pool.init()).rejects.toThrow('not ready after 60 s');
    await vi.advanceTimersByTimeAsync(59_000);
    expect(of('broken')).toHaveLength(0);
    await vi.advanceTimersByTimeAsync(62_000); // once more, then it gives up
    await failed;
  } finally {
    vi.useRealTimers();
  }
});

test('a relative URL of Pyodide is relative to the page, not to the worker', async () => {
  vi.stubGlobal('location', { href: 'http://localhost/page/index.html' });
  const urls: string[] = [];
  FakeWorker.reset(options => {
    urls.push(options.pyodideUrl);
    return Promise.resolve(REPORT);
  });
  await make(1).pool.init({ pyodideUrl: '../pyodide/pyodide.mjs' });
  expect(urls).toEqual(['http://localhost/pyodide/pyodide.mjs']);
});
