/** What a timeline says in words. */
import { numberText, type Words } from '../language';
import { type Bar, KIND, NOTEBOOK, type Recording, type Span, STATE } from './data';
import { runningOver, type Totals, totalsOf } from './concurrency';
import { timeText } from './view';

/** Into this many parts a span is divided to see when anything ran. */
const PARTS = 500;

export type { Words };

/** The name of a row. */
export function rowName(worker: number, trans: Words): string {
  return worker === NOTEBOOK ? trans.__('notebook') : trans.__('worker %1', worker);
}

/** One bar in a sentence. */
export function barText(bar: Bar, trans: Words): string {
  const took = timeText(Math.max(0, bar.end - bar.begin), trans);
  const where = rowName(bar.worker, trans);
  if (bar.kind === KIND.starting) {
    return bar.state === STATE.running
      ? trans.__('%1 has been starting for %2', where, took)
      : trans.__('%1 started in %2', where, took);
  }
  if (bar.kind === KIND.preparing) {
    return bar.state === STATE.running
      ? trans.__('%1 has been prepared for %2', where, took)
      : trans.__('%1 was prepared in %2', where, took);
  }
  const name = itemName(bar, trans);
  switch (bar.state) {
    case STATE.running:
      return trans.__('%1 has been running on %2 for %3', name, where, took);
    case STATE.failed:
      return trans.__('%1 failed on %2 after %3', name, where, took);
    case STATE.cancelled:
      return trans.__('%1 was cancelled on %2 after %3', name, where, took);
    case STATE.done:
      return trans.__('%1 ran on %2 for %3', name, where, took);
  }
}

/** The item of a bar: its number, counted from 0, and its function. */
export function itemName({ work, item }: Bar, trans: Words): string {
  if (work === null) {
    return trans.__('A call of every worker');
  }
  return work.job === 0
    ? trans.__('Call %1 of %2', item, work.label)
    : trans.__('Item %1 of %2 (job %3)', item, work.label, work.job);
}

/** The totals of a part of the time, in a sentence. */
export function totalsText(totals: Totals, trans: Words): string {
  const { items, failed, cancelled, workers, busy, there, seconds } = totals;
  const parts = [
    trans.__('%1 chosen', timeText(seconds, trans)),
    trans._n('%1 item', '%1 items', items),
    trans._n('%1 worker at work', '%1 workers at work', workers),
    trans.__('%1 of work', timeText(busy, trans))
  ];
  if (there > 0) {
    parts.push(trans.__('workers busy %1 %', percent(busy / there)));
  }
  if (failed > 0) {
    parts.push(trans._n('%1 failed', '%1 failed', failed));
  }
  if (cancelled > 0) {
    parts.push(trans._n('%1 cancelled', '%1 cancelled', cancelled));
  }
  return parts.join(' · ');
}

/** The answer to "is it parallel?": how many tasks ran at once on average, while any ran. */
export function headline(recording: Recording, span: Span, trans: Words): string {
  if (recording.size === 0) {
    return trans.__('Nothing has run so far. Run a cell with `%pool_map`, for example.');
  }
  const { busy, workers, seconds, items } = totalsOf(recording, span);
  const each = runningOver(recording, span, PARTS);
  const covered = (each.reduce((sum, running) => sum + Math.min(1, running), 0) * seconds) / PARTS;
  if (items === 0) {
    return trans.__('No item ran in the time that is shown.');
  }
  const average = numberText(busy / Math.max(covered, 1e-9), trans, 2);
  return workers === 1
    ? trans.__('While anything ran, %1 tasks ran at once on average, on 1 worker.', average)
    : trans.__(
        'While anything ran, %1 tasks ran at once on average, on %2 workers.',
        average,
        workers
      );
}

function percent(share: number): number {
  return Math.round(Math.min(1, share) * 100);
}
