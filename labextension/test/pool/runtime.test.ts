import { expect, test, vi } from 'vitest';

import { PoolStartError } from '../../src/errors';
import type { BootOptions } from '../../src/protocol';
import { FakeWorker, REPORT, emptyFile } from '../fakeWorker';
import { make, useFakePage } from './fakePool';

useFakePage();

test('the runtime is fetched and compiled once for all workers', async () => {
  const seen: BootOptions['runtime'][] = [];
  FakeWorker.reset(options => {
    seen.push(options.runtime);
    return Promise.resolve(REPORT);
  });
  const { pool } = make(3);
  await pool.init({ pyodideUrl: 'http://localhost/once/pyodide.mjs' });
  expect(WebAssembly.compileStreaming).toHaveBeenCalledTimes(1);
  expect(fetch).toHaveBeenCalledTimes(3); // the runtime itself, Python's library, the lock file
  expect(seen.every(runtime => runtime?.module instanceof WebAssembly.Module)).toBe(true);
  expect(seen.every(runtime => runtime?.library instanceof Blob)).toBe(true);
});

test('a lock file is requested once for all workers, and by each where it cannot be had', async () => {
  const seen: BootOptions[] = [];
  FakeWorker.reset(options => {
    seen.push(options);
    return Promise.resolve(REPORT);
  });
  const asked: string[] = [];
  let there = false;
  vi.stubGlobal('fetch', (url: string) => {
    asked.push(url);
    const answer = there ? new Response('{"packages": {}}') : new Response('', { status: 404 });
    return url.endsWith('.json') ? Promise.resolve(answer) : emptyFile();
  });
  const pyodideUrl = 'http://localhost/locked/pyodide.mjs';
  const lockFileUrl = 'http://localhost/locked/site.json';
  await make(2).pool.init({ pyodideUrl, lockFileUrl });
  expect(seen.map(options => options.lockFile)).toEqual([null, null]);
  there = true;
  await make(2).pool.init({ pyodideUrl, lockFileUrl });
  expect(seen.slice(2).map(options => options.lockFile)).toEqual([
    '{"packages": {}}',
    '{"packages": {}}'
  ]);
  const before = asked.length;
  await make(2).pool.init({ pyodideUrl, lockFileUrl });
  expect(asked).toHaveLength(before);
});

test('a runtime that is served as something else is compiled all the same', async () => {
  const bytes = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]);
  const answer = (url: string): Promise<Response> =>
    url.endsWith('.wasm') ? Promise.resolve(new Response(bytes)) : emptyFile();
  vi.stubGlobal('fetch', answer);
  vi.spyOn(WebAssembly, 'compileStreaming').mockRejectedValue(new TypeError('wrong type'));
  const { pool } = make(1);
  await pool.init({ pyodideUrl: 'http://localhost/type/pyodide.mjs' });
  expect(FakeWorker.at(0).options?.runtime?.module).toBeInstanceOf(WebAssembly.Module);
});

test.each([
  ['is not there', () => Promise.resolve(new Response('', { status: 404 })), 'loaded: status 404'],
  [
    'cannot be reached',
    () => Promise.reject(new TypeError('offline')),
    'loaded: TypeError: offline'
  ],
  ['is something else', () => Promise.resolve(new Response('<html>')), 'compiled: CompileError']
])('a runtime that %s breaks the pool at once, and is named', async (what, fetch, said) => {
  vi.stubGlobal('fetch', fetch);
  vi.spyOn(WebAssembly, 'compileStreaming').mockRejectedValue(new TypeError('wrong type'));
  const { pool, of } = make(1);
  const pyodideUrl = `http://localhost/${what}/pyodide.mjs`;
  await expect(pool.init({ pyodideUrl })).rejects.toBeInstanceOf(PoolStartError);
  await vi.waitFor(() => expect(of('broken')).toHaveLength(1));
  const url = new URL('pyodide.asm.wasm', pyodideUrl).href;
  expect(of('broken')[0]?.message).toContain(`${url} could not be ${said}`);
});

test('a library that is not a whole archive is named', async () => {
  vi.stubGlobal('fetch', () => Promise.resolve(new Response('<!doctype html>')));
  const { pool } = make(1);
  const pyodideUrl = 'http://localhost/ruined/pyodide.mjs';
  await expect(pool.init({ pyodideUrl })).rejects.toThrow(
    'http://localhost/ruined/python_stdlib.zip could not be loaded: it is no whole zip archive'
  );
});
