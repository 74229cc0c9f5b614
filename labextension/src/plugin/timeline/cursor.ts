/** Which bar is chosen, and how keys move from bar to bar. */
import { type Bar, type Recording, type Span, type Track } from './data';

/** A bar by its row and its place there. */
export interface Place {
  readonly row: number;
  readonly place: number;
}

/** The tracks that are shown, in the order of their rows. */
export type Rows = readonly Track[];

/** The next bar of the row, or the one before; the first in view where none is chosen. */
export function beside(rows: Rows, at: Place | null, step: 1 | -1, span: Span): Place | null {
  if (at === null) {
    return firstIn(rows, span);
  }
  const place = at.place + step;
  const track = rows[at.row];
  return track !== undefined && place >= 0 && place < track.size ? { row: at.row, place } : at;
}

/** The bar of another row at about the same time; rows without bars are passed over. */
export function across(rows: Rows, at: Place | null, step: 1 | -1, span: Span): Place | null {
  const track = at === null ? undefined : rows[at.row];
  if (at === null || track === undefined) {
    return firstIn(rows, span);
  }
  const time = ((track.begin[at.place] as number) + (track.end[at.place] as number)) / 2;
  for (let row = at.row + step; row >= 0 && row < rows.length; row += step) {
    const place = nearest(rows[row] as Track, time);
    if (place !== null) {
      return { row, place };
    }
  }
  return at;
}

/** The bar under a point, or one that is hardly beside it. */
export function under(rows: Rows, row: number, time: number, slack: number): Place | null {
  const track = rows[row];
  const place = track === undefined ? null : nearest(track, time);
  if (track === undefined || place === null) {
    return null;
  }
  const begin = track.begin[place] as number;
  const end = track.end[place] as number;
  return time >= begin - slack && time <= end + slack ? { row, place } : null;
}

/** A bar in words and numbers; none where it is gone. */
export function barAt(recording: Recording, rows: Rows, at: Place | null): Bar | null {
  const track = at === null ? undefined : rows[at.row];
  return at === null || track === undefined || at.place >= track.size
    ? null
    : recording.bar(track, at.place);
}

/** The part of the time that is to be seen, so that a bar is in it. */
export function reveal(span: Span, bar: Bar): Span {
  const size = span.to - span.from;
  if (bar.end < span.from || bar.begin > span.to) {
    const from = (bar.begin + bar.end) / 2 - size / 2;
    return { from, to: from + size };
  }
  return span;
}

function firstIn(rows: Rows, span: Span): Place | null {
  for (const inside of [true, false]) {
    for (let row = 0; row < rows.length; row++) {
      const track = rows[row] as Track;
      const place = inside ? track.from(span.from) : 0;
      if (place < track.size && (!inside || (track.begin[place] as number) <= span.to)) {
        return { row, place };
      }
    }
  }
  return null;
}

/** The bar whose time is nearest; none in an empty row. */
function nearest(track: Track, time: number): number | null {
  if (track.size === 0) {
    return null;
  }
  const next = track.from(time);
  const distance = (place: number): number => {
    if (place < 0 || place >= track.size) {
      return Infinity;
    }
    const [begin, end] = [track.begin[place] as number, track.end[place] as number];
    return time < begin ? begin - time : Math.max(0, time - end);
  };
  return distance(next - 1) <= distance(next) ? next - 1 : next;
}
