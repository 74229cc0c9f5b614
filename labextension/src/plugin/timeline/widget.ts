/** The timeline of one pool: the drawing, what belongs to it in words, and buttons. */
import type { Message } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';

import { Chart } from './chart';
import { type Bar, type Details, KIND, Recording } from './data';
import { button, DetailsView, element } from './details';
import { htmlOf } from './html';
import { legendOf } from './legend';
import { totalsOf } from './concurrency';
import { svgOf } from './svg';
import { tableOf } from './table';
import { traceOf } from './trace';
import { barText, headline, totalsText, type Words } from './texts';

/** Gives what a timeline cannot know by itself. */
export interface Source {
  /** What the kernel keeps of an item. */
  details(job: number, item: number): Promise<Details>;
  /** Runs an item again; gives a sentence that says what happens. */
  retry(job: number, item: number): Promise<string>;
}

/** How much closer a click brings the drawing. */
const ZOOM = 1.5;

export class Timeline extends Widget {
  private recording = new Recording();
  private readonly chart: Chart;
  private readonly details: DetailsView;
  private readonly parts = {
    headline: element('p', 'jp-pool-timeline-headline'),
    status: element('p', 'jp-pool-timeline-status'),
    range: element('p', 'jp-pool-timeline-range'),
    legend: element('ul', 'jp-pool-legend'),
    table: element('details', 'jp-pool-timeline-table')
  };
  /** How many functions the legend names. */
  private named = 0;
  private readonly sizes = new ResizeObserver(() => this.chart.draw());

  constructor(
    private readonly source: Source,
    private readonly trans: Words
  ) {
    super();
    this.addClass('jp-pool-timeline-widget');
    const { parts } = this;
    this.chart = new Chart(trans, {
      chose: bar => this.say(bar === null ? '' : barText(bar, trans)),
      opened: bar => this.open(bar),
      closed: () => this.details.close(),
      painted: () => this.follow()
    });
    this.details = new DetailsView(trans, () => this.chart.node.focus());
    parts.status.setAttribute('role', 'status');
    const help = element('p', 'jp-pool-hint jp-pool-timeline-help', helpText(trans));
    help.id = `jp-pool-timeline-help-${++made}`;
    this.chart.node.setAttribute('aria-describedby', help.id);
    parts.table.append(element('summary', '', trans.__('As a table')));
    parts.table.addEventListener('toggle', () => this.fillTable());
    this.node.append(
      this.toolbar(),
      parts.headline,
      this.chart.node,
      parts.status,
      parts.range,
      parts.legend,
      this.details.node,
      parts.table,
      help
    );
    this.setRecording(this.recording);
  }

  /** Show a recording, or what has come to it. */
  setRecording(recording: Recording): void {
    this.recording = recording;
    this.chart.show(recording);
  }

  override dispose(): void {
    this.sizes.disconnect();
    this.chart.dispose();
    super.dispose();
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this.sizes.observe(this.chart.node);
  }

  protected override onBeforeDetach(message: Message): void {
    this.sizes.disconnect();
    super.onBeforeDetach(message);
  }

  private toolbar(): HTMLElement {
    const { trans } = this;
    const bar = element('div', 'jp-pool-timeline-toolbar');
    bar.setAttribute('role', 'group');
    bar.setAttribute('aria-label', trans.__('Zoom and save'));
    const save = (name: string, type: string, text: () => string): HTMLButtonElement =>
      button(
        name.toUpperCase(),
        () => download(`timeline.${name}`, type, text()),
        trans.__('Save the timeline as %1', SAVED[name as keyof typeof SAVED](trans))
      );
    bar.append(
      button('+', () => this.chart.zoom(ZOOM), trans.__('Zoom in')),
      button('−', () => this.chart.zoom(1 / ZOOM), trans.__('Zoom out')),
      button(trans.__('All'), () => this.chart.see(null), trans.__('Show all of the time')),
      element('span', 'jp-pool-dim', trans.__('Save:')),
      save('svg', 'image/svg+xml', () => svgOf(this.recording, this.chart.span, trans)),
      save('html', 'text/html', () => htmlOf(this.recording, this.recording.whole, trans)),
      save('json', 'application/json', () => traceOf(this.recording, trans))
    );
    return bar;
  }

  private open(bar: Bar): void {
    const { work, item } = bar;
    const asks = bar.kind === KIND.item && work !== null && work.job > 0;
    const job = work?.job ?? 0;
    void this.details.open(bar, asks ? () => this.source.details(job, item) : null, () =>
      this.source.retry(job, item)
    );
  }

  private say(text: string): void {
    this.parts.status.textContent = text;
  }

  /** Say in words what the drawing shows. */
  private follow(): void {
    const { recording, chart, parts, trans } = this;
    const text = headline(recording, chart.span, trans);
    if (text !== parts.headline.textContent) {
      parts.headline.textContent = text;
      chart.node.setAttribute('aria-label', trans.__('Timeline. %1', text));
    }
    if (this.named !== recording.labels.length || parts.legend.childElementCount === 0) {
      this.named = recording.labels.length;
      parts.legend.replaceChildren(...legendOf(recording, trans));
    }
    this.fillRange();
    setTimeout(() => this.fillTable(), 0); // in a task of its own
  }

  /** The totals of the part of the time that was chosen. */
  private fillRange(): void {
    const { trans, chart } = this;
    const { range } = chart;
    this.parts.range.hidden = range === null;
    if (range === null) {
      this.parts.range.replaceChildren();
      return;
    }
    const totals = element('span', '', totalsText(totalsOf(this.recording, range), trans));
    totals.setAttribute('role', 'status');
    const known = this.parts.range.firstElementChild;
    if (known instanceof HTMLSpanElement) {
      known.textContent = totals.textContent; // the buttons keep the focus
      return;
    }
    this.parts.range.replaceChildren(
      totals,
      ' ',
      button(trans.__('Zoom to It'), () => {
        chart.see(chart.range);
        chart.choose(null);
        chart.node.focus();
      }),
      ' ',
      button(trans.__('Clear'), () => {
        chart.choose(null);
        chart.node.focus();
      })
    );
  }

  private fillTable(): void {
    const { table } = this.parts;
    const old = table.querySelector('table');
    if (!table.open) {
      old?.remove();
      return;
    }
    const now = tableOf(this.recording, this.chart.span, this.trans);
    if (old === null) {
      table.append(now);
    } else if (old.textContent !== now.textContent) {
      old.replaceWith(now);
    }
  }
}

/** How many timelines were made: each has names of its own. */
let made = 0;

const SAVED = {
  svg: (trans: Words) => trans.__('a picture (SVG)'),
  html: (trans: Words) => trans.__('a page that zooms (HTML)'),
  json: (trans: Words) => trans.__('trace events for Perfetto and the browser (JSON)')
};

function helpText(trans: Words): string {
  return trans.__(
    'Wheel, + and -: zoom. Drag: totals of a part. Shift and drag, or Shift and arrows: move. ' +
      'Arrows: from item to item. Enter: details. [ and ]: begin and end of a part. ' +
      '0: all. Escape: back.'
  );
}

/** Let the browser save a file. */
function download(name: string, type: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
