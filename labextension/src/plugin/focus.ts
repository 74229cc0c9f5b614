/** Which kernel a person works with: that of the notebook or console that has the focus. */
import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { ISessionContext, IWidgetTracker } from '@jupyterlab/apputils';
import { type ISignal, Signal } from '@lumino/signaling';
import type { Widget } from '@lumino/widgets';

/** A part of the page that has a kernel. */
export type HasKernel = Widget & { readonly sessionContext: ISessionContext };

export class Focus {
  private readonly _changed = new Signal<this, void>(this);
  private last: HasKernel | null = null;
  private followed: ISessionContext | null = null;

  /** @param trackers know the notebooks and the consoles of the page */
  constructor(
    private readonly shell: JupyterFrontEnd.IShell,
    private readonly trackers: readonly IWidgetTracker<HasKernel>[]
  ) {
    shell.currentChanged?.connect(this.look);
    for (const tracker of trackers) {
      tracker.currentChanged.connect(this.look);
    }
    this.look();
  }

  /** Emitted when another part has the focus, or has another kernel. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** The part of the page that has the focus; null if that has no kernel. */
  get current(): HasKernel | null {
    const widget = this.shell.currentWidget;
    return widget !== null && this.knows(widget) ? widget : null;
  }

  /** The part that had the focus last and is still there. */
  get latest(): HasKernel | null {
    return this.last?.isDisposed ? null : this.last;
  }

  private knows(widget: Widget): widget is HasKernel {
    return this.trackers.some(tracker => tracker.has(widget));
  }

  private readonly look = (): void => {
    const open = this.trackers.map(tracker => tracker.currentWidget).find(each => each !== null);
    this.last = this.current ?? this.latest ?? open ?? null;
    const context = this.last?.sessionContext ?? null;
    if (context !== this.followed) {
      this.followed?.kernelChanged.disconnect(this.emit);
      this.followed?.statusChanged.disconnect(this.emit);
      this.followed = context;
      context?.kernelChanged.connect(this.emit);
      context?.statusChanged.connect(this.emit);
    }
    this.emit();
  };

  private readonly emit = (): void => {
    this._changed.emit();
  };
}

/** The id of the kernel of a part of the page; null if it has none now. */
export function kernelOf(widget: HasKernel | null): string | null {
  return widget?.sessionContext.session?.kernel?.id ?? null;
}
