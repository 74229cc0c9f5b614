/** What people do to pools, with the dialogs and the news that belong to it. */
import { Dialog, InputDialog, Notification, showDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';

import type { JobState, PoolState } from '../state/data';
import type { Answer, PoolStates } from '../state/states';
import { jobName, poolName } from '../state/texts';

/** More workers than this are never asked for. */
const MOST = 64;

export class PoolActions {
  constructor(
    private readonly states: PoolStates,
    private readonly trans: TranslationBundle
  ) {}

  /** Ask how many workers a pool shall have, and have this many. */
  async scale(kernel: string, pool: PoolState, workers?: number): Promise<void> {
    const asked = workers ?? (await this.askForWorkers(pool));
    if (asked === null) {
      return;
    }
    const answer = await this.states.ask(kernel, 'scale', { pool: pool.id, workers: asked });
    if (this.succeeded(answer)) {
      const count = Number(answer.value);
      Notification.success(
        this.trans._n('The pool has %1 worker now.', 'The pool has %1 workers now.', count),
        { autoClose: 3000 }
      );
    }
  }

  /** Replace all workers of a pool, after a question if jobs run. */
  async restart(kernel: string, pool: PoolState): Promise<void> {
    const jobs = this.states.get(kernel)?.state.jobs ?? [];
    const running = jobs.filter(job => job.active && job.pool === pool.id);
    if (running.length > 0 && !(await this.confirmRestart(pool, running))) {
      return;
    }
    if (this.succeeded(await this.states.ask(kernel, 'restart', { pool: pool.id }))) {
      Notification.success(this.trans.__('New workers start.'), { autoClose: 3000 });
    }
  }

  /** Cancel a job, or the calls of a pool. */
  async cancel(kernel: string, job: JobState): Promise<void> {
    this.succeeded(await this.states.ask(kernel, 'cancel', { job: job.number, pool: job.pool }));
  }

  /** Cancel all jobs and calls of a kernel. */
  async cancelAll(kernel: string): Promise<void> {
    this.succeeded(await this.states.ask(kernel, 'cancelAll'));
  }

  /** Stop all workers of a pool. */
  async shutdown(kernel: string, pool: PoolState): Promise<void> {
    this.succeeded(await this.states.ask(kernel, 'shutdown', { pool: pool.id }));
  }

  /** The error of a failure, with its traceback; null if the kernel has it no more. */
  async failure(kernel: string, job: JobState, place: number): Promise<string | null> {
    const { value } = await this.states.ask(kernel, 'failure', { job: job.number, place });
    return typeof value === 'string' ? value : null;
  }

  private async askForWorkers(pool: PoolState): Promise<number | null> {
    const { trans } = this;
    const { value, button } = await InputDialog.getText({
      title: trans.__('Number of Workers'),
      label: trans.__('How many workers shall %1 have?', poolName(pool, trans)),
      text: String(pool.size),
      pattern: '[1-9][0-9]?',
      okLabel: trans.__('Scale')
    });
    const count = Number(value);
    const valid = Number.isInteger(count) && count >= 1 && count <= MOST;
    if (button.accept && !valid) {
      Notification.error(trans.__('A number of workers from 1 to %1 is expected.', MOST));
    }
    return button.accept && valid ? count : null;
  }

  private async confirmRestart(pool: PoolState, jobs: readonly JobState[]): Promise<boolean> {
    const { trans } = this;
    const names = jobs.map(job => jobName(job, trans)).join(', ');
    const { button } = await showDialog({
      title: trans.__('Restart the workers of %1?', poolName(pool, trans)),
      body: trans._n(
        'A job runs: %2. Its unfinished work will fail.',
        '%1 jobs run: %2. Their unfinished work will fail.',
        jobs.length,
        names
      ),
      buttons: [
        Dialog.cancelButton({ label: trans.__('Cancel') }),
        Dialog.warnButton({ label: trans.__('Restart') })
      ]
    });
    return button.accept;
  }

  private succeeded({ error, warning }: Answer): boolean {
    if (error !== undefined) {
      Notification.error(this.trans.__('That did not work: %1', error));
    } else if (warning !== undefined) {
      Notification.warning(warning);
    }
    return error === undefined;
  }
}
