/** Looks at the kernel that has the focus, for whoever shows how its pools are. */
import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import { type Focus, type HasKernel, kernelOf } from '../focus';
import type { PoolStates, Told } from './states';

export class PoolView implements IDisposable {
  private readonly _changed = new Signal<this, void>(this);
  private looking: IDisposable | null = null;
  private looksAt: string | null = null;
  private active = false;
  private disposed = false;

  /**
   * Look at nothing yet.
   *
   * @param every seconds between two states, at the least
   * @param stays whether to stay with a notebook when the focus goes to what has no kernel
   */
  constructor(
    readonly states: PoolStates,
    private readonly focus: Focus,
    private readonly every: number,
    private readonly stays: boolean
  ) {
    focus.changed.connect(this.follow);
    states.changed.connect(this.hear);
  }

  /** Emitted when there is something new. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this.disposed;
  }

  /** The part of the page whose kernel is looked at. */
  get part(): HasKernel | null {
    return this.stays ? this.focus.latest : this.focus.current;
  }

  /** The kernel that is looked at. */
  get kernel(): string | null {
    return kernelOf(this.part);
  }

  /** Its last state. */
  get told(): Told | null {
    return this.kernel === null ? null : this.states.get(this.kernel);
  }

  /** Whether the kernel works on a cell. */
  get computes(): boolean {
    return this.part?.sessionContext.session?.kernel?.status === 'busy';
  }

  /** Look, or look no longer. */
  setActive(active: boolean): void {
    this.active = active;
    this.follow();
  }

  dispose(): void {
    if (!this.disposed) {
      this.disposed = true;
      this.setActive(false);
      Signal.clearData(this);
    }
  }

  private readonly follow = (): void => {
    const kernel = this.active ? this.kernel : null;
    if (kernel !== this.looksAt) {
      this.looking?.dispose();
      this.looksAt = kernel;
      this.looking = kernel === null ? null : this.states.look(kernel, this.every);
    }
    this._changed.emit();
  };

  private readonly hear = (_: unknown, kernel: string): void => {
    if (kernel === this.kernel) {
      this._changed.emit();
    }
  };
}
