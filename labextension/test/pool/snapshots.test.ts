import { afterEach, expect, test, vi } from 'vitest';

import { outlineAhead, verifiedSnapshot } from '../../src/pool/snapshots';
import { outlineOf } from '../../src/snapshot';
import { HEAD, smallSnapshot } from '../smallSnapshot';

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

async function compressed(blob: Blob): Promise<[ArrayBuffer, string]> {
  const stream = blob.stream().pipeThrough(new CompressionStream('gzip'));
  return digested(await new Response(stream).arrayBuffer());
}

/** Bytes, and their digest. */
async function digested(bytes: ArrayBuffer): Promise<[ArrayBuffer, string]> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return [bytes, Array.from(digest, byte => byte.toString(16).padStart(2, '0')).join('')];
}

/** The outline of the small snapshot, as `pool.json` has it. */
const OUTLINE = { heapSize: 65_536, head: btoa(String.fromCharCode(...HEAD)) };

test('a snapshot is fetched, verified and compiled once', async () => {
  const [bytes, sha256] = await compressed(smallSnapshot());
  const fetch = vi.fn(() => Promise.resolve(new Response(bytes)));
  vi.stubGlobal('fetch', fetch);
  const source = { url: 'http://localhost/snapshot.bin', sha256 };
  const [first, second] = await Promise.all([verifiedSnapshot(source), verifiedSnapshot(source)]);
  expect(fetch).toHaveBeenCalledTimes(1);
  expect(first).toBe(second);
  expect(first && outlineOf(first).heapSize).toBe(OUTLINE.heapSize);
});

test('a whole snapshot that was changed is not used, and no second try is made', async () => {
  vi.spyOn(console, 'warn').mockImplementation(() => undefined);
  const [bytes] = await compressed(smallSnapshot());
  const fetch = vi.fn(() => Promise.resolve(new Response(bytes)));
  vi.stubGlobal('fetch', fetch);
  const source = { url: 'http://localhost/snapshot.bin', sha256: 'of another file' };
  expect(await verifiedSnapshot(source)).toBeNull();
  expect(await verifiedSnapshot(source)).toBeNull();
  expect(fetch).toHaveBeenCalledTimes(1);
});

/** A snapshot of the version before this one: a table, Pyodide's header, and pages. */
const EARLIER = new Blob([Uint32Array.from([0x53504c4a, 1, 4096, 16, 0]), HEAD]);
const NOTHING = new Blob([new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0])]);

test.each([
  ['is of an earlier version', async () => compressed(EARLIER), 'compile'],
  ['is another module', async () => compressed(NOTHING), 'no snapshot of this version'],
  ['is a module cut short', async () => compressed(smallSnapshot().slice(0, 5000)), 'compile'],
  ['is not compressed', async () => digested(await smallSnapshot().arrayBuffer()), 'is not used']
])('a file whose digest is right but that %s is not used', async (_, make, reason) => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
  const [bytes, sha256] = await make();
  vi.stubGlobal('fetch', () => Promise.resolve(new Response(bytes)));
  const source = { url: 'http://localhost/snapshot.bin', sha256, ...OUTLINE };
  expect(outlineAhead(source)).not.toBeNull();
  expect(await verifiedSnapshot(source)).toBeNull();
  expect(warn).toHaveBeenCalledTimes(1);
  expect(warn.mock.calls[0]?.[0]).toContain('http://localhost/snapshot.bin is not used: ');
  expect(warn.mock.calls[0]?.[0]).toContain(reason);
  // No later worker begins with an outline of what will not come.
  expect(outlineAhead(source)).toBeNull();
});

test.each([
  ['another digest', () => new Response(new Uint8Array([1])), {}, 'SHA-256'],
  ['an empty file', () => new Response(null), {}, 'SHA-256'],
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

test('the outline is known ahead where the site tells it and its snapshot can be verified', () => {
  const source = { url: 'http://localhost/x', sha256: 'one that nobody has looked at' };
  expect(outlineAhead(source)).toBeNull();
  const outline = outlineAhead({ ...source, ...OUTLINE });
  expect(outline?.heapSize).toBe(OUTLINE.heapSize);
  expect([...(outline?.head ?? [])]).toEqual([...HEAD]);
  vi.stubGlobal('crypto', {});
  expect(outlineAhead({ ...source, ...OUTLINE })).toBeNull();
});
