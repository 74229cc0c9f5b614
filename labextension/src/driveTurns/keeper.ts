/** Gives turns at the drive to one who takes them: a pool worker, or the kernel itself. */
import { breakSeal, makeSeal } from '../interrupt/seal';
import type { TurnSeals, TurnWord } from './words';

/** The Web Lock that whoever has a turn holds, for all kernels and pools of the site. */
const DRIVE = 'jupyterlite-pool:drive';

/** How many seals a taker has at first, and how many are added when it has used as many. */
const FIRST = 256;
const MORE = 64;

export class TurnKeeper {
  /** The seals of turns that are still to come, by the numbers of the turns. */
  private readonly seals = new Map<number, string>();
  private made = 0;
  /** What ends each turn that was asked for. */
  private readonly ends = new Map<number, () => void>();
  private isClosed = false;

  /** The seals of the first turns. */
  readonly first = this.makeSeals(FIRST);

  /** @param port leads to the taker */
  constructor(private readonly port: MessagePort) {
    port.onmessage = ({ data }: MessageEvent<TurnWord>) => this.hear(data);
  }

  /** The taker has ended. */
  close(): void {
    this.isClosed = true;
    this.port.close();
    this.ends.forEach(end => end());
    this.seals.forEach(breakSeal);
    this.seals.clear();
  }

  private hear({ turn, wants }: TurnWord): void {
    if (!wants) {
      this.ends.get(turn)?.();
      this.ends.delete(turn);
      return;
    }
    if (this.isClosed || !this.seals.has(turn)) {
      return;
    }
    const end = new Promise<void>(resolve => this.ends.set(turn, resolve));
    void navigator.locks.request(DRIVE, async () => {
      this.begin(turn);
      await end;
    });
    if (turn % MORE === MORE - 1) {
      const more: TurnSeals = { seals: this.makeSeals(MORE) };
      this.port.postMessage(more);
    }
  }

  private begin(turn: number): void {
    const seal = this.seals.get(turn);
    this.seals.delete(turn);
    if (seal !== undefined) {
      breakSeal(seal);
    }
  }

  private makeSeals(count: number): string[] {
    const seals = Array.from({ length: count }, makeSeal);
    seals.forEach(seal => this.seals.set(this.made++, seal));
    return seals;
  }
}
