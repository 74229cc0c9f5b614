import type { DriveFS } from '@jupyterlite/services/lib/contents/drivefs';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { mountDrive } from '../../src/worker/drive';
import type { DriveOptions, Turns } from '../../src/protocol';
import type { Pyodide } from '../../src/worker/pyodide';

class ErrnoError extends Error {
  readonly errno: number;
  constructor(readonly code: number) {
    super();
    this.errno = code;
  }
}

const EEXIST = 20;

/** What becomes of the next renames: the numbers of their errors, 0 for none. */
let renames: number[];

/** The file system on which the drive was mounted last. */
let fs: { rename: (from: string, to: string) => void };

/** The next requests: each gets a text and a status, or fails, or gets no answer. */
let answers: (readonly [text: string, status: number] | 'fails' | 'never')[];
let asked: number;
let timeouts: number[];
let large: number[];

class Requests {
  responseText = '';
  status = 0;
  timeout = 0;
  open(): void {
    asked += 1;
  }
  send(): void {
    const answer = answers.shift();
    timeouts.push(this.timeout);
    if (answer === 'never') {
      throw new DOMException('too late', 'TimeoutError');
    }
    if (answer === undefined || answer === 'fails') {
      throw new Error('the network failed');
    }
    [this.responseText, this.status] = answer;
  }
}

/** The drive, mounted in a Pyodide without Python. */
function mounted(
  probe = false,
  others: Partial<DriveOptions> = {},
  turns: Turns | null = null
): DriveFS {
  let drive: unknown = null;
  fs = {
    rename: () => {
      const code = renames.shift() ?? 0;
      if (code !== 0) {
        throw new ErrnoError(code);
      }
    }
  };
  const python = {
    FS: Object.assign(fs, {
      ErrnoError,
      mkdirTree: vi.fn(),
      chdir: vi.fn(),
      mount: (mounting: unknown) => (drive = mounting)
    }),
    PATH: {},
    ERRNO_CODES: { EIO: 29, EINVAL: 28, ENOENT: 44, EEXIST }
  };
  const options = {
    baseUrl: 'http://localhost/',
    driveName: '',
    mountpoint: '/drive',
    browsingContextId: 'one',
    probe,
    takesTurns: false,
    ...others
  };
  const answered = mountDrive(python as object as Pyodide, options, turns, {
    large: bytes => large.push(bytes)
  });
  expect(drive !== null).toBe(answered);
  return drive as DriveFS;
}

