/** The drawing as an SVG that stands alone. */
import { numberText } from '../language';
import { type Block, blocksOf } from './blocks';
import { KIND, type Recording, type Span, STATE, type Track } from './data';
import { BAR, GRAPH, Layout, NAMES, RIGHT } from './layout';
import { runningOver, workersOver } from './concurrency';
import { type Colour, FAILED, FAINT, functionColour, LINE, PAPER, TEXT } from './colours';
import { marks, timeText } from './view';
import { barText, headline, rowName, type Words } from './texts';

/** The width of a picture that is saved. */
const WIDTH = 1200;

/** What the bars of one row need. */
interface Row {
  readonly recording: Recording;
  readonly track: Track;
  readonly layout: Layout;
  readonly place: number;
  readonly trans: Words;
}

/**
 * The drawing of a span; its colours are those of a light page, whatever the theme.
 *
 * @param finer how many times more bars there are than can be seen without a zoom
 */
export function svgOf(recording: Recording, span: Span, trans: Words, finer = 1): string {
  const { workers, labels } = recording;
  const layout = new Layout(WIDTH, workers.length, span);
  const legend = legendOf(labels, layout, trans);
  const height = layout.height + legend.height;
  const title = escaped(headline(recording, span, trans));
  const names = workers.map(
    (worker, place) =>
      `<text x="${NAMES - 6}" y="${layout.y(place) + BAR - 3}" text-anchor="end" ` +
      `fill="${TEXT.plain}">${escaped(rowName(worker, trans))}</text>`
  );
  const bars = workers.flatMap((worker, place) => {
    const track = recording.all(worker);
    const row = { recording, track, layout, place, trans };
    const blocks = blocksOf(recording, track, span, layout.unit / finer);
    return blocks.map(block => barOf(block, row));
  });
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="${title}" ` +
    `viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" ` +
    `data-left="${NAMES}" data-room="${layout.room}" data-bottom="${layout.bottom}" ` +
    `data-first="${span.from}" data-last="${span.to}" ` +
    `font-family="sans-serif" font-size="11"><title>${title}</title>${patterns(labels.length)}` +
    `<rect width="${WIDTH}" height="${height}" fill="${PAPER.plain}"/>` +
    `<g data-axis="">${axisOf(layout, trans)}</g>${graphOf(recording, layout, trans)}` +
    `${names.join('')}<g clip-path="url(#room)">${bars.join('')}</g>${legend.svg}</svg>`
  );
}

function barOf(block: Block, { recording, track, layout, place, trans }: Row): string {
  const { begin, end, count, failed, cancelled, state, kind, busy, label } = block;
  const left = layout.x(begin);
  const size = Math.max(failed + cancelled > 0 ? 4 : 1, layout.x(end) - left);
  const rect = `<rect x="${short(left)}" y="${layout.y(place)}" width="${short(size)}" height="${BAR}"`;
  const text =
    count === 1
      ? barText(recording.bar(track, block.first), trans)
      : trans.__('%1 items in %2, %3 failed', count, timeText(end - begin, trans), failed);
  const open = `<g data-b="${exact(begin)}" data-e="${exact(end)}"><title>${escaped(text)}</title>`;
  const colour = functionColour(label).plain;
  if (kind !== KIND.item) {
    const pattern = kind === KIND.starting ? 'starting' : 'preparing';
    return `${open}${rect} fill="url(#${pattern})" stroke="${FAINT.plain}"/></g>`;
  }
  const plain = `fill="${colour}" fill-opacity="${short(0.35 + 0.65 * busy)}"`;
  if (failed > 0) {
    const fill = state === STATE.failed ? `fill="${PAPER.plain}"` : plain;
    return (
      `${open}${rect} ${fill} stroke="${FAILED.plain}" stroke-dasharray="3 2"/>` +
      `<path d="${crossOf(left, layout.y(place), size)}" fill="none" stroke="${FAILED.plain}" ` +
      'stroke-width="1.5"/></g>'
    );
  }
  if (cancelled > 0) {
    return `${open}${rect} fill="url(#cancelled-${Math.max(0, label)})" stroke="${colour}"/></g>`;
  }
  const running = `fill="${colour}" fill-opacity=".5" stroke="${colour}" stroke-dasharray="2 2"`;
  return `${open}${rect} ${state === STATE.running ? running : plain}/></g>`;
}

/** A cross in the middle of a bar. */
export function crossOf(left: number, top: number, size: number): string {
  const half = Math.min(size, BAR) / 2;
  const middle = left + size / 2;
  const [one, other] = [short(middle - half), short(middle + half)];
  return `M${one} ${top}L${other} ${top + BAR}M${one} ${top + BAR}L${other} ${top}`;
}

