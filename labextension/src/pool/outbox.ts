/** Tells a listener that is dear to call of all that has happened meanwhile, in one call. */

/**
 * Events on their way to Python.
 *
 * Frames arrive in swarms, and entering Python for each one costs about as much as what it says. So
 * an event waits for a message that the outbox sends itself: what arrives before it goes along.
 */
export class Outbox<Event> {
  private events: Event[] = [];
  private readonly hop = new MessageChannel();

  constructor(private readonly listener: (events: Event[]) => void) {
    this.hop.port1.onmessage = () => this.flush();
  }

  /** What a pool takes as its listener. */
  readonly push = (event: Event): void => {
    this.events.push(event);
    if (this.events.length === 1) {
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
    this.listener(events);
  }
}