beforeEach(() => {
  asked = 0;
  timeouts = [];
  large = [];
  vi.stubGlobal('XMLHttpRequest', Requests);
  vi.spyOn(console, 'warn').mockImplementation(() => undefined);
  vi.spyOn(console, 'error').mockImplementation(() => undefined);
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

test('a read without an answer is sent again', () => {
  answers = ['fails', ['["a.txt"]', 200]];
  expect(mounted().API.readdir('/drive')).toEqual(['a.txt', '.', '..']);
  answers = [
    ['', 200],
    ['["b.txt"]', 200]
  ];
  expect(mounted().API.readdir('/drive')).toEqual(['b.txt', '.', '..']);
});

test('a second read without an answer is an error of the file system', () => {
  answers = ['fails', 'fails'];
  expect(() => mounted().API.readdir('/drive')).toThrow(ErrnoError);
  expect(asked).toBe(2);
});

test('a write is never sent twice', () => {
  answers = ['fails', ['null', 200]];
  expect(() => mounted().API.mknod('/drive/x', 0o100666)).toThrow(ErrnoError);
  expect(asked).toBe(1);
});

test('a request that the drive refuses is not sent again', () => {
  answers = [
    ['', 400],
    ['[]', 200]
  ];
  expect(() => mounted().API.readdir('/drive')).toThrow(expect.objectContaining({ code: 28 }));
  expect(asked).toBe(1);
});

test('a request ends at its time limit, and is not sent again', () => {
  answers = ['never', ['{"ok":true}', 200]];
  expect(() => mounted().API.lookup('/drive/x')).toThrow(ErrnoError);
  expect(asked).toBe(1);
  expect(timeouts[0]).toBeGreaterThan(10_000);
});

test('who looks at what has gone hears soon that it is not there', () => {
  answers = ['never', ['{"ok":false}', 200]];
  expect(() => mounted().API.getattr('/drive/x')).toThrow(expect.objectContaining({ code: 44 }));
  expect(asked).toBe(2);
  expect(timeouts[0]).toBeLessThan(5_000);
});

test('who looks at what is there waits for a page that is slow', () => {
  answers = ['never', ['{"ok":true}', 200], ['["a.txt"]', 200]];
  expect(mounted().API.readdir('/drive')).toContain('a.txt');
  expect(timeouts[2]).toBeGreaterThan(10_000);
});

test('a drive that may not exist is probed first, with a short time limit', () => {
  answers = ['never'];
  expect(mounted(true)).toBeNull(); // there is no drive
  expect(timeouts[0]).toBeLessThan(10_000);
  answers = [
    ['[]', 200],
    ['{"ok":true}', 200]
  ];
  expect(mounted(true).API.lookup('/drive/x').ok).toBe(true);
  expect(timeouts.at(-1)).toBeGreaterThan(10_000);
});

test('a file replaces one that came under its new name a moment ago', () => {
  answers = [];
  mounted();
  renames = [EEXIST, 0, 0];
  fs.rename('/drive/a', '/drive/b');
  expect(renames).toEqual([0]);
});

test('a file that cannot be renamed is not tried again for ever', () => {
  answers = [];
  mounted();
  renames = [28, 0];
  expect(() => fs.rename('/drive/a', '/drive/b')).toThrow(expect.objectContaining({ code: 28 }));
  expect(renames).toEqual([0]);
  renames = [EEXIST, EEXIST, 0];
  expect(() => fs.rename('/drive/a', '/drive/b')).toThrow(ErrnoError);
  expect(renames).toEqual([0]);
});

test('a large file has a longer time limit, and is noted', () => {
  const data = { format: 'text', data: new TextEncoder().encode('x'.repeat(1 << 20)) } as const;
  answers = [['null', 200]];
  mounted().API.put('/drive/small', data);
  expect(large).toEqual([]);
  answers = [['null', 200]];
  const most = new TextEncoder().encode('x'.repeat(16 << 20));
  mounted().API.put('/drive/just-right', { ...data, data: most });
  expect(large).toEqual([]);
  answers = [['null', 200]];
  const more = new TextEncoder().encode('x'.repeat(24 << 20));
  mounted().API.put('/drive/large', { ...data, data: more });
  expect(large).toHaveLength(1);
  expect(Number(timeouts.at(-1)) - Number(timeouts[0])).toBeGreaterThan(20_000);
});

test.each([
  ['the oldest JupyterLites are asked without the name of a page', undefined],
  ['earlier JupyterLites are asked with the name of a page', 'one']
])('%s, in turns', (_, browsingContextId) => {
  const asked: string[] = [];
  const said: unknown[] = [];
  class Asking {
    status = 0;
    responseText = '["a.txt"]';
    timeout = 0;
    private url = '';
    open(_: string, url: string): void {
      this.url = url;
    }
    send(body?: string): void {
      this.status = 200;
      if (this.url === 'blob:0' && said.length > 0) {
        throw new DOMException('gone', 'NetworkError'); // its turn has come
      }
      if (body !== undefined) {
        asked.push(body);
      }
    }
  }
  vi.stubGlobal('XMLHttpRequest', Asking);
  const port = { postMessage: (word: unknown) => said.push(word) };
  const turns = { port: port as object as MessagePort, seals: ['blob:0', 'blob:1'] };
  const drive = mounted(false, { browsingContextId, takesTurns: true }, turns);
  expect(drive.API.readdir('/drive')).toEqual(['a.txt', '.', '..']);
  const [body = ''] = asked;
  const request: unknown = JSON.parse(body);
  const data: unknown = { method: 'readdir', path: '' };
  const named: unknown = { browsingContextId, data: expect.objectContaining(data) as unknown };
  expect(request).toEqual(browsingContextId ? expect.objectContaining(named) : data);
  expect(said).toEqual([
    { turn: 0, wants: true },
    { turn: 0, wants: false }
  ]);
});

test('where no turns can be taken, the drive is not mounted', () => {
  vi.spyOn(console, 'warn').mockImplementation(() => undefined);
  const turns = { port: {} as object as MessagePort, seals: [] };
  expect(mounted(false, { takesTurns: true }, turns)).toBeNull();
});
