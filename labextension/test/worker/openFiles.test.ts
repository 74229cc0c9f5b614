/** A drive in memory, whose files are opened as Emscripten opens them. */
import { beforeEach, expect, test } from 'vitest';
import { DriveFS } from '@jupyterlite/services/lib/contents/drivefs';

import { shareOpenFiles } from '../../src/worker/openFiles';

type Stream = Parameters<DriveFS['stream_ops']['open']>[0];
type Node = Stream['node'];
type Attributes = Parameters<DriveFS['node_ops']['setattr']>[1];

const READ = 0;
const WRITE = 577; // and create, and truncate
const APPEND = 1089;
const FILE_MODE = 0o100666;

/** What the page has. */
let files: Map<string, Uint8Array>;
let drive: DriveFS;
/** The nodes that Emscripten knows, by path. */
let known: Map<string, Node>;
let root: Node;
/** The paths of files that were written back. */
let put: string[];

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (data: Uint8Array | undefined): string => new TextDecoder().decode(data);

class Memory extends DriveFS {
  override createAPI(): DriveFS['API'] {
    const api = {
      get(path: string) {
        const data = files.get(path);
        if (data === undefined) {
          throw new Error('ENOENT');
        }
        return { data: data.slice(), format: 'text' };
      },
      put(path: string, { data }: { data: Uint8Array }) {
        put.push(path);
        files.set(path, data.slice());
      },
      mknod: (path: string) => files.set(path, new Uint8Array()),
      getattr: (path: string) => ({ size: files.get(path)?.length ?? 0 }),
      rename(from: string, to: string) {
        files.set(to, files.get(from) ?? new Uint8Array());
        files.delete(from);
      },
      rmdir: (path: string) => files.delete(path)
    };
    return api as object as DriveFS['API'];
  }
}

beforeEach(() => {
  files = new Map();
  known = new Map();
  put = [];
  const FS = {
    ErrnoError: Error,
    isFile: (mode: number) => mode === FILE_MODE,
    isDir: () => true,
    createNode: (parent: Node | null, name: string, mode: number) =>
      ({ parent, name, mode }) as Node
  };
  const join = (...parts: string[]): string => parts.join('/').replace('//', '/');
  const PATH = { join, join2: join };
  drive = new Memory({ FS, PATH, ERRNO_CODES: {} } as object as DriveFS.IOptions);
  root = drive.createNode(null, '/', 0o40777, 0);
  root.parent = root;
  shareOpenFiles(drive);
});

function open(name: string, flags: number): Stream {
  const path = `/${name}`;
  const { node_ops: nodes, stream_ops: streams } = drive;
  let node = known.get(path);
  if (node === undefined) {
    node = files.has(path)
      ? drive.createNode(root, name, FILE_MODE, 0)
      : nodes.mknod(root, name, FILE_MODE, 0);
    known.set(path, node);
  } else if (flags === WRITE) {
    nodes.setattr(node, { size: 0 } as object as Attributes);
  }
  const stream: Stream = { node, nfd: 0, flags, shared: { flags, position: 0 } };
  streams.open(stream);
  return stream;
}

function write(stream: Stream, data: string, position = 0): void {
  drive.stream_ops.write(stream, bytes(data), 0, data.length, position);
}

function read(stream: Stream): string {
  const buffer = new Uint8Array(100);
  return text(buffer.subarray(0, drive.stream_ops.read(stream, buffer, 0, 100, 0)));
}

const close = (stream: Stream): void => drive.stream_ops.close(stream);
const size = (name: string): number => drive.node_ops.getattr(nodeOf(name)).size;

function nodeOf(name: string): Node {
  const node = known.get(`/${name}`);
  if (node === undefined) {
    throw new Error(`nothing is known of ${name}`);
  }
  return node;
}

/** As Emscripten does it: the node is known by its new name then, and no other. */
function rename(from: string, to: string): void {
  const node = nodeOf(from);
  drive.node_ops.rename(node, root, to);
  known.delete(`/${from}`);
  known.set(`/${to}`, node);
}

/** A stream of `x` in which was written, before another file got its name. */
function replacedWhileOpen(): Stream {
  const replaced = open('x', WRITE);
  write(replaced, 'replaced');
  const first = open('x.tmp', WRITE);
  write(first, 'the new one');
  close(first);
  rename('x.tmp', 'x');
  return replaced;
}

