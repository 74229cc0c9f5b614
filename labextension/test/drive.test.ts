import type { DriveFS } from '@jupyterlite/services/lib/contents/drivefs';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { mountDrive } from '../src/worker/drive';
import type { Pyodide } from '../src/worker/pyodide';

class ErrnoError extends Error {
  constructor(readonly code: number) {
    super();
  }
}

/** What the next requests do: answer with a text and a status, or fail. */
let answers: (readonly [text: string, status: number] | 'fails')[];
let asked: number;

class Requests {
  responseText = '';
  status = 0;
  open(): void {
    asked += 1;
  }
  send(): void {
    const answer = answers.shift();
    if (answer === undefined || answer === 'fails') {
      throw new Error('the network failed');
    }
    [this.responseText, this.status] = answer;
  }
}

/** The drive as it was mounted in a Pyodide without Python. */
function mounted(): DriveFS {
  let drive: unknown = null;
  const python = {
    FS: {
      ErrnoError,
      mkdirTree: vi.fn(),
      chdir: vi.fn(),
      mount: (mounting: unknown) => (drive = mounting)
    },
    PATH: {},
    ERRNO_CODES: { EIO: 29, EINVAL: 28 }
  };
  mountDrive(python as object as Pyodide, {
    baseUrl: 'http://localhost/',
    driveName: '',
    mountpoint: '/drive',
    browsingContextId: 'one'
  });
  return drive as DriveFS;
}

beforeEach(() => {
  asked = 0;
  vi.stubGlobal('XMLHttpRequest', Requests);
  vi.spyOn(console, 'warn').mockImplementation(() => undefined);
  vi.spyOn(console, 'error').mockImplementation(() => undefined);
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

test('a read that was not answered is asked again', () => {
  answers = ['fails', ['["a.txt"]', 200]];
  expect(mounted().API.readdir('/drive')).toEqual(['a.txt', '.', '..']);
  answers = [
    ['', 200],
    ['["b.txt"]', 200]
  ];
  expect(mounted().API.readdir('/drive')).toEqual(['b.txt', '.', '..']);
});

test('a read that is never answered is an error of the file system', () => {
  answers = ['fails', 'fails'];
  expect(() => mounted().API.readdir('/drive')).toThrow(ErrnoError);
  expect(asked).toBe(2);
});

test('a write is never sent twice', () => {
  answers = ['fails', ['null', 200]];
  expect(() => mounted().API.mknod('/drive/x', 0o100666)).toThrow(ErrnoError);
  expect(asked).toBe(1);
});

test('what the drive refuses is refused once', () => {
  answers = [
    ['', 400],
    ['[]', 200]
  ];
  expect(() => mounted().API.readdir('/drive')).toThrow(expect.objectContaining({ code: 28 }));
  expect(asked).toBe(1);
});
