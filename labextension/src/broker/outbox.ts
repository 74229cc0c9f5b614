/** Collects what a broker has to tell, so that its kernel is entered once for many events. */
import { transferables } from '../protocol';
import type { ErrorFrame, OutputFrame, ResultFrame } from '../protocol';
import { shorten } from './gather';
import type { News, Told } from './words';

/** Milliseconds that a `dispatched` event waits for other events. */
const DISPATCHED_WAITS = 4;

/**
 * Bytes of results that the kernel has not heard of yet. With more, workers are given no batch.
 *
 * A kernel that computes hears of nothing. Its workers go on meanwhile, and their results wait here.
 */
export const MOST_UNHEARD = 2 ** 28;

export interface OutboxOwner {
  /** Send a message. */
  send(news: News, transfer: Transferable[]): void;
  /** There are as many results as may wait, or no longer so. */
  full(full: boolean): void;
}

/**
 * Events on their way to a kernel.
 *
 * One message at a time is on its way. While the kernel is at work on it, events gather for the next
 * one. So a kernel that has little to do hears of each event at once, and one that has much to do hears
 * of many together.
 *
 * The kernel can wait for `dispatched`: the result of a brief batch comes within milliseconds, and
 * one message tells of both.
 */
export class Outbox {
  private events: Told[] = [];
  private timer: ReturnType<typeof setTimeout> | null = null;
  private onItsWay = false;
  /** Bytes of results and characters of text among the events. */
  private bytes = 0;
  /** The last event of each worker, if it is text that a task has printed. */
  private readonly printed = new Map<number, OutputFrame>();
  private isFull = false;

  constructor(private readonly owner: OutboxOwner) {}

  /** Tell of an event, now or soon. */
  push(event: Told): void {
    if (this.join(event)) {
      this.measure();
      return;
    }
    this.events.push(event);
    if (event.type === 'dispatched') {
      this.timer ??= setTimeout(() => this.flush(), DISPATCHED_WAITS);
      return;
    }
    if (event.type === 'frame' && event.frame.kind === 'result') {
      this.bytes += size(event.frame);
    }
    this.flush();
    this.measure();
  }

  /** The kernel has received the last message. */
  heard(): void {
    this.onItsWay = false;
    this.flush();
    this.measure();
  }

  private flush(): void {
    if (this.onItsWay || this.events.length === 0) {
      return;
    }
    if (this.timer !== null) {
      clearTimeout(this.timer);
      this.timer = null;
    }
    this.printed.clear();
    const news = shorten(this.events);
    [this.events, this.bytes, this.onItsWay] = [[], 0, true];
    this.owner.send(news, news.flatMap(buffersOf));
  }

  /**
   * Add text to the text that the same task has just printed; false for other events.
   *
   * A task can print faster than a busy kernel hears.
   */
  private join(event: Told): boolean {
    if (!('worker' in event)) {
      return false;
    }
    const before = this.printed.get(event.worker);
    const text = event.type === 'frame' && isText(event.frame) ? event.frame : null;
    this.bytes += text?.text.length ?? 0;
    if (text !== null && before?.task === text.task && before.stream === text.stream) {
      before.text += text.text;
      return true;
    }
    if (text === null) {
      this.printed.delete(event.worker);
    } else {
      this.printed.set(event.worker, text);
    }
    return false;
  }

  private measure(): void {
    const isFull = this.bytes > MOST_UNHEARD;
    if (isFull !== this.isFull) {
      this.isFull = isFull;
      this.owner.full(isFull);
    }
  }
}

function isText(frame: ResultFrame | ErrorFrame | OutputFrame): frame is OutputFrame {
  return frame.kind === 'output' && (frame.stream === 'stdout' || frame.stream === 'stderr');
}

function size({ payload, buffers }: ResultFrame): number {
  return buffers.reduce((sum, { byteLength }) => sum + byteLength, payload.byteLength);
}

function buffersOf(event: Told): Transferable[] {
  if (event.type === 'frame' && event.frame.kind === 'result') {
    return transferables(event.frame);
  }
  return event.type === 'gathered' ? transferables({ payload: event.packed, buffers: [] }) : [];
}
