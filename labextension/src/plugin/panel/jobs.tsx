/** The jobs that run, and the last ones that have ended. */
import * as React from 'react';

import type { JobState } from '../state/data';
import { endedOf, segmentsOf } from '../state/figures';
import { jobName, phaseOf, progressOf, spokenProgress } from '../state/texts';
import { Failures } from './failures';
import { Part } from './part';

export class Jobs extends Part {
  protected override render(): React.ReactElement {
    const { view, trans } = this.parts;
    const { jobs, more } = view.told?.state ?? { jobs: [], more: 0 };
    return (
      <div className="jp-pool-jobs" tabIndex={0} role="group" aria-label={this.title.label}>
        {jobs.length === 0 && <p className="jp-pool-hint">{trans.__('No job has run so far.')}</p>}
        <ul>
          {jobs.map((job, place) => (
            <li
              key={keyOf(jobs, place)}
              className={job.active ? 'jp-pool-job jp-mod-active' : 'jp-pool-job'}
            >
              {this.job(job)}
            </li>
          ))}
        </ul>
        {more > 0 && (
          <p className="jp-pool-hint">
            {trans._n('and %1 more job that runs', 'and %1 more jobs that run', more)}
          </p>
        )}
      </div>
    );
  }

  private job(job: JobState): React.ReactElement {
    const { view, actions, trans } = this.parts;
    const { kernel } = view;
    const name = jobName(job, trans);
    const [cancel, title] = job.single
      ? [trans.__('Stop'), trans.__('Stop %1', name)]
      : [trans.__('Cancel'), trans.__('Cancel %1', name)];
    return (
      <>
        <div className="jp-pool-head">
          <b title={name}>{name}</b>
          <span className={`jp-pool-phase jp-mod-${job.phase}`}>
            {sign(job)} {phaseOf(job, trans)}
          </span>
          {job.active && (
            <button
              className="jp-pool-button"
              aria-label={title}
              onClick={() => {
                if (kernel !== null) {
                  void actions.cancel(kernel, job);
                }
              }}
            >
              {cancel}
            </button>
          )}
        </div>
        {!job.single && <Bar job={job} name={name} text={spokenProgress(job, trans)} />}
        <div className="jp-pool-dim">
          {job.number > 0 && trans.__('Job %1 · ', job.number)}
          {progressOf(job, trans)}
        </div>
        {job.failures.length > 0 && kernel !== null && (
          <Failures
            key={kernel}
            job={job}
            trans={trans}
            ask={place => actions.failure(kernel, job, place)}
          />
        )}
      </>
    );
  }
}

/** A sign beside the word for what becomes of a job: colours alone do not tell it. */
function sign({ phase, active, failed }: JobState): string {
  if (active) {
    return phase === 'running' || phase === 'collecting' ? '▶' : '◌';
  }
  return phase === 'cancelled' ? '■' : phase === 'failed' || failed > 0 ? '✗' : '✓';
}

function Bar(props: { job: JobState; name: string; text: string }): React.ReactElement {
  const { job, name, text } = props;
  return (
    <div
      className="jp-pool-bar"
      role="progressbar"
      aria-label={name}
      aria-valuemin={0}
      aria-valuetext={text}
      {...(job.total === null ? {} : { 'aria-valuemax': job.total, 'aria-valuenow': endedOf(job) })}
    >
      {segmentsOf(job).map(({ kind, share }) => (
        <span key={kind} className={`jp-mod-${kind}`} style={{ width: `${100 * share}%` }} />
      ))}
      {job.total === null && job.active && <span className="jp-mod-unknown" />}
    </div>
  );
}

/** A key that no other job has: all calls of a pool, and those of joblib, have the same number. */
function keyOf(jobs: readonly JobState[], place: number): string {
  const keys = jobs.slice(0, place + 1).map(({ number, pool }) => `${number}/${pool}`);
  const key = keys.pop() ?? '';
  return `${key}/${keys.filter(each => each === key).length}`;
}
