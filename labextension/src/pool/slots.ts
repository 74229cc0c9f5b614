/**
 * How many workers all kernels and tabs of a site have together.
 *
 * What a device can carry, all pools of an origin share. Each worker has a slot, which is a Web Lock
 * with a number: the browser gives it back when the pool lets go of it, and when the pool's kernel
 * or page is gone, however that came about. Any script of the origin could take the slots away; it
 * would gain nothing by it, and a pool always has one worker.
 */

const NAME = 'jupyterlite-pool:slot';

type Release = () => void;

export class Slots {
  private wanted = 0;
  private readonly mine = new Map<number, Release>();
  /** Aborted when the slots that others hold need not be waited for any more. */
  private waiting: AbortController | null = null;

  /**
   * @param cap how many slots there are
   * @param onMore told when a slot that another pool had has come to this one
   */
  constructor(
    private readonly cap: number,
    private readonly onMore: () => void
  ) {}

  /** How many workers this pool may have. Without Web Locks nobody counts: as many as it wants. */
  get held(): number {
    return 'locks' in navigator ? this.mine.size : this.wanted;
  }

  /** Hold so many slots: those that are free now, and others as soon as they are. */
  async want(count: number): Promise<void> {
    this.wanted = Math.min(count, this.cap);
    this.waiting?.abort();
    this.waiting = null;
    for (const [slot, release] of [...this.mine].slice(this.wanted)) {
      this.mine.delete(slot);
      release();
    }
    if (!('locks' in navigator)) {
      return;
    }
    for (let slot = 0; slot < this.cap && this.mine.size < this.wanted; slot++) {
      if (!this.mine.has(slot)) {
        await this.request(slot, { ifAvailable: true });
      }
    }
    if (this.mine.size < this.wanted) {
      this.waitForOne();
    }
  }

  /** Give all of them back. */
  close(): void {
    void this.want(0);
  }

  /** Stand in line at all slots of others; the first one that is free is taken. */
  private waitForOne(): void {
    this.waiting?.abort(); // of a call that was overtaken by this one
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

  /** True when the slot is ours; false when it is not to be had, or no longer wanted. */
  private request(slot: number, options: LockOptions): Promise<boolean> {
    return new Promise(resolve => {
      const granted = (lock: Lock | null): Promise<void> | undefined => {
        const taken = lock !== null && this.mine.size < this.wanted;
        resolve(taken);
        // Held for as long as what is returned is not settled.
        return taken ? new Promise(release => this.mine.set(slot, release)) : undefined;
      };
      navigator.locks.request(`${NAME} ${slot}`, options, granted).catch(() => resolve(false)); // no longer waited for
    });
  }
}
