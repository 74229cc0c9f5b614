/** Takes turns at the drive, while Python computes. */
import { isWhole } from '../interrupt/seal';
import type { TurnSeals, TurnWord } from './words';

/** Milliseconds that a turn is waited for: a turn of somebody else can take as long as an answer. */
const PATIENCE = 60_000;

export class TurnTaker {
  /** The number of the next turn, whose seal is the first one. */
  private turn = 0;
  /** Whether it is this one's turn. */
  private has = false;

  /**
   * @param port leads to the keeper
   * @param seals the seals of the first turns, as far as they are known
   */
  constructor(
    private readonly port: MessagePort,
    private readonly seals: string[] = []
  ) {
    port.onmessage = ({ data }: MessageEvent<TurnSeals>) => this.add(data.seals);
  }

  /** Whether there is a keeper that gives turns. */
  get isReady(): boolean {
    return this.has || this.seals.length > 0;
  }

  /** Whether seals can be seen here; a site's policy may forbid it, and then none looks whole. */
  get canSee(): boolean {
    return this.seals[0] !== undefined && isWhole(this.seals[0]);
  }

  /**
   * Do something when it is this one's turn. Throws if the turn does not come.
   *
   * Seals come with the event loop, which does not turn while Python computes. So the turn of the last
   * one is kept until there are more: others wait then, and nothing goes wrong.
   */
  during<T>(action: () => T): T {
    if (!this.has) {
      this.take();
    }
    try {
      return action();
    } finally {
      if (this.seals.length > 0) {
        this.leave();
      }
    }
  }

  private take(): void {
    const seal = this.seals.shift();
    if (seal === undefined) {
      throw new Error('there is no seal for a turn at the drive');
    }
    this.say({ turn: this.turn++, wants: true });
    this.has = true;
    const deadline = performance.now() + PATIENCE;
    while (isWhole(seal)) {
      if (performance.now() > deadline) {
        this.leave();
        throw new Error('the drive is busy with requests of others');
      }
    }
  }

  private leave(): void {
    this.has = false;
    this.say({ turn: this.turn - 1, wants: false });
  }

  private add(seals: string[]): void {
    this.seals.push(...seals);
    if (this.has) {
      this.leave();
    }
  }

  private say(word: TurnWord): void {
    this.port.postMessage(word);
  }
}
