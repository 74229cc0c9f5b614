/** Tells a listener that is dear to call of all that has happened meanwhile, in one call. */

import type { PoolEvent } from './events';

/** Milliseconds that the word of a batch given to a worker waits for company. */
const DISPATCHED_WAITS = 4;

/**
 * Events on their way to Python.
 *
 * Frames arrive in swarms, and entering Python for each one costs about as much as what it says. So
 * an event waits for a message that the outbox sends itself: what arrives before it goes along. A
 * worker that is ready is told of at once: its owner may have something for it that comes before
 * what the pool is about to give it. That a batch went to a worker wakes nobody by itself: a brief
 * batch is back before anybody needs to know, and the two are told of together.
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

  /** What a pool takes as its listener. */
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
