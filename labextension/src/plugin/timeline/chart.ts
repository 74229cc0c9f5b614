/** The drawing that people point at: rows of bars below a graph, with wheel, drag and keys. */
import { across, barAt, beside, type Place, reveal, under } from './cursor';
import { type Bar, Recording, type Span, type Track } from './data';
import { Layout, NAMES } from './layout';
import { Painter } from './paint';
import { panned, within, zoomed } from './view';
import { barText, type Words } from './texts';

/** A pointer that moves less than this many pixels has clicked. */
const CLICK = 4;

/** How much closer one turn of the wheel and one key bring the drawing. */
const WHEEL = 1.25;
const KEY = 1.5;

/** Milliseconds after which words follow the drawing. */
const TELL = 60;

/** Is told what people do. */
export interface ChartListener {
  /** Another bar is chosen, or none. */
  chose(bar: Bar | null): void;
  /** The details of a bar are asked for. */
  opened(bar: Bar): void;
  /** The details are not to be seen any more. */
  closed(): void;
  /** Something else is seen or chosen. */
  painted(): void;
}

/** What a pointer that is held down does. */
interface Drag {
  readonly x: number;
  readonly pans: boolean;
  readonly span: Span;
  moved: boolean;
}

export class Chart {
  readonly node = document.createElement('div');
  /** The part of the time that was chosen by a drag. */
  range: Span | null = null;
  private readonly canvas = document.createElement('canvas');
  private readonly tip = document.createElement('div');
  private readonly painter: Painter;
  private recording = new Recording();
  private workers: readonly number[] = [];
  private rows: readonly Track[] = [];
  /** The part of the time that is seen; none for all of it, which grows. */
  private seen: Span | null = null;
  private at: Place | null = null;
  private drag: Drag | null = null;
  private frame = 0;
  private told: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly trans: Words,
    private readonly listener: ChartListener
  ) {
    const { node, canvas, tip } = this;
    node.className = 'jp-pool-chart';
    node.tabIndex = 0;
    // It has keys of its own, which a screen reader would keep from it otherwise.
    node.setAttribute('role', 'application');
    node.setAttribute('aria-roledescription', trans.__('timeline'));
    canvas.setAttribute('aria-hidden', 'true');
    tip.className = 'jp-pool-tip';
    tip.setAttribute('aria-hidden', 'true');
    tip.hidden = true;
    node.append(canvas, tip);
    this.painter = new Painter(canvas, trans);
    canvas.addEventListener('wheel', event => this.onWheel(event), { passive: false });
    canvas.addEventListener('pointerdown', event => this.onDown(event));
    canvas.addEventListener('pointermove', event => this.onMove(event));
    canvas.addEventListener('pointerup', event => this.onUp(event));
    canvas.addEventListener('pointercancel', () => (this.drag = null));
    canvas.addEventListener('pointerleave', () => (tip.hidden = true));
    node.addEventListener('keydown', event => this.onKey(event));
  }

  /** The part of the time that is seen. */
  get span(): Span {
    const { whole } = this.recording;
    return this.seen === null ? whole : within(this.seen, whole);
  }

  /** Show another recording, or what has come to this one. */
  show(recording: Recording): void {
    if (recording !== this.recording) {
      this.recording = recording;
      this.seen = this.range = this.at = null;
    }
    this.workers = recording.workers;
    this.rows = this.workers.map(worker => recording.all(worker));
    if (this.at !== null && barAt(recording, this.rows, this.at) === null) {
      this.at = null;
    }
    this.draw();
  }

  /** Draw anew, before the next picture of the page. */
  draw(): void {
    if (this.frame === 0) {
      this.frame = requestAnimationFrame(() => {
        this.frame = 0;
        this.paint();
        // In a task of its own, and not for each picture: to count many bars takes its time.
        this.told ??= setTimeout(() => {
          this.told = undefined;
          this.listener.painted();
        }, TELL);
      });
    }
  }

  /** Show everything, or a part of the time. */
  see(span: Span | null): void {
    this.seen = span === null ? null : within(span, this.recording.whole);
    this.draw();
  }

  /** Show less of the time, or more, about the chosen bar or the middle. */
  zoom(factor: number, about?: number): void {
    const { span } = this;
    const bar = barAt(this.recording, this.rows, this.at);
    const chosen = bar === null ? null : (bar.begin + bar.end) / 2;
    const middle =
      chosen !== null && chosen >= span.from && chosen <= span.to
        ? chosen
        : (span.from + span.to) / 2;
    const { whole } = this.recording;
    const next = zoomed(span, factor, about ?? middle, whole);
    this.see(next.to - next.from >= whole.to - whole.from ? null : next);
  }

  /** Choose a part of the time, or none. */
  choose(range: Span | null): void {
    this.range = range;
    this.draw();
  }

  /** Choose a bar by its place. */
  go(at: Place | null): void {
    this.at = at;
    const bar = barAt(this.recording, this.rows, at);
    if (bar !== null && this.seen !== null) {
      this.seen = within(reveal(this.span, bar), this.recording.whole);
    }
    this.draw();
    this.listener.chose(bar);
  }

  dispose(): void {
    cancelAnimationFrame(this.frame);
    clearTimeout(this.told);
  }

  private get layout(): Layout {
    return new Layout(Math.max(160, this.node.clientWidth), this.workers.length, this.span);
  }

  private paint(): void {
    if (this.node.clientWidth === 0) {
      return; // it is not to be seen
    }
    const { recording, workers, rows, range, at, layout } = this;
    const bar = barAt(recording, rows, at);
    const chosen = bar === null || at === null ? null : { row: at.row, ...bar };
    this.painter.paint({ recording, layout, workers, tracks: rows, range, chosen });
  }

  private onWheel(event: WheelEvent): void {
    event.preventDefault();
    const { layout } = this;
    if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      const by = (event.deltaX || event.deltaY) / layout.room;
      this.see(panned(this.span, by, this.recording.whole));
    } else if (event.deltaY !== 0) {
      const factor = event.deltaY < 0 ? WHEEL : 1 / WHEEL;
      this.zoom(factor, layout.time(Math.max(NAMES, event.offsetX)));
    }
  }

  private onDown(event: PointerEvent): void {
    if (event.button === 0 || event.button === 1) {
      const pans = event.shiftKey || event.button === 1;
      this.drag = { x: event.offsetX, pans, span: this.span, moved: false };
      this.canvas.setPointerCapture(event.pointerId);
      this.tip.hidden = true;
    }
  }

  private onMove({ offsetX, offsetY }: PointerEvent): void {
    const { drag, layout } = this;
    if (drag === null) {
      this.hover(offsetX, offsetY);
      return;
    }
    drag.moved ||= Math.abs(offsetX - drag.x) >= CLICK;
    if (drag.moved && drag.pans) {
      this.see(panned(drag.span, (drag.x - offsetX) / layout.room, this.recording.whole));
    } else if (drag.moved) {
      this.choose(layout.between(drag.x, offsetX, this.recording.whole));
    }
  }

  private onUp(event: PointerEvent): void {
    const { drag } = this;
    this.drag = null;
    if (drag === null || drag.moved) {
      return;
    }
    this.node.focus();
    const at = this.find(event.offsetX, event.offsetY);
    this.go(at);
    const bar = barAt(this.recording, this.rows, at);
    if (bar !== null) {
      this.listener.opened(bar);
    }
  }

  private find(x: number, y: number): Place | null {
    const { layout } = this;
    const row = layout.row(y);
    return row === null || x < NAMES
      ? null
      : under(this.rows, row, layout.time(x), 3 * layout.unit);
  }

  private hover(x: number, y: number): void {
    const { tip } = this;
    const bar = barAt(this.recording, this.rows, this.find(x, y));
    tip.hidden = bar === null;
    if (bar !== null) {
      tip.textContent = barText(bar, this.trans);
      const room = this.node.clientWidth - tip.offsetWidth - 4;
      tip.style.left = `${Math.max(0, Math.min(x + 12, room))}px`;
      tip.style.top = `${y + 16}px`;
    }
  }

  private onKey(event: KeyboardEvent): void {
    const act = this.action(event);
    if (act !== null) {
      event.preventDefault();
      event.stopPropagation();
      act();
    }
  }

  /** What a key does; null if it does nothing here, or if Ctrl, Alt or Meta is held. */
  private action({ key, shiftKey, ctrlKey, metaKey, altKey }: KeyboardEvent): (() => void) | null {
    if (ctrlKey || metaKey || altKey) {
      return null;
    }
    const { rows, at, span } = this;
    const pan = (share: number) => (): void => this.see(panned(span, share, this.recording.whole));
    const go = (to: Place | null) => (): void => this.go(to);
    const bar = barAt(this.recording, rows, at);
    const actions: Record<string, (() => void) | null> = {
      ArrowLeft: shiftKey ? pan(-0.25) : go(beside(rows, at, -1, span)),
      ArrowRight: shiftKey ? pan(0.25) : go(beside(rows, at, 1, span)),
      ArrowUp: go(across(rows, at, -1, span)),
      ArrowDown: go(across(rows, at, 1, span)),
      '+': () => this.zoom(KEY),
      '=': () => this.zoom(KEY),
      '-': () => this.zoom(1 / KEY),
      '0': () => this.see(null),
      Enter: bar === null ? null : () => this.listener.opened(bar),
      Escape: () => this.back(),
      '[': bar === null ? null : () => this.mark(bar.begin, null),
      ']': bar === null ? null : () => this.mark(null, bar.end)
    };
    return actions[key] ?? null;
  }

  /** Undo the last thing: the details, the chosen part of the time, the chosen bar, the zoom. */
  private back(): void {
    if (this.range !== null) {
      this.choose(null);
    } else if (this.at !== null) {
      this.listener.closed();
      this.go(null);
    } else {
      this.see(null);
    }
  }

  /** Choose the time from a bar on, or up to a bar. */
  private mark(from: number | null, to: number | null): void {
    const range = this.range ?? this.span;
    const next = { from: from ?? range.from, to: to ?? range.to };
    this.choose(next.to > next.from ? next : null);
  }
}
