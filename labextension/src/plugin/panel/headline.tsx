/** Of which notebook the panel tells, how old that is, and how to begin. */
import * as React from 'react';

import { clock, figuresOf } from '../state/figures';
import { Part } from './part';

/** Seconds after which a state counts as old. */
const OLD = 4;

export class Headline extends Part {
  private readonly timer = setInterval(() => {
    if (this.isVisible) {
      this.update(); // a state grows old without news
    }
  }, 1000);

  override dispose(): void {
    clearInterval(this.timer);
    super.dispose();
  }

  protected override render(): React.ReactElement {
    const { view, trans } = this.parts;
    const { part, told } = view;
    if (part === null) {
      return <p className="jp-pool-hint">{trans.__('Open a notebook to see its worker pool.')}</p>;
    }
    const pools = told?.state.pools ?? [];
    return (
      <div className="jp-pool-headline">
        <b title={part.sessionContext.path}>{part.title.label}</b>
        {told === null || pools.length === 0 ? this.hint() : this.figures()}
        {told !== null && this.age(told.at)}
      </div>
    );
  }

  private figures(): React.ReactElement {
    const { view, trans } = this.parts;
    const figures = view.told === null ? null : figuresOf(view.told.state);
    return (
      <span className="jp-pool-dim">
        {figures !== null &&
          trans.__('%1 of %2 workers ready, %3 busy', figures.ready, figures.size, figures.busy)}
      </span>
    );
  }

  private hint(): React.ReactElement {
    const { trans } = this.parts;
    return (
      <div className="jp-pool-hint">
        <p>{trans.__('This notebook has no worker pool yet. To start one, run a cell:')}</p>
        <pre>
          <code>
            {'from jupyterlite_pool import pool_map\n\npool_map(lambda x: x ** 2, range(100))'}
          </code>
        </pre>
      </div>
    );
  }

  /** How old the state is, if it is old: a kernel that computes tells nothing. */
  private age(at: number): React.ReactElement | null {
    const { view, trans } = this.parts;
    const seconds = (Date.now() - at) / 1000;
    if (seconds < OLD) {
      return null;
    }
    const text = view.computes
      ? trans.__('The notebook computes. This is how it was %1 ago.', clock(seconds))
      : trans.__('This is how it was %1 ago.', clock(seconds));
    return <span className="jp-pool-old">{text}</span>;
  }
}