/** As Emscripten does it since 4.0: a stream may have a `setattr` of its own. */
function truncate(stream: Stream, length: number): void {
  const streams: typeof drive.stream_ops & {
    setattr?: (stream: Stream, attributes: Attributes) => void;
  } = drive.stream_ops;
  const attributes = { size: length } as object as Attributes;
  if (streams.setattr) {
    streams.setattr(stream, attributes);
  } else {
    drive.node_ops.setattr(stream.node, attributes);
  }
}

function unlink(name: string): void {
  drive.node_ops.unlink(root, name);
  known.delete(`/${name}`);
}

test('streams of a file share what was written, and its size', () => {
  const one = open('a', WRITE);
  const other = open('a', READ);
  write(one, 'hello');
  expect([read(other), size('a')]).toEqual(['hello', 5]);
  close(other);
  expect(put).toEqual([]);
  close(one);
  expect([text(files.get('/a')), put]).toEqual(['hello', ['/a']]);
});

test('a file that is renamed while it is open leaves nothing behind under its old name', () => {
  const first = open('x.tmp', WRITE);
  write(first, 'a long text');
  rename('x.tmp', 'x');
  close(first);
  const second = open('x.tmp', WRITE);
  write(second, 'short');
  expect(size('x.tmp')).toBe(5);
  close(second);
  expect([text(files.get('/x')), text(files.get('/x.tmp'))]).toEqual(['a long text', 'short']);
});

test('a file that another worker has changed is read anew, though somebody has it open', () => {
  files.set('/a', bytes('old'));
  const held = open('a', READ);
  files.set('/a', bytes('brand new'));
  const later = open('a', READ);
  expect([read(later), read(held), size('a')]).toEqual(['brand new', 'brand new', 9]);
});

test('what was written here and not saved yet is not lost when the file is opened again', () => {
  files.set('/a', bytes('old'));
  const held = open('a', APPEND);
  write(held, ' and new', 3);
  expect(read(open('a', READ))).toBe('old and new');
});

test('a stream that has written nothing does not write back what was', () => {
  files.set('/a', bytes('old'));
  const held = open('a', APPEND);
  files.set('/a', bytes('of another worker'));
  close(held);
  expect([text(files.get('/a')), put]).toEqual(['of another worker', []]);
});

test('a file that was deleted while it was open does not come back, and not into a new one', () => {
  const first = open('a', WRITE);
  write(first, 'a long text');
  unlink('a');
  close(first);
  expect(files.has('/a')).toBe(false);
  const second = open('a', WRITE);
  write(second, 'short');
  close(second);
  expect(text(files.get('/a'))).toBe('short');
});

test('a file that another one has replaced does not come back', () => {
  const replaced = replacedWhileOpen();
  close(replaced);
  expect(text(files.get('/x'))).toBe('the new one');
});

test('a stream that was duplicated keeps its copy until both are closed', () => {
  files.set('/a', bytes('old'));
  const one = open('a', APPEND);
  const two = { ...one };
  (drive.stream_ops as { dup?: (stream: Stream) => void }).dup?.(two);
  close(two);
  const reader = open('a', READ);
  write(one, ' and new', 3);
  expect(read(reader)).toBe('old and new');
  close(one);
  expect(text(files.get('/a'))).toBe('old and new');
});

test('a node that Emscripten uses again for another file has nothing of the one that is gone', () => {
  const gone = open('a', WRITE);
  write(gone, 'gone');
  const node = nodeOf('a');
  unlink('a');
  files.set('/a', new Uint8Array()); // of another worker
  known.set('/a', node);
  const again = open('a', WRITE);
  write(again, 'new');
  close(again);
  close(gone);
  expect(text(files.get('/a'))).toBe('new');
});

test('what is cut off is gone for all streams', () => {
  files.set('/a', bytes('to be cut'));
  const held = open('a', READ);
  close(open('a', WRITE));
  expect([read(held), size('a')]).toEqual(['', 0]);
});

test('a stream whose file was replaced cuts its own copy, and not the new file', () => {
  const replaced = replacedWhileOpen();
  truncate(replaced, 3);
  expect([read(replaced), text(files.get('/x'))]).toEqual(['rep', 'the new one']);
  const current = open('x', APPEND);
  truncate(current, 7);
  expect([read(current), text(files.get('/x'))]).toEqual(['the new', 'the new']);
});
