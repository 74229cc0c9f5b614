/** Lets the workers of a pool go when the pool has been idle for long. */
import { afterBeats } from './wakingTime';

export class IdleTimer {
  private callOff: (() => void) | null = null;

  /**
   * @param timeout milliseconds that the pool may be idle; null for ever
   * @param isIdle whether the pool has nothing to do
   * @param onTimeout called when the pool has been idle for so long
   */
  constructor(
    private readonly timeout: number | null,
    private readonly isIdle: () => boolean,
    private readonly onTimeout: () => void
  ) {}

  /** Count from now on, if the pool is idle. */
  restart(): void {
    if (this.timeout === null) {
      return;
    }
    this.stop();
    if (this.isIdle()) {
      this.callOff = afterBeats(this.timeout, () => {
        if (this.isIdle()) {
          this.onTimeout();
        }
      });
    }
  }

  stop(): void {
    this.callOff?.();
    this.callOff = null;
  }
}
