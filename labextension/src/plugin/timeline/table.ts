/** The same as the drawing in a table: what each worker did, for whoever sees no bars. */
import type { Recording, Span } from './data';
import { KIND, STATE } from './data';
import { element } from './details';
import { timeText } from './view';
import { rowName, type Words } from './texts';

/** A row of the table. */
export interface WorkerTotals {
  readonly worker: number;
  readonly items: number;
  readonly failed: number;
  readonly cancelled: number;
  /** Seconds that its items took in the span. */
  readonly busy: number;
  /** Seconds that it took to start and to be prepared. */
  readonly prepared: number;
  /** Whether it does something now. */
  readonly running: boolean;
}

/** What each worker did in a part of the time. */
export function byWorker(recording: Recording, span: Span): WorkerTotals[] {
  return recording.workers.map(worker => {
    const track = recording.all(worker);
    let [items, failed, cancelled, busy, prepared, running] = [0, 0, 0, 0, 0, false];
    for (let place = track.from(span.from); place < track.size; place++) {
      const begin = track.begin[place] as number;
      if (begin > span.to) {
        break;
      }
      const end = track.end[place] as number;
      const seconds = Math.max(0, Math.min(end, span.to) - Math.max(begin, span.from));
      const [kind, state] = [(track.what[place] as number) >> 2, (track.what[place] as number) & 3];
      running ||= state === STATE.running;
      if (kind !== KIND.item) {
        prepared += seconds;
        continue;
      }
      items++;
      busy += seconds;
      failed += state === STATE.failed ? 1 : 0;
      cancelled += state === STATE.cancelled ? 1 : 0;
    }
    return { worker, items, failed, cancelled, busy, prepared, running };
  });
}

export function tableOf(recording: Recording, span: Span, trans: Words): HTMLTableElement {
  const table = element('table', 'jp-pool-timeline-totals');
  const head = table.createTHead().insertRow();
  for (const name of [
    trans.__('row'),
    trans.__('items'),
    trans.__('failed'),
    trans.__('cancelled'),
    trans.__('at work'),
    trans.__('preparing'),
    trans.__('now')
  ]) {
    const cell = element('th', '', name);
    cell.scope = 'col';
    head.append(cell);
  }
  const body = table.createTBody();
  const totals = byWorker(recording, span);
  for (const each of totals) {
    fill(body.insertRow(), rowName(each.worker, trans), each, trans);
  }
  const all = totals.reduce(added, { ...NOTHING });
  fill(table.createTFoot().insertRow(), trans.__('all'), all, trans);
  return table;
}

const NOTHING: WorkerTotals = {
  worker: 0,
  items: 0,
  failed: 0,
  cancelled: 0,
  busy: 0,
  prepared: 0,
  running: false
};

function added(sum: WorkerTotals, each: WorkerTotals): WorkerTotals {
  return {
    worker: 0,
    items: sum.items + each.items,
    failed: sum.failed + each.failed,
    cancelled: sum.cancelled + each.cancelled,
    busy: sum.busy + each.busy,
    prepared: sum.prepared + each.prepared,
    running: sum.running || each.running
  };
}

function fill(row: HTMLTableRowElement, name: string, totals: WorkerTotals, trans: Words): void {
  const head = element('th', '', name);
  head.scope = 'row';
  row.append(head);
  for (const text of [
    String(totals.items),
    String(totals.failed),
    String(totals.cancelled),
    timeText(totals.busy, trans),
    timeText(totals.prepared, trans),
    totals.running ? trans.__('busy') : trans.__('idle')
  ]) {
    row.insertCell().textContent = text;
  }
}
