/** Where everything is in the drawing, in pixels. */
import type { Span } from './data';
import { within } from './view';

/** The heights of a row and of its bar, of the graph above the rows, and of the axis below. */
export const ROW = 22;
export const BAR = 14;
export const GRAPH = 56;
export const AXIS = 20;

/** The width of the names of the rows, and the space at the right. */
export const NAMES = 64;
export const RIGHT = 8;

/** The place of everything for one width. */
export class Layout {
  constructor(
    readonly width: number,
    readonly rows: number,
    readonly span: Span
  ) {}

  /** The width in which time is shown. */
  get room(): number {
    return Math.max(1, this.width - NAMES - RIGHT);
  }

  get height(): number {
    return GRAPH + Math.max(1, this.rows) * ROW + AXIS;
  }

  /** The y of the axis, below the rows. */
  get bottom(): number {
    return this.height - AXIS;
  }

  /** Seconds of a pixel. */
  get unit(): number {
    return (this.span.to - this.span.from) / this.room;
  }

  /** The x of a time. */
  x(time: number): number {
    return NAMES + (time - this.span.from) / this.unit;
  }

  /** The time at an x. */
  time(x: number): number {
    return this.span.from + (x - NAMES) * this.unit;
  }

  /** The y of the bars of a row. */
  y(row: number): number {
    return GRAPH + row * ROW + (ROW - BAR) / 2;
  }

  /** The row at a y; none above and below the rows. */
  row(y: number): number | null {
    const row = Math.floor((y - GRAPH) / ROW);
    return row >= 0 && row < this.rows ? row : null;
  }

  /** The span between two points, within the whole. */
  between(one: number, other: number, whole: Span): Span {
    const [from, to] = [this.time(Math.min(one, other)), this.time(Math.max(one, other))];
    return within({ from, to }, whole);
  }
}
