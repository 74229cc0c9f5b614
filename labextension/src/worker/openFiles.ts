/**
 * The files of the drive that are open in this worker.
 *
 * The drive makes a copy of a file each time the file is opened, and writes the copy back when it is
 * closed. Until then, the drive tells the old size; but SQLite, for example, asks for the size of a
 * file that it is writing. So all streams of a file share one copy, which tells the size.
 *
 * A copy that nothing was written to is never written back, and each stream that is opened brings it up
 * to date: the notebook or another worker may have changed the file meanwhile.
 */
import type { DriveFS } from '@jupyterlite/services/lib/contents/drivefs';

interface OpenFile {
  readonly file: DriveFS.IFile;
  users: number;
  /** Whether something was written to the copy that the drive does not have yet. */
  changed: boolean;
  /** Whether the file was deleted, or another one has its name: nothing is to be written back. */
  gone: boolean;
}

type StreamOps = DriveFS['stream_ops'];
type NodeOps = DriveFS['node_ops'];
type Attributes = Parameters<NodeOps['setattr']>[1];
/** What Emscripten calls where there is one; Pyodide 0.27 knows no `setattr` of a stream. */
type MoreStreamOps = StreamOps & {
  dup?: (stream: Stream) => void;
  setattr?: (stream: Stream, attributes: Attributes) => void;
};
/** An open file, with the copy that the drive has made. */
type Stream = Parameters<StreamOps['open']>[0] & { file?: DriveFS.IFile };
type Node = Stream['node'];
/** What is known of each copy, which a stream has even if its file is gone. */
type Entries = WeakMap<DriveFS.IFile, OpenFile>;

/** Let all streams of a file share one copy. */
export function shareOpenFiles(drive: DriveFS): void {
  // By node: a file that is renamed keeps its node.
  const files = new Map<Node, OpenFile>();
  const entries: Entries = new WeakMap();
  shareStreams(drive, files, entries);
  tellSizes(drive.node_ops, files);
  cutOwnCopies(drive, entries);
  noteWhatGoes(drive, files);
}

function shareStreams(drive: DriveFS, files: Map<Node, OpenFile>, entries: Entries): void {
  const streams: MoreStreamOps = drive.stream_ops;
  const open = streams.open.bind(streams);
  const close = streams.close.bind(streams);
  const write = streams.write.bind(streams);

  streams.open = (stream: Stream): void => {
    open(stream);
    if (stream.file === undefined) {
      return;
    }
    const shared = files.get(stream.node) ?? newFile(stream.file);
    if (!shared.changed) {
      Object.assign(shared.file, stream.file);
    }
    shared.users += 1;
    stream.file = shared.file;
    files.set(stream.node, shared);
    entries.set(shared.file, shared);
  };
  // Emscripten calls it for a second stream that has the same copy.
  streams.dup = (stream: Stream): void => {
    const shared = entryOf(stream, entries);
    if (shared) {
      shared.users += 1;
    }
  };
  streams.write = (stream: Stream, ...what): number => {
    const length = write(stream, ...what);
    const shared = entryOf(stream, entries);
    if (shared && length > 0) {
      shared.changed = true;
    }
    return length;
  };
  streams.close = (stream: Stream): void => {
    const shared = entryOf(stream, entries);
    if (!shared) {
      close(stream);
      return;
    }
    delete stream.file; // so the drive itself writes nothing back
    shared.users -= 1;
    if (shared.users === 0 && files.get(stream.node) === shared) {
      files.delete(stream.node);
    }
    if (shared.changed && !shared.gone && mayWrite(stream)) {
      drive.API.put(drive.realPath(stream.node), shared.file);
      shared.changed = false;
    }
  };
}

function tellSizes(nodes: NodeOps, files: Map<Node, OpenFile>): void {
  const getattr = nodes.getattr.bind(nodes);
  const setattr = nodes.setattr.bind(nodes);
  const opened = (value: Node | Stream): OpenFile | undefined => files.get(nodeOf(value));

  nodes.getattr = value => {
    const about = getattr(value);
    const shared = opened(value);
    return shared ? { ...about, size: shared.file.data.length } : about;
  };
  nodes.setattr = (value, attributes) => {
    setattr(value, attributes);
    const shared = opened(value);
    if (shared) {
      resize(shared, attributes);
    }
  };
}

/** A stream whose file is gone cuts its own copy: the path may be another file's by now. */
function cutOwnCopies(drive: DriveFS, entries: Entries): void {
  const streams: MoreStreamOps = drive.stream_ops;
  streams.setattr = (stream: Stream, attributes: Attributes): void => {
    const shared = entryOf(stream, entries);
    if (shared?.gone) {
      resize(shared, attributes);
    } else {
      drive.node_ops.setattr(stream.node, attributes);
    }
  };
}

/** Files whose path another file gets, or none, while they are open. */
function noteWhatGoes(drive: DriveFS, files: Map<Node, OpenFile>): void {
  const { node_ops: nodes } = drive;
  const rename = nodes.rename.bind(nodes);
  const unlink = nodes.unlink.bind(nodes);
  const noteGone = (path: string, except?: unknown): void => {
    for (const [node, shared] of [...files]) {
      if (node !== except && drive.realPath(node) === path) {
        shared.gone = true;
        files.delete(node); // Emscripten may use the node again, for another file
      }
    }
  };
  const pathOf = (parent: Node | Stream, name: string): string =>
    drive.PATH.join2(drive.realPath(nodeOf(parent)), name);

  nodes.rename = (value, folder, name) => {
    const path = pathOf(folder, name);
    rename(value, folder, name);
    noteGone(path, value);
  };
  nodes.unlink = (parent, name) => {
    unlink(parent, name);
    noteGone(pathOf(parent, name));
  };
}

/** Cut or lengthen a copy, if its attributes say so. */
function resize({ file }: OpenFile, attributes: Attributes): void {
  const { size } = attributes as { size?: number };
  if (size !== undefined) {
    const data = new Uint8Array(size);
    data.set(file.data.subarray(0, size));
    file.data = data;
  }
}

function entryOf({ file }: Stream, entries: Entries): OpenFile | undefined {
  return file && entries.get(file);
}

function nodeOf(value: Node | Stream): Node {
  return 'node' in value ? value.node : value;
}

function newFile(file: DriveFS.IFile): OpenFile {
  return { file, users: 0, changed: false, gone: false };
}

/** Whether a stream was opened for writing, by its mode of access. */
function mayWrite(stream: Stream): boolean {
  return ((stream.flags ?? stream.shared.flags) & 3) !== 0;
}