/** How many tasks ran at once, under the line of the workers that were there. */
function graphOf(recording: Recording, layout: Layout, trans: Words): string {
  const parts = Math.max(1, Math.floor(layout.room / 2));
  const running = runningOver(recording, layout.span, parts);
  const workers = workersOver(recording, layout.span, parts);
  const most = Math.max(1, ...running, ...workers);
  const step = layout.room / parts;
  const y = (count: number): number => GRAPH - 6 - (count / most) * (GRAPH - 14);
  const { room } = layout;
  const steps = (counts: Float64Array): string =>
    Array.from(counts, (count, part) => {
      const x = part * step;
      return `${short(x)} ${short(y(count))}L${short(x + step)} ${short(y(count))}`;
    }).join('L');
  return (
    `<svg data-graph="" aria-hidden="true" x="${NAMES}" y="0" width="${room}" height="${GRAPH}" ` +
    `viewBox="0 0 ${room} ${GRAPH}" preserveAspectRatio="none">` +
    `<path d="M0 ${y(0)}L${steps(running)}L${short(room)} ${y(0)}Z" ` +
    `fill="${functionColour(0).plain}" fill-opacity=".3"/>` +
    `<path d="M${steps(workers)}" fill="none" stroke="${FAINT.plain}" stroke-dasharray="4 3" ` +
    `vector-effect="non-scaling-stroke"/></svg>` +
    `<text x="${NAMES - 6}" y="${short(y(most) + 4)}" text-anchor="end" fill="${TEXT.plain}">` +
    `${numberText(most, trans, 2)}</text>` +
    `<text x="${NAMES - 6}" y="${y(0)}" text-anchor="end" fill="${TEXT.plain}">` +
    `${escaped(trans.__('at once'))}</text>`
  );
}

function axisOf(layout: Layout, trans: Words): string {
  const { span, bottom, room } = layout;
  const lines = marks(span, Math.max(2, Math.floor(room / 90))).map(time => {
    const x = short(layout.x(time));
    return (
      `<path d="M${x} 4V${bottom + 4}" stroke="${LINE.plain}"/>` +
      `<text x="${x}" y="${bottom + 15}" text-anchor="middle" fill="${TEXT.plain}">` +
      `${timeText(time, trans)}</text>`
    );
  });
  return `${lines.join('')}<path d="M${NAMES} ${bottom}H${NAMES + room}" stroke="${FAINT.plain}"/>`;
}

/** What the colours and the patterns mean. */
function legendOf(
  labels: readonly string[],
  layout: Layout,
  trans: Words
): { svg: string; height: number } {
  const signs: [string, string][] = [
    ...labels.map((label, place): [string, string] => [
      `fill="${functionColour(place).plain}"`,
      label
    ]),
    [`fill="${PAPER.plain}" stroke="${FAILED.plain}" stroke-dasharray="3 2"`, trans.__('failed')],
    ['fill="url(#cancelled-0)"', trans.__('cancelled')],
    [`fill="url(#starting)" stroke="${FAINT.plain}"`, trans.__('starting')],
    [`fill="url(#preparing)" stroke="${FAINT.plain}"`, trans.__('preparing')]
  ];
  let [x, y] = [NAMES, layout.height + 4];
  const svg = signs.map(([look, text]) => {
    const size = 26 + text.length * 6.5;
    if (x > NAMES && x + size > layout.width - RIGHT) {
      [x, y] = [NAMES, y + 18];
    }
    const sign =
      `<rect x="${short(x)}" y="${y}" width="12" height="12" ${look}/>` +
      `<text x="${short(x + 16)}" y="${y + 10}" fill="${TEXT.plain}">${escaped(text)}</text>`;
    x += size;
    return sign;
  });
  return { svg: svg.join(''), height: y + 18 - layout.height };
}

/** The patterns, and the part of the drawing in which time is shown. */
function patterns(labels: number): string {
  const cancelled = Array.from({ length: Math.max(1, labels) }, (_, place) =>
    pattern(`cancelled-${place}`, 'M0 6L6 0', functionColour(place))
  );
  return (
    `<defs>${cancelled.join('')}${pattern('starting', 'M0 3H6', FAINT)}` +
    `${pattern('preparing', 'M3 0V6', FAINT)}<clipPath id="room">` +
    `<rect x="${NAMES}" width="${WIDTH - NAMES - RIGHT}" height="100%"/></clipPath></defs>`
  );
}

function pattern(id: string, path: string, { plain }: Colour): string {
  return (
    `<pattern id="${id}" width="6" height="6" patternUnits="userSpaceOnUse">` +
    `<path d="${path}" stroke="${plain}" stroke-width="1.5"/></pattern>`
  );
}

/** A number of pixels without more places than can be seen. */
function short(pixels: number): string {
  return String(Math.round(pixels * 10) / 10);
}

/** Seconds without more places than a clock has. */
function exact(seconds: number): string {
  return String(Number(seconds.toFixed(6)));
}

/** A text as markup. */
export function escaped(text: string): string {
  const signs: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
  return text.replace(/[&<>"]/g, sign => signs[sign] ?? sign);
}
