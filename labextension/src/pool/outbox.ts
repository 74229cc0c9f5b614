/** Collects events, so that one call tells a listener of many. */

import type { PoolEvent } from './events';

/** Milliseconds that a `dispatched` event waits for other events. */
const DISPATCHED_WAITS = 4;

/**
 * Events on their way to Python.
 *
 * Frames arrive in swarms, and a call into Python costs about as much as the work on one frame. So the
 * outbox sends itself a message, and tells of all events that have come before that message.
 *
 * Python hears at once of a worker that is ready: it may have an initializer for the worker, which
 * must run before the batch that the pool is about to give it. Python can wait for `dispatched`: the
 * result of a brief batch comes within milliseconds, and one call tells of both.
 */
export class Outbox {
  private events: PoolEvent[] = [];
  private readonly hop = new MessageChannel();
  private hopping = false;
  private timer: ReturnType<typeof setTimeout> | null = null;

  constructor(private readonly listener: (events: PoolEvent[]) => void) {
    this.hop.port1.onmessage = () => {
      this.hopping = false;
      this.flush();
    };
  }

  /** The listener of a pool. */
  readonly push = (event: PoolEvent): void => {
    this.events.push(event);
    if (event.type === 'ready') {
      this.flush();
    } else if (event.type === 'dispatched') {
      this.timer ??= setTimeout(() => this.flush(), DISPATCHED_WAITS);
    } else if (!this.hopping) {
      this.hopping = true;
      this.hop.port2.postMessage(null);
    }
  };

  /** Tell nothing more. */
  close(): void {
    this.takeEvents();
    this.hop.port1.close();
  }

  private flush(): void {
    const events = this.takeEvents();
    if (events.length > 0) {
      this.listener(events);
    }
  }

  private takeEvents(): PoolEvent[] {
    if (this.timer !== null) {
      clearTimeout(this.timer);
      this.timer = null;
    }
    const { events } = this;
    this.events = [];
    return events;
  }
}
