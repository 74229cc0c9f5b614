import { afterEach, expect, test, vi } from 'vitest';

import { verifiedSnapshot } from '../../src/pool/snapshots';

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

/** Any content: it is not looked into. */
const CONTENT = new Blob(['pages']);

async function compressed(blob: Blob): Promise<[ArrayBuffer, string]> {
  const stream = blob.stream().pipeThrough(new CompressionStream('gzip'));
  const bytes = await new Response(stream).arrayBuffer();
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return [bytes, Array.from(digest, byte => byte.toString(16).padStart(2, '0')).join('')];
}

test('a snapshot is fetched and verified once, and unpacked', async () => {
  const [bytes, sha256] = await compressed(CONTENT);
  const fetch = vi.fn(() => Promise.resolve(new Response(bytes)));
  vi.stubGlobal('fetch', fetch);
  const source = { url: 'http://localhost/snapshot.bin', sha256 };
  const [first, second] = await Promise.all([verifiedSnapshot(source), verifiedSnapshot(source)]);
  expect(fetch).toHaveBeenCalledTimes(1);
  expect(first).toBe(second);
  expect(first?.size).toBe(CONTENT.size);
});

test.each([
  ['another digest', () => new Response(new Uint8Array([1])), {}, 'SHA-256'],
  ['no file', () => new Response('', { status: 404 }), {}, 'status 404'],
  ['no secure context', () => new Response(), { crypto: {} }, 'secure context']
])('workers start without a snapshot with %s', async (name, answer, globals, reason) => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
  vi.stubGlobal('fetch', () => Promise.resolve(answer()));
  for (const [key, value] of Object.entries(globals)) {
    vi.stubGlobal(key, value);
  }
  expect(await verifiedSnapshot({ url: 'http://localhost/x', sha256: name })).toBeNull();
  expect(warn.mock.calls[0]?.[0]).toContain(reason);
});
