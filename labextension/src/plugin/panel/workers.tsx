/** The workers of each pool. */
import * as React from 'react';

import type { PoolState, WorkerState } from '../state/data';
import { bytes, clock } from '../state/figures';
import { poolName, workerState, workOf } from '../state/texts';
import { Part } from './part';

export class Workers extends Part {
  protected override render(): React.ReactElement {
    const pools = this.parts.view.told?.state.pools ?? [];
    return (
      <div className="jp-pool-workers" tabIndex={0} role="group" aria-label={this.title.label}>
        {pools.map(pool => (
          <React.Fragment key={pool.id}>
            {(pools.length > 1 || !pool.shared) && this.head(pool)}
            {pool.problem !== null && <p className="jp-pool-problem">{pool.problem}</p>}
            {this.table(pool)}
          </React.Fragment>
        ))}
      </div>
    );
  }

  /** The name of a pool with its own buttons. */
  private head(pool: PoolState): React.ReactElement {
    const { view, actions, trans } = this.parts;
    const name = poolName(pool, trans);
    const button = (
      label: string,
      hint: string,
      act: (kernel: string) => Promise<void>
    ): React.ReactElement => (
      <button
        className="jp-pool-button"
        title={hint}
        aria-label={hint}
        onClick={() => {
          if (view.kernel !== null) {
            void act(view.kernel);
          }
        }}
      >
        {label}
      </button>
    );
    return (
      <div className="jp-pool-head">
        <b>{name}</b>
        {button(trans.__('Scale…'), trans.__('Scale %1…', name), kernel =>
          actions.scale(kernel, pool)
        )}
        {button(trans.__('Restart'), trans.__('Restart %1', name), kernel =>
          actions.restart(kernel, pool)
        )}
      </div>
    );
  }

  private table(pool: PoolState): React.ReactElement {
    const { trans } = this.parts;
    return (
      <table
        className="jp-pool-table"
        aria-label={trans.__('Workers of %1', poolName(pool, trans))}
      >
        <thead>
          <tr>
            <th scope="col">{trans.__('Worker')}</th>
            <th scope="col">{trans.__('State')}</th>
            <th scope="col">{trans.__('Tasks')}</th>
            <th scope="col">{trans.__('Memory')}</th>
            <th scope="col">{trans.__('Age')}</th>
          </tr>
        </thead>
        <tbody>
          {pool.workers.map(worker => this.row(worker))}
          {pool.spares > 0 && (
            <tr className="jp-pool-dim">
              <td colSpan={5}>
                {trans._n('and %1 spare, ready', 'and %1 spares, ready', pool.spares)}
              </td>
            </tr>
          )}
        </tbody>
      </table>
    );
  }

  private row(worker: WorkerState): React.ReactElement {
    const { trans } = this.parts;
    const [state, work] = [workerState(worker, trans), workOf(worker, trans)];
    return (
      <tr key={worker.id}>
        <th scope="row">{worker.id}</th>
        <td className={`jp-pool-state jp-mod-${worker.state}`} title={work || state}>
          {work === '' ? (
            state
          ) : (
            <>
              <span className="jp-pool-unseen">{state}: </span>
              {work}
            </>
          )}
        </td>
        <td>{worker.tasks}</td>
        <td>{bytes(worker.memory, trans)}</td>
        <td>{worker.age === null ? '' : clock(worker.age)}</td>
      </tr>
    );
  }
}
