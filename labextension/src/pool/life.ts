/**
 * The life of a worker, as its host can follow it.
 *
 * A browser tells nobody when a worker closes itself. So a worker holds a Web Lock from its first
 * moment; when the browser grants that lock to the host, the worker is gone. Where there are no
 * locks, the worker starts an inner worker that does nothing but beat; when the beats stop, the
 * worker is gone.
 */
import { PULSE } from '../protocol';
import type { WorkerEnd } from './events';
import { randomId } from './randomId';

/** A worker is gone when this many beats in a row are missing. */
const MISSED_BEATS = 3;

export class Life {
  /** The name of the worker's lock; null where there are no locks. */
  readonly lock: string | null;
  /** Where the worker is to beat; null where it holds a lock. */
  readonly pulse: MessagePort | null;
  /** How the worker ended; null while it lives. */
  end: WorkerEnd | null = null;
  private readonly beats: MessagePort | null;
  private readonly over = new AbortController();

  /**
   * @param onGone called when the worker is found to be gone
   * @param kind what the name of its lock begins with
   */
  constructor(
    private readonly onGone: () => void,
    kind = ''
  ) {
    const channel = 'locks' in navigator ? null : new MessageChannel();
    this.lock = channel === null ? `jupyterlite-pool:${kind}${randomId()}` : null;
    this.beats = channel?.port1 ?? null;
    this.pulse = channel?.port2 ?? null;
  }

  /** Watch for the end. The worker must hold its lock by now: a free lock is granted at once. */
  watch(): void {
    if (this.lock !== null) {
      navigator.locks
        .request(this.lock, { signal: this.over.signal }, () => this.missWorker())
        .catch(() => undefined); // the worker ended in another way
    }
    if (this.beats !== null) {
      this.watchBeats(this.beats);
    }
  }

  /** Note the end, and settle every call that waits. Only the first end counts: false for others. */
  close(end: WorkerEnd): boolean {
    if (this.end !== null) {
      return false;
    }
    this.end = end;
    this.over.abort();
    return true;
  }

  /** Reject a call when the worker ends: Comlink by itself would wait for ever. */
  orEnd<T>(call: Promise<T>): Promise<T> {
    const { signal } = this.over;
    return new Promise((resolve, reject) => {
      const onEnd = (): void => reject(new Error(this.end?.message));
      if (signal.aborted) {
        onEnd();
        return;
      }
      signal.addEventListener('abort', onEnd, { once: true });
      call.then(resolve, reject).finally(() => signal.removeEventListener('abort', onEnd));
    });
  }

  private watchBeats(beats: MessagePort): void {
    let missed = -Infinity; // until the first beat
    beats.onmessage = () => {
      missed = 0;
    };
    const timer = setInterval(() => {
      missed += 1;
      if (missed >= MISSED_BEATS) {
        this.missWorker();
      }
    }, PULSE);
    this.over.signal.addEventListener('abort', () => {
      clearInterval(timer);
      beats.close();
    });
  }

  /** The worker is gone. Frames of it may still be in line, so the end waits for one more message. */
  private missWorker(): void {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      this.onGone();
    };
    port2.postMessage(null);
  }
}
