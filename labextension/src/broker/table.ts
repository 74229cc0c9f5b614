/** What a kernel knows of the workers of its pool, from the news of the broker. */
import type { WorkerStatus } from '../pool/status';
import { wordsOf } from './gather';
import type { Told } from './words';

type Worker = Omit<WorkerStatus, 'state'> & { ready: boolean; batches: number };

export class Table {
  /** How many spares are ready. */
  spares = 0;
  private readonly workers = new Map<number, Worker>();

  /** The workers, as the kernel has heard of them. */
  get status(): WorkerStatus[] {
    return [...this.workers.values()].map(({ ready, batches, ...worker }) => ({
      ...worker,
      state: !ready ? 'starting' : batches > 0 ? 'busy' : 'idle'
    }));
  }

  /** Take note of an event. */
  note(event: Told): void {
    if (event.type === 'gathered') {
      this.noteGathered(wordsOf(event));
    } else if (event.type === 'spares') {
      this.spares = event.spares;
    } else if (event.type === 'starting') {
      const { worker: id, pid } = event;
      const fresh = { ready: false, batches: 0, finished: 0, restored: false, memory: 0 };
      this.workers.set(id, { id, pid, ...fresh });
    } else if (event.type === 'ended') {
      this.workers.delete(event.worker);
    } else if ('worker' in event) {
      const worker = this.workers.get(event.worker);
      if (worker !== undefined) {
        this.noteOf(worker, event);
      }
    }
  }

  private noteOf(worker: Worker, event: Told): void {
    if (event.type === 'ready') {
      worker.ready = true;
      worker.restored = event.report.restored;
      worker.memory = event.report.memory;
    } else if (event.type === 'memory') {
      worker.memory = event.memory;
    } else if (event.type === 'frame' && event.frame.kind !== 'output') {
      this.noteEnd(worker, event.frame.kind === 'error' || event.frame.done);
    }
  }

  /** Packed events: see `GatheredEvent`. */
  private noteGathered(words: Int32Array): void {
    for (let at = 0; at < words.length; at += 4) {
      const worker = this.workers.get(words[at] ?? -1);
      const bytes = words[at + 2] ?? 0;
      if (worker === undefined) {
        continue;
      }
      if (bytes < 0) {
        worker.batches += 1;
      } else {
        this.noteEnd(worker, words[at + 3] === 1);
      }
    }
  }

  private noteEnd(worker: Worker, ended: boolean): void {
    worker.batches -= Number(ended);
    worker.finished += Number(ended);
  }
}
