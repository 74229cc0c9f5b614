/** Hears that somebody cancels a job, while its kernel computes and hears of nothing. */

/** Each lane that can be cancelled has a channel, whose name nobody can guess. Any message cancels it. */
export class Cancels {
  private readonly channels = new Map<number, BroadcastChannel>();
  /** Lanes that were cancelled, and whose end the kernel has not told yet. */
  private readonly cancelled = new Set<number>();

  constructor(private readonly cancel: (lane: number) => void) {}

  /** Whether a lane was cancelled: the kernel may not have heard of it, and submit more. */
  has(lane: number | undefined): boolean {
    return lane !== undefined && this.cancelled.has(lane);
  }

  /** Listen on the channel of this name. */
  listen(lane: number, name: string): void {
    this.forget(lane);
    const channel = new BroadcastChannel(name);
    channel.onmessage = () => {
      this.cancelled.add(lane);
      this.cancel(lane);
    };
    this.channels.set(lane, channel);
  }

  /** The job of a lane has ended. */
  forget(lane: number): void {
    this.channels.get(lane)?.close();
    this.channels.delete(lane);
    this.cancelled.delete(lane);
  }

  close(): void {
    [...this.channels.keys()].forEach(lane => this.forget(lane));
  }
}
