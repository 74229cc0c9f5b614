/** Draws a timeline into a canvas, with the colours of the page's theme. */
import { numberText } from '../language';
import { type Block, blocksOf } from './blocks';
import { KIND, type Recording, type Span, STATE, type Track } from './data';
import { BAR, GRAPH, type Layout, NAMES, ROW } from './layout';
import { runningOver, workersOver } from './concurrency';
import { type Colour, FAILED, FAINT, functionColour, LINE, PAPER, TEXT } from './colours';
import { marks, timeText } from './view';
import { rowName, type Words } from './texts';

/** What is to be drawn. */
export interface Picture {
  readonly recording: Recording;
  readonly layout: Layout;
  readonly workers: readonly number[];
  /** The bars of each of them. */
  readonly tracks: readonly Track[];
  /** The part of the time that was chosen. */
  readonly range: Span | null;
  /** The row and the bar that are chosen. */
  readonly chosen: { row: number; begin: number; end: number } | null;
}

export class Painter {
  private readonly context: CanvasRenderingContext2D;
  private readonly patterns = new Map<string, CanvasPattern | null>();
  /** The colours of the theme, read once for each picture. */
  private readonly colours = new Map<Colour, string>();
  /** Whether the system chooses all colours. */
  private forced = false;
  private style = '';

  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly trans: Words
  ) {
    const context = canvas.getContext('2d');
    if (context === null) {
      throw new Error('this browser draws in no canvas');
    }
    this.context = context;
  }

  paint(picture: Picture): void {
    this.fit(picture.layout);
    this.follow();
    this.paintAxis(picture.layout);
    this.paintGraph(picture);
    picture.workers.forEach((worker, row) => {
      this.paintName(worker, row, picture.layout);
      const track = picture.tracks[row];
      if (track !== undefined) {
        this.paintRow(picture, track, row);
      }
    });
    this.paintRange(picture);
    this.paintChosen(picture);
  }

  /** Give the canvas a point for each pixel of the screen, and make it empty. */
  private fit({ width, height }: Layout): void {
    const { canvas, context } = this;
    const dense = window.devicePixelRatio || 1;
    const [wide, high] = [Math.round(width * dense), Math.round(height * dense)];
    if (canvas.width !== wide || canvas.height !== high) {
      canvas.width = wide;
      canvas.height = high;
      canvas.style.height = `${height}px`;
    }
    context.setTransform(dense, 0, 0, dense, 0, 0);
    context.clearRect(0, 0, width, height);
    context.font = '11px sans-serif';
    context.lineWidth = 1;
  }

  /** Read the colours of the theme, and forget the patterns of another one. */
  private follow(): void {
    this.colours.clear();
    this.forced = matchMedia('(forced-colors: active)').matches;
    const style = [TEXT, PAPER, functionColour(0)].map(each => this.colour(each)).join();
    if (style !== this.style) {
      this.style = style;
      this.patterns.clear();
    }
  }

  /** A colour of the theme, or the one of the system where the system chooses all colours. */
  private colour(colour: Colour): string {
    if (this.forced) {
      return colour === PAPER ? 'Canvas' : colour === FAINT ? 'GrayText' : 'CanvasText';
    }
    let found = this.colours.get(colour);
    if (found === undefined) {
      found = getComputedStyle(this.canvas).getPropertyValue(colour.variable).trim();
      this.colours.set(colour, (found = found === '' ? colour.plain : found));
    }
    return found;
  }

  private paintAxis(layout: Layout): void {
    const { context } = this;
    const { span, bottom, room } = layout;
    context.textAlign = 'center';
    for (const time of marks(span, Math.max(3, Math.floor(room / 60)))) {
      const at = Math.round(layout.x(time)) + 0.5;
      context.strokeStyle = this.colour(LINE);
      this.line(at, 4, at, bottom + 4);
      context.fillStyle = this.colour(TEXT);
      context.fillText(timeText(time, this.trans), at, bottom + 15);
    }
    context.strokeStyle = this.colour(FAINT);
    this.line(NAMES, bottom + 0.5, NAMES + room, bottom + 0.5);
  }

  private paintGraph({ recording, layout }: Picture): void {
    const { context } = this;
    const parts = Math.max(1, Math.floor(layout.room / 2));
    const running = runningOver(recording, layout.span, parts);
    const workers = workersOver(recording, layout.span, parts);
    const most = Math.max(1, ...running, ...workers);
    const y = (count: number): number => GRAPH - 6 - (count / most) * (GRAPH - 14);
    const step = layout.room / parts;
    const steps = (counts: Float64Array): void =>
      counts.forEach((count, part) => {
        context.lineTo(NAMES + part * step, y(count));
        context.lineTo(NAMES + (part + 1) * step, y(count));
      });
    context.beginPath();
    context.moveTo(NAMES, y(0));
    steps(running);
    context.lineTo(NAMES + layout.room, y(0));
    context.closePath();
    context.globalAlpha = 0.3;
    context.fillStyle = this.colour(functionColour(0));
    context.fill();
    context.globalAlpha = 1;
    context.beginPath();
    steps(workers);
    context.setLineDash([4, 3]);
    context.strokeStyle = this.colour(FAINT);
    context.stroke();
    context.setLineDash([]);
    context.fillStyle = this.colour(TEXT);
    context.textAlign = 'right';
    context.fillText(numberText(most, this.trans, 2), NAMES - 6, y(most) + 6);
    context.fillText(this.trans.__('at once'), NAMES - 6, y(0));
  }

  private paintName(worker: number, row: number, layout: Layout): void {
    this.context.textAlign = 'right';
    this.context.fillStyle = this.colour(TEXT);
    const name = rowName(worker, this.trans);
    this.context.fillText(name, NAMES - 6, layout.y(row) + BAR - 3, NAMES - 8);
  }

  private paintRow({ recording, layout }: Picture, track: Track, row: number): void {
    const { context } = this;
    context.save();
    context.beginPath();
    context.rect(NAMES, 0, layout.room, layout.height);
    context.clip();
    for (const block of blocksOf(recording, track, layout.span, layout.unit)) {
      this.paintBlock(block, layout, row);
    }
    context.restore();
  }

  private paintBlock(block: Block, layout: Layout, row: number): void {
    const { context } = this;
    const marked = block.failed + block.cancelled > 0;
    const left = layout.x(block.begin);
    const width = Math.max(marked ? 4 : 1, layout.x(block.end) - left);
    const top = layout.y(row);
    const colour = this.colour(functionColour(block.label));
    const faint = this.colour(FAINT);
    if (block.kind !== KIND.item) {
      this.hatch(left, top, width, faint, block.kind === KIND.starting ? 'across' : 'along');
      return;
    }
    if (block.state !== STATE.failed && block.state !== STATE.cancelled) {
      context.globalAlpha = block.state === STATE.running ? 0.5 : 0.35 + 0.65 * block.busy;
      context.fillStyle = colour;
      // A pixel between two bars that touch shows where one ends.
      context.fillRect(left, top, width > 4 ? width - 1 : width, BAR);
      context.globalAlpha = 1;
    }
    if (block.state === STATE.running) {
      context.setLineDash([2, 2]);
      context.strokeStyle = colour;
      context.strokeRect(left + 0.5, top + 0.5, Math.max(1, width - 2), BAR - 1);
      context.setLineDash([]);
    }
    if (block.failed > 0) {
      this.paintFailed(left, top, width, block.state === STATE.failed);
    } else if (block.cancelled > 0) {
      this.hatch(left, top, width, colour, 'askew');
    }
  }

  /** A failed bar is hollow and crossed out, so that its colour is not the only sign. */
  private paintFailed(left: number, top: number, width: number, hollow: boolean): void {
    const { context } = this;
    const [half, middle] = [Math.min(width, BAR) / 2, left + width / 2];
    if (hollow) {
      context.fillStyle = this.colour(PAPER);
      context.fillRect(left, top, width, BAR);
    }
    context.strokeStyle = this.colour(FAILED);
    context.setLineDash([3, 2]);
    context.strokeRect(left + 0.5, top + 0.5, Math.max(1, width - 1), BAR - 1);
    context.setLineDash([]);
    context.lineWidth = 1.5;
    this.line(middle - half, top, middle + half, top + BAR);
    this.line(middle - half, top + BAR, middle + half, top);
    context.lineWidth = 1;
  }

  private hatch(
    left: number,
    top: number,
    width: number,
    colour: string,
    way: 'across' | 'along' | 'askew'
  ): void {
    const { context } = this;
    context.fillStyle = this.colour(PAPER);
    context.fillRect(left, top, width, BAR);
    context.fillStyle = this.pattern(colour, way) ?? colour;
    context.fillRect(left, top, width, BAR);
    context.strokeStyle = colour;
    context.strokeRect(left + 0.5, top + 0.5, Math.max(1, width - 1), BAR - 1);
  }

  private pattern(colour: string, way: 'across' | 'along' | 'askew'): CanvasPattern | null {
    const key = `${colour} ${way}`;
    const known = this.patterns.get(key);
    if (known !== undefined) {
      return known;
    }
    const tile = document.createElement('canvas');
    tile.width = tile.height = 6;
    const pen = tile.getContext('2d');
    let pattern: CanvasPattern | null = null;
    if (pen !== null) {
      const lines = { across: [0, 3, 6, 3], along: [3, 0, 3, 6], askew: [0, 6, 6, 0] } as const;
      const [x, y, toX, toY] = lines[way];
      pen.strokeStyle = colour;
      pen.lineWidth = 1.5;
      pen.beginPath();
      pen.moveTo(x, y);
      pen.lineTo(toX, toY);
      pen.stroke();
      pattern = this.context.createPattern(tile, 'repeat');
    }
    this.patterns.set(key, pattern);
    return pattern;
  }

  private paintRange({ range, layout }: Picture): void {
    if (range === null) {
      return;
    }
    const { context } = this;
    const [left, right] = [layout.x(range.from), layout.x(range.to)];
    context.globalAlpha = 0.15;
    context.fillStyle = this.colour(TEXT);
    context.fillRect(left, 0, right - left, layout.bottom);
    context.globalAlpha = 1;
    context.strokeStyle = this.colour(TEXT);
    this.line(left, 0, left, layout.bottom);
    this.line(right, 0, right, layout.bottom);
  }

  private paintChosen({ chosen, layout }: Picture): void {
    if (chosen === null) {
      return;
    }
    const { context } = this;
    const left = Math.max(NAMES, layout.x(chosen.begin));
    const right = Math.min(NAMES + layout.room, layout.x(chosen.end));
    if (right < NAMES || left > NAMES + layout.room) {
      return;
    }
    context.lineWidth = 2;
    context.strokeStyle = this.colour(TEXT);
    const top = GRAPH + chosen.row * ROW + 1;
    context.strokeRect(left - 2, top, Math.max(4, right - left + 4), ROW - 2);
    context.lineWidth = 1;
  }

  private line(x: number, y: number, toX: number, toY: number): void {
    this.context.beginPath();
    this.context.moveTo(x, y);
    this.context.lineTo(toX, toY);
    this.context.stroke();
  }
}
