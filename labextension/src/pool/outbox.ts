/** Tells a listener that is dear to call of all that has happened meanwhile, in one call. */

import type { PoolEvent } from '../protocol';

/**
 * Events on their way to Python.
 *
 * Frames arrive in swarms, and entering Python for each one costs about as much as what it says. So
 * an event waits for a message that the outbox sends itself: what arrives before it goes along. A
 * worker that is ready is told of at once: its owner may have something for it that comes before
 * what the pool is about to give it.
 */
export class Outbox {
  private events: PoolEvent[] = [];
  private readonly hop = new MessageChannel();

  constructor(private readonly listener: (events: PoolEvent[]) => void) {
    this.hop.port1.onmessage = () => this.flush();
  }

  /** What a pool takes as its listener. */
  readonly push = (event: PoolEvent): void => {
    this.events.push(event);
    if (event.type === 'ready') {
      this.flush();
    } else if (this.events.length === 1) {
      this.hop.port2.postMessage(null);
    }
  };

  /** Tell nothing more. */
  close(): void {
    this.events = [];
    this.hop.port1.close();
  }

  private flush(): void {
    const events = this.events;
    this.events = [];
    if (events.length > 0) {
      this.listener(events);
    }
  }
}
