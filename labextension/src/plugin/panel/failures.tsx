/** The failed items of a job, folded away; a click more gives the traceback of one. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { JobState } from '../state/data';

interface FailuresProps {
  readonly job: JobState;
  readonly trans: TranslationBundle;
  /** Asks for the traceback of a failure. */
  readonly ask: (place: number) => Promise<string | null>;
}

export function Failures({ job, trans, ask }: FailuresProps): React.ReactElement {
  const more = job.failed - job.failures.length;
  return (
    <details className="jp-pool-failures">
      <summary>{trans._n('%1 failed item', '%1 failed items', job.failed)}</summary>
      <ul>
        {job.failures.map((failure, place) => (
          <li key={failure.item}>
            <div>
              {trans.__('Item %1', failure.item)}
              {failure.arguments !== '' && <code>({failure.arguments})</code>}
            </div>
            <div className="jp-pool-error">{failure.error}</div>
            <Traceback item={failure.item} trans={trans} ask={() => ask(place)} />
          </li>
        ))}
      </ul>
      {more > 0 && (
        <p className="jp-pool-hint">
          {trans._n(
            'and %1 more: `last_result().failed` has all of them',
            'and %1 more: `last_result().failed` has all of them',
            more
          )}
        </p>
      )}
    </details>
  );
}

interface TracebackProps {
  readonly item: number;
  readonly trans: TranslationBundle;
  readonly ask: () => Promise<string | null>;
}

/** A button that shows a traceback, and hides it again. */
function Traceback({ item, trans, ask }: TracebackProps): React.ReactElement {
  const [text, setText] = React.useState<string | null>(null);
  const [open, setOpen] = React.useState(false);
  const toggle = (): void => {
    setOpen(!open);
    if (!open && text === null) {
      void ask().then(told =>
        setText(told ?? trans.__('The kernel does not have this traceback any more.'))
      );
    }
  };
  return (
    <>
      <button
        className="jp-pool-button"
        aria-expanded={open}
        aria-label={trans.__('Traceback of item %1', item)}
        onClick={toggle}
      >
        {open ? trans.__('Hide Traceback') : trans.__('Show Traceback')}
      </button>
      {open && (
        <pre className="jp-pool-traceback" tabIndex={0}>
          {text ?? trans.__('The kernel is asked…')}
        </pre>
      )}
    </>
  );
}
