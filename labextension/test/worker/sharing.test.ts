import { afterEach, expect, test, vi } from 'vitest';

import { share } from '../../src/worker/sharing';
import { EMPTY_MODULE } from '../fakeWorker';

const URL_OF_PYODIDE = 'http://localhost/pyodide/pyodide.mjs';
const NAME = [6, ...new TextEncoder().encode('memory')];
const PREAMBLE = [0, 97, 115, 109, 1, 0, 0, 0];

/** A runtime that makes its heap itself, as later releases do. */
const EXPORTS = [...PREAMBLE, 5, 3, 1, 0, 1, 7, 10, 1, ...NAME, 2, 0];
/** A runtime that is given its heap, as earlier releases are. */
const IMPORTS = [...PREAMBLE, 2, 15, 1, 3, 101, 110, 118, ...NAME, 2, 0, 1];

const { fetch } = globalThis;
const { instantiateStreaming } = WebAssembly;

afterEach(() => {
  vi.unstubAllGlobals();
  globalThis.fetch = fetch;
  WebAssembly.instantiateStreaming = instantiateStreaming;
});

function sharing(
  module: WebAssembly.Module,
  lockFile: string | null = null,
  lockFileUrl: string | null = null
): ReturnType<typeof share> {
  return share(
    { module, library: new Blob(['library']) },
    { pyodideUrl: URL_OF_PYODIDE, lockFileUrl, lockFile }
  );
}

/** Make an instance, as Pyodide does. */
function instantiate(env: WebAssembly.ModuleImports): Promise<unknown> {
  return WebAssembly.instantiateStreaming(Promise.resolve(new Response()), { env });
}

test.each([
  ['a runtime that makes it', EXPORTS],
  ['a runtime that is given it', IMPORTS]
])('the heap is found of %s', async (_, bytes) => {
  const shared = sharing(new WebAssembly.Module(new Uint8Array(bytes)));
  expect(shared.memory()).toBeNull();
  const memory = new WebAssembly.Memory({ initial: 1 });
  await instantiate({ memory });
  expect(shared.memory()).toBeInstanceOf(WebAssembly.Memory);
  expect(shared.memory() === memory).toBe(bytes === IMPORTS);
});

test('a runtime without a heap has none', async () => {
  const shared = sharing(EMPTY_MODULE);
  await instantiate({});
  expect(shared.memory()).toBeNull();
});

test('a runtime that cannot be linked is a rejection', async () => {
  sharing(new WebAssembly.Module(new Uint8Array(IMPORTS)));
  await expect(instantiate({})).rejects.toThrow(WebAssembly.LinkError);
});

test('requests for shared files are answered, and all others are made', async () => {
  const asked = vi.fn(() => Promise.resolve(new Response('of the site')));
  vi.stubGlobal('fetch', asked);
  sharing(EMPTY_MODULE);
  const text = async (url: string): Promise<string> => (await globalThis.fetch(url)).text();
  expect(await text('http://localhost/pyodide/python_stdlib.zip')).toBe('library');
  expect(asked).not.toHaveBeenCalled();
  expect(await text('http://localhost/pyodide/pyodide-lock.json')).toBe('of the site');
});

test.each([
  ['beside Pyodide', null, 'http://localhost/pyodide/pyodide-lock.json'],
  ['of the site', 'http://localhost/lock/site.json', 'http://localhost/lock/site.json']
])('a lock file %s is not requested again', async (_, lockFileUrl, url) => {
  const asked = vi.fn(() => Promise.resolve(new Response('another')));
  vi.stubGlobal('fetch', asked);
  sharing(EMPTY_MODULE, '{"packages": {}}', lockFileUrl);
  expect(await (await globalThis.fetch(url)).json()).toEqual({ packages: {} });
  expect(asked).not.toHaveBeenCalled();
});

test("the browser's own functions are put back", () => {
  const own = [globalThis.fetch, WebAssembly.instantiateStreaming];
  const shared = sharing(EMPTY_MODULE);
  expect([globalThis.fetch, WebAssembly.instantiateStreaming]).not.toContain(own[0]);
  shared.end();
  expect([globalThis.fetch, WebAssembly.instantiateStreaming]).toEqual(own);
});
