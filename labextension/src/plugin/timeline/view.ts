/** Which part of the time is seen, and how large it is. */
import { numberText, type Words } from '../language';
import type { Span } from './data';

/** Nobody needs to see less than this many seconds. */
const LEAST = 1e-5;

/** The same span, as far as it is within the whole. */
export function within(span: Span, whole: Span): Span {
  const size = Math.min(Math.max(span.to - span.from, LEAST), whole.to - whole.from);
  const from = Math.min(Math.max(span.from, whole.from), whole.to - size);
  return { from, to: from + size };
}

/**
 * Show less of the time, or more.
 *
 * @param factor how many times longer everything gets
 * @param about the time that stays where it is
 */
export function zoomed(span: Span, factor: number, about: number, whole: Span): Span {
  const from = about - (about - span.from) / factor;
  const to = about + (span.to - about) / factor;
  return within({ from, to }, whole);
}

/** Show an earlier part of the time, or a later one, by a share of what is seen. */
export function panned(span: Span, share: number, whole: Span): Span {
  const by = share * (span.to - span.from);
  return within({ from: span.from + by, to: span.to + by }, whole);
}

/** Round times for the marks of an axis, at most this many. */
export function marks(span: Span, most: number): number[] {
  const step = stepOf((span.to - span.from) / Math.max(1, most));
  const first = Math.ceil(span.from / step - 1e-9);
  const last = Math.floor(span.to / step + 1e-9);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => {
    return Number(((first + i) * step).toPrecision(12));
  });
}

/** The next round number: 1, 2 or 5 times a power of ten. */
function stepOf(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  return [1, 2, 5, 10].map(factor => factor * power).find(step => step >= least - 1e-15) as number;
}

/** A time for people: `3.2 ms`, `1.53 s`, `2:05`. */
export function timeText(seconds: number, trans: Words): string {
  if (seconds >= 60) {
    const whole = Math.round(seconds);
    const [minutes, rest] = [Math.floor(whole / 60), whole % 60];
    const [hours, left] = [Math.floor(minutes / 60), minutes % 60];
    const two = (number: number): string => String(number).padStart(2, '0');
    return hours > 0 ? `${hours}:${two(left)}:${two(rest)}` : `${minutes}:${two(rest)}`;
  }
  const [value, unit] =
    seconds === 0 || seconds >= 1
      ? [seconds, 's']
      : seconds >= 1e-3
        ? [seconds * 1e3, 'ms']
        : [seconds * 1e6, 'µs'];
  return `${numberText(value, trans, 3)} ${unit}`;
}
