/** A section of JupyterLab's panel of what runs: the pools of all kernels of the page. */
import type { IRunningSessions } from '@jupyterlab/running';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { LabIcon } from '@jupyterlab/ui-components';
import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import type { PoolActions } from '../commands/actions';
import { poolIcon } from '../icon';
import type { PoolState } from '../state/data';
import { bytes, figuresOf } from '../state/figures';
import type { PoolStates } from '../state/states';
import { poolName, statusText } from '../state/texts';

/** Seconds between two states of a kernel. Milliseconds between two looks at the page's kernels. */
const EVERY = 2;
const AGAIN = 2000;

/** What it needs of the page. */
export interface Page {
  /** The kernels of the page. */
  kernels(): string[];
  /** The name of the notebook of a kernel. */
  nameOf(kernel: string): string;
  /** Show the notebook of a kernel. */
  show(kernel: string): void;
  /** Whether the panel can be seen. */
  isSeen(): boolean;
}

export class PoolsSection implements IRunningSessions.IManager {
  readonly name: string;
  readonly shutdownLabel: string;
  readonly shutdownAllLabel: string;
  readonly shutdownAllConfirmationText: string;
  private readonly looking = new Map<string, IDisposable>();
  private readonly _runningChanged = new Signal<this, void>(this);

  constructor(
    private readonly states: PoolStates,
    private readonly actions: PoolActions,
    private readonly page: Page,
    private readonly trans: TranslationBundle
  ) {
    this.name = trans.__('Worker Pools');
    this.shutdownLabel = trans.__('Shut Down Pool');
    this.shutdownAllLabel = trans.__('Shut Down All');
    this.shutdownAllConfirmationText = trans.__(
      'Shut down all worker pools? Unfinished work of their jobs will fail.'
    );
    states.changed.connect(() => this._runningChanged.emit());
    setInterval(() => this.follow(), AGAIN);
  }

  get runningChanged(): ISignal<this, void> {
    return this._runningChanged;
  }

  running(): IRunningSessions.IRunningItem[] {
    return this.pools().map(([kernel, pool]) => ({
      icon: (): LabIcon => poolIcon,
      label: () => `${this.page.nameOf(kernel)}: ${poolName(pool, this.trans)}`,
      labelTitle: () => this.page.nameOf(kernel),
      detail: () => this.detailOf(kernel, pool),
      open: () => this.page.show(kernel),
      shutdown: () => void this.actions.shutdown(kernel, pool)
    }));
  }

  refreshRunning(): void {
    this.follow();
  }

  shutdownAll(): void {
    for (const [kernel, pool] of this.pools()) {
      void this.actions.shutdown(kernel, pool);
    }
  }

  private pools(): [string, PoolState][] {
    return this.page
      .kernels()
      .flatMap(kernel =>
        (this.states.get(kernel)?.state.pools ?? []).map(
          pool => [kernel, pool] as [string, PoolState]
        )
      );
  }

  private detailOf(kernel: string, pool: PoolState): string {
    const jobs = this.states.get(kernel)?.state.jobs ?? [];
    const own = { pools: [pool], jobs: jobs.filter(job => job.pool === pool.id), more: 0 };
    const figures = figuresOf(own);
    return [statusText(figures, this.trans), bytes(figures.memory, this.trans)]
      .filter(Boolean)
      .join(' · ');
  }

  /** Look at all kernels, while somebody sees the section. */
  private follow(): void {
    const wanted = new Set(this.page.isSeen() ? this.page.kernels() : []);
    for (const [kernel, looking] of this.looking) {
      if (!wanted.has(kernel)) {
        looking.dispose();
        this.looking.delete(kernel);
      }
    }
    for (const kernel of wanted) {
      if (!this.looking.has(kernel)) {
        this.looking.set(kernel, this.states.look(kernel, EVERY));
      }
    }
  }
}
