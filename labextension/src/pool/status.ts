/** What is told of workers that are there. */
import type { WorkerHandle } from './handle';

/** A worker as a page can show it. */
export interface WorkerStatus {
  id: number;
  /** The number of its process, as Python names it. */
  pid: number;
  state: 'starting' | 'idle' | 'busy';
  /** How many calls, or batches, it has finished. */
  finished: number;
  /** Whether it was restored from a snapshot. */
  restored: boolean;
  /** Bytes of its WebAssembly memory, as it last said; 0 while it is starting. */
  memory: number;
}

export function statusOf(handle: WorkerHandle): WorkerStatus {
  return {
    id: handle.id,
    pid: handle.pid,
    state: !handle.ready ? 'starting' : handle.busy ? 'busy' : 'idle',
    finished: handle.inbox.finished,
    restored: handle.restored,
    memory: handle.memorySize
  };
}

/** Bytes of the WebAssembly memory of workers that are ready, by worker. */
export async function memoryOf(handles: Iterable<WorkerHandle>): Promise<Map<number, number>> {
  const ready = [...handles].filter(handle => handle.ready);
  const sizes = await Promise.allSettled(ready.map(handle => handle.memory()));
  return new Map(
    ready.flatMap((handle, i) => {
      const size = sizes[i];
      return size?.status === 'fulfilled' ? [[handle.id, size.value] as const] : [];
    })
  );
}
