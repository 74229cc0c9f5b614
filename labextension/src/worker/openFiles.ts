/**
 * The files of the drive that are open in this worker.
 *
 * The drive makes a copy of a file each time the file is opened, and writes the copy back when it is
 * closed. Until then, the drive tells the old size; but SQLite, for example, asks for the size of a
 * file that it is writing. So all streams of a file share one copy, which tells the size.
 */
import type { DriveFS } from '@jupyterlite/services/lib/contents/drivefs';

interface OpenFile {
  file: DriveFS.IFile;
  users: number;
}

type StreamOps = DriveFS['stream_ops'];
/** An open file, with the copy that the drive has made. */
type Stream = Parameters<StreamOps['open']>[0] & { file?: DriveFS.IFile };
type Node = Parameters<DriveFS['node_ops']['getattr']>[0];

/** Let all streams of a file share one copy. */
export function shareOpenFiles(drive: DriveFS): void {
  const files = new Map<string, OpenFile>();
  const { stream_ops: streams, node_ops: nodes } = drive;
  const open = streams.open.bind(streams);
  const close = streams.close.bind(streams);
  const getattr = nodes.getattr.bind(nodes);
  const setattr = nodes.setattr.bind(nodes);
  const opened = (value: Node): OpenFile | undefined => files.get(pathOf(drive, value));

  streams.open = (stream: Stream): void => {
    open(stream);
    if (stream.file === undefined) {
      return;
    }
    const path = pathOf(drive, stream);
    const shared = files.get(path) ?? { file: stream.file, users: 0 };
    shared.users += 1;
    stream.file = shared.file;
    files.set(path, shared);
  };
  streams.close = (stream: Stream): void => {
    const path = pathOf(drive, stream);
    const shared = stream.file && files.get(path);
    try {
      close(stream);
    } finally {
      if (shared && --shared.users === 0) {
        files.delete(path);
      }
    }
  };
  nodes.getattr = value => {
    const about = getattr(value);
    const shared = opened(value);
    return shared ? { ...about, size: shared.file.data.length } : about;
  };
  nodes.setattr = (value, attributes) => {
    setattr(value, attributes);
    const shared = opened(value);
    const { size } = attributes as { size?: number };
    if (shared && size !== undefined) {
      const data = new Uint8Array(size);
      data.set(shared.file.data.subarray(0, size));
      shared.file.data = data;
    }
  };
}

function pathOf(drive: DriveFS, value: Node | Stream): string {
  return drive.realPath('node' in value ? value.node : value);
}
