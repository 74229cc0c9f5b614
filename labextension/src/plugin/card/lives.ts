/** Which kernels of this page live: a kernel that restarts has another life. */
import type { Kernel } from '@jupyterlab/services';
import { type ISignal, Signal } from '@lumino/signaling';

import { ENDS } from '../kernels/ends';

export class Lives {
  private readonly lives = new Map<string, string>();
  private readonly connected = new WeakSet<Kernel.IKernelConnection>();
  private readonly _changed = new Signal<this, void>(this);

  /** Emitted when a life has begun or ended. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Whether a kernel of this page has this life now. */
  has(life: string): boolean {
    return [...this.lives.values()].includes(life);
  }

  /** Hear when a kernel ends. */
  connect(connection: Kernel.IKernelConnection): void {
    if (!this.connected.has(connection)) {
      this.connected.add(connection);
      connection.statusChanged.connect((_, status) => {
        if (ENDS.has(status)) {
          this.ends(connection.id);
        }
      });
    }
  }

  /** A kernel tells the name of its life; null if its wheel has no such names. */
  begins(kernel: string, life: string | null): void {
    if (life !== null && this.lives.get(kernel) !== life) {
      this.lives.set(kernel, life);
      this._changed.emit();
    }
  }

  /** A kernel has ended, or ends and starts anew. */
  ends(kernel: string): void {
    if (this.lives.delete(kernel)) {
      this._changed.emit();
    }
  }
}
