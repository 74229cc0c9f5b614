/** The status item: how many workers are ready, and how far their jobs are. */
import { nullTranslator } from '@jupyterlab/translation';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import { type ISignal, Signal } from '@lumino/signaling';
import * as React from 'react';

import { type Figures, figuresOf } from '../state/figures';
import { statusDetails, statusText } from '../state/texts';
import type { PoolView } from '../state/view';

export class PoolStatus extends ReactWidget {
  private readonly _activeChanged = new Signal<this, void>(this);
  private shown = true;
  private wasActive = false;

  /** @param open opens the panel */
  constructor(
    private readonly view: PoolView,
    private readonly open: () => void,
    private readonly trans: TranslationBundle = nullTranslator.load('')
  ) {
    super();
    this.addClass('jp-pool-status');
    view.changed.connect(() => this.refresh());
    view.setActive(true);
  }

  /** Whether there is something to show. */
  get isActive(): boolean {
    const told = this.view.told;
    return this.shown && told !== null && told.state.pools.length > 0;
  }

  /** Emitted when `isActive` has changed. */
  get activeChanged(): ISignal<this, void> {
    return this._activeChanged;
  }

  /** Show the item where there is a pool, or never. */
  setShown(shown: boolean): void {
    this.shown = shown;
    this.view.setActive(shown);
    this.refresh();
  }

  protected override render(): React.ReactElement | null {
    const told = this.view.told;
    if (told === null) {
      return null;
    }
    const { state } = told;
    const figures = figuresOf(state);
    const alone = figures.jobs > 0 && !this.view.computes;
    const text = statusText(figures, this.trans);
    const details = statusDetails(figures, state.jobs, !alone, this.trans);
    return (
      <div
        className="jp-pool-status-item"
        role="button"
        tabIndex={0}
        title={details}
        aria-label={`${text}\n${details}`}
        onClick={this.open}
        onKeyDown={event => {
          if (event.key === 'Enter' || event.key === ' ') {
            event.preventDefault();
            this.open();
          }
        }}
      >
        <Circle figures={figures} />
        <span>{alone ? this.trans.__('%1 · in the background', text) : text}</span>
      </div>
    );
  }

  private refresh(): void {
    if (this.isActive !== this.wasActive) {
      this.wasActive = this.isActive;
      this._activeChanged.emit();
    }
    this.update();
  }
}

/** How much of the running jobs is done. It turns where nobody knows. */
function Circle({ figures: { jobs, percent } }: { figures: Figures }): React.ReactElement {
  const length = 2 * Math.PI * 6;
  const share = jobs === 0 ? 0 : (percent ?? 25) / 100;
  const turns = jobs > 0 && percent === null;
  return (
    <svg
      className={turns ? 'jp-pool-circle jp-mod-turning' : 'jp-pool-circle'}
      viewBox="0 0 16 16"
      width="14"
      height="14"
      aria-hidden="true"
    >
      <circle className="jp-pool-circle-track" cx="8" cy="8" r="6" />
      <circle
        className="jp-pool-circle-done"
        cx="8"
        cy="8"
        r="6"
        strokeDasharray={`${share * length} ${length}`}
        transform="rotate(-90 8 8)"
      />
    </svg>
  );
}
