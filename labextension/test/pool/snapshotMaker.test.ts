import { expect, test, vi } from 'vitest';

import type { MadeSnapshot } from '../../src/pool/snapshotMaker';
import { outlineOf } from '../../src/snapshot';
import { FakeWorker, bootBadly, bootNever, bootWell, emptyFile } from '../fakeWorker';
import { HEAD, compiled, smallSnapshot } from '../smallSnapshot';
import { make, useFakePage } from './fakePool';

useFakePage();

test('where the site has no snapshot, one is made beside the first worker', async () => {
  FakeWorker.reset();
  FakeWorker.snapshot = smallSnapshot();
  const { pool, of } = make(3);
  await pool.init({ runner: 'some.runner' });
  const made = FakeWorker.all.map(({ options, laid }) => [
    options?.makeSnapshot,
    options?.snapshot?.heapSize,
    laid.map(snapshot => snapshot && outlineOf(snapshot).heapSize)
  ]);
  expect(made).toEqual([
    [false, undefined, [null]],
    [false, 65_536, [65_536]],
    [false, 65_536, [65_536]],
    [true, undefined, []]
  ]);
  expect(FakeWorker.at(3).terminated).toBe(true);
  expect(pool.workers).toHaveLength(3);
  FakeWorker.at(0).die();
  await vi.waitFor(() => expect(of('ready')).toHaveLength(4));
  expect(FakeWorker.at(4).options?.snapshot?.heapSize).toBe(65_536);
});

test('the worker that makes a snapshot ends with the pool', async () => {
  FakeWorker.reset(bootWell, bootNever);
  FakeWorker.snapshot = undefined;
  const { pool } = make(1);
  await pool.init({ runner: 'another runner' });
  await vi.waitFor(() => expect(FakeWorker.all).toHaveLength(2));
  expect(FakeWorker.at(1).terminated).toBe(false);
  pool.terminate();
  expect(FakeWorker.at(1).terminated).toBe(true);
});

test.each([
  ['cannot be made', null, bootWell],
  ['ends with its worker', undefined, bootBadly],
  ['is none', new Blob(['something else']), bootWell]
])('no worker waits for a snapshot that %s', async (what, made, maker) => {
  vi.spyOn(console, 'warn').mockImplementation(() => undefined);
  FakeWorker.reset(bootWell, bootWell, maker);
  FakeWorker.snapshot = made;
  const { pool } = make(2);
  await pool.init({ runner: what });
  expect(FakeWorker.at(2).options?.makeSnapshot).toBe(true);
  expect(FakeWorker.at(1).options?.snapshot).toBeNull();
  expect(pool.workers.every(({ state }) => state === 'idle')).toBe(true);
});

test('no snapshot is made where another pool of the kernel has made one', async () => {
  FakeWorker.reset();
  FakeWorker.snapshot = smallSnapshot();
  const { pool } = make(1);
  const told: MadeSnapshot[] = [];
  await pool.init({ runner: 'a runner of two pools', onMade: made => told.push(made) });
  await vi.waitFor(() => expect(told).toHaveLength(1));
  const likeness = told[0]?.likeness ?? '';
  FakeWorker.reset();
  // As in a broker of its own, which knows nothing of the first pool.
  const { pool: second } = make(2);
  const snapshot = await compiled(smallSnapshot());
  await second.init({ runner: 'a runner of two pools', made: [{ likeness, snapshot }] });
  const heaps = FakeWorker.all.map(({ options }) => options?.snapshot?.heapSize);
  expect(heaps).toEqual([65_536, 65_536]);
});

test('workers begin before the snapshot of the site has come', async () => {
  const { pool } = make(2);
  const bytes = await new Response(
    smallSnapshot().stream().pipeThrough(new CompressionStream('gzip'))
  ).arrayBuffer();
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  const sha256 = Array.from(digest, byte => byte.toString(16).padStart(2, '0')).join('');
  const url = 'http://localhost/snapshot.bin';
  let arrive: (answer: Response) => void = () => undefined;
  const arriving = new Promise<Response>(resolve => (arrive = resolve));
  vi.stubGlobal('fetch', async (asked: string) => (asked === url ? arriving : emptyFile()));
  const head = btoa(String.fromCharCode(...HEAD));
  const snapshot = { url, sha256, heapSize: 65_536, head };
  const started = pool.init({ runner: 'a runner of a site', snapshot });
  await vi.waitFor(() => expect(FakeWorker.all.filter(({ options }) => options)).toHaveLength(2));
  expect(FakeWorker.all.map(({ options, laid }) => [options?.snapshot?.heapSize, laid])).toEqual([
    [65_536, []],
    [65_536, []]
  ]);
  arrive(new Response(bytes));
  await started;
  await vi.waitFor(() => expect(FakeWorker.all.map(({ laid }) => laid.length)).toEqual([1, 1]));
  expect(FakeWorker.at(0).laid[0]).toBeInstanceOf(WebAssembly.Module);
});

test('workers that have begun are told that the snapshot of the site cannot be used', async () => {
  vi.spyOn(console, 'warn').mockImplementation(() => undefined);
  FakeWorker.snapshot = smallSnapshot();
  const { pool } = make(2);
  const head = btoa(String.fromCharCode(...HEAD));
  const snapshot = { url: 'http://localhost/y', sha256: 'another', heapSize: 65_536, head };
  await pool.init({ runner: 'a runner of a damaged site', snapshot });
  await vi.waitFor(() => expect(FakeWorker.at(1).laid).toHaveLength(1));
  // The second one gets what is made beside the first.
  expect(FakeWorker.at(0).laid).toEqual([null]);
  expect(FakeWorker.at(1).laid[0]).toBeInstanceOf(WebAssembly.Module);
});
