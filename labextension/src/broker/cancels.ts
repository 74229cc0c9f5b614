/** Hears that somebody cancels a job, while its kernel computes and hears of nothing. */

/** Each lane that can be cancelled has a channel, whose name nobody can guess. Any message cancels it. */
export class Cancels {
  private readonly channels = new Map<number, BroadcastChannel>();

  constructor(private readonly cancel: (lane: number) => void) {}

  /** Listen on the channel of this name; null to listen no more. */
  let(lane: number, name: string | null): void {
    this.channels.get(lane)?.close();
    this.channels.delete(lane);
    if (name !== null) {
      const channel = new BroadcastChannel(name);
      channel.onmessage = () => this.cancel(lane);
      this.channels.set(lane, channel);
    }
  }

  close(): void {
    [...this.channels.keys()].forEach(lane => this.let(lane, null));
  }
}
