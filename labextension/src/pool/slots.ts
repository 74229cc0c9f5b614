/**
 * Slots: all pools of an origin share the workers that the device can carry.
 *
 * Each worker needs a slot, which is a Web Lock with a number. The browser frees it when the pool
 * releases it, and also when the pool's kernel or page ends in any way. Any script of the origin
 * could take slots away; it would gain nothing, and every pool may have one worker without a slot.
 */

const NAME = 'jupyterlite-pool:slot';

type Release = () => void;

export class Slots {
  private wanted = 0;
  private readonly mine = new Map<number, Release>();
  /** Whether the browser has no Web Locks here, or lets nobody use them. */
  private without = !('locks' in navigator);
  /** Ends the wait for slots that other pools hold. */
  private waiting: AbortController | null = null;

  /**
   * @param cap how many slots there are
   * @param onMore called when this pool gets a slot that another pool had
   */
  constructor(
    private readonly cap: number,
    private readonly onMore: () => void
  ) {}

  /** How many workers this pool may have. Without Web Locks, a pool may have as many as it wants. */
  get held(): number {
    return this.without ? this.wanted : this.mine.size;
  }

  /** Hold this many slots: those that are free now, and others as soon as they become free. */
  async want(count: number): Promise<void> {
    this.wanted = Math.min(count, this.cap);
    this.waiting?.abort();
    this.waiting = null;
    for (const [slot, release] of [...this.mine].slice(this.wanted)) {
      this.mine.delete(slot);
      release();
    }
    for (let slot = 0; !this.without && slot < this.cap && this.mine.size < this.wanted; slot++) {
      if (!this.mine.has(slot)) {
        await this.request(slot, { ifAvailable: true });
      }
    }
    if (!this.without && this.mine.size < this.wanted) {
      this.waitForOne();
    }
  }

  /** Release all slots. */
  close(): void {
    void this.want(0);
  }

  /** Wait for all slots of other pools, and take the first one that becomes free. */
  private waitForOne(): void {
    this.waiting?.abort(); // an earlier call may wait, too
    const waiting = (this.waiting = new AbortController());
    for (let slot = 0; slot < this.cap; slot++) {
      if (!this.mine.has(slot)) {
        void this.request(slot, { signal: waiting.signal }).then(got => {
          if (got) {
            this.onMore();
            void this.want(this.wanted);
          }
        });
      }
    }
  }

  /** Ask for a slot. True when this pool has it; false where it is taken, or no longer wanted. */
  private request(slot: number, options: LockOptions): Promise<boolean> {
    return new Promise(resolve => {
      const granted = (lock: Lock | null): Promise<void> | undefined => {
        const taken = lock !== null && this.mine.size < this.wanted;
        resolve(taken);
        // The browser holds the lock until this promise settles.
        return taken ? new Promise(release => this.mine.set(slot, release)) : undefined;
      };
      navigator.locks.request(`${NAME} ${slot}`, options, granted).catch((error: unknown) => {
        // An aborted request rejects, too.
        this.without ||= error instanceof DOMException && error.name === 'SecurityError';
        resolve(false);
      });
    });
  }
}
