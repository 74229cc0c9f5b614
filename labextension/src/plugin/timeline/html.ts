/** The drawing as one file of HTML, which zooms and needs nothing else. */
import { numberLanguage } from '../language';
import type { Recording, Span } from './data';
import { escaped, svgOf } from './svg';
import type { Words } from './texts';

/** Up to this zoom, bars that touch at first can be told apart. */
const FINER = 8;

/** Zooms the drawing of a page by wheel, drag and keys; `api/timeline_files.py` has the same. */
export const ZOOM = `const svg = document.querySelector('svg[data-room]');
const read = name => Number(svg.dataset[name]);
const [left, room, bottom, first, last] = ['left', 'room', 'bottom', 'first', 'last'].map(read);
let [from, to] = [first, last];
const bars = [...svg.querySelectorAll('[data-b]')].map(node => ({
  begin: Number(node.dataset.b), end: Number(node.dataset.e),
  node, rect: node.querySelector('rect') ?? node, cross: node.querySelector('path')
}));
const numbers = new Intl.NumberFormat(document.documentElement.lang, {
  maximumSignificantDigits: 6
});
const place = time => left + (time - from) / (to - from) * room;
const step = least => {
  const power = 10 ** Math.floor(Math.log10(least));
  return [1, 2, 5, 10].map(each => each * power).find(each => each >= least);
};
const draw = () => {
  for (const { node, begin, end, rect, cross } of bars) {
    const x = Math.max(place(begin), left), right = Math.min(place(end), left + room);
    const seen = right >= left && x <= left + room, width = Math.max(cross ? 4 : 1, right - x);
    node.style.display = seen ? '' : 'none';
    if (!seen) continue;
    rect.setAttribute('x', x);
    rect.setAttribute('width', width);
    if (cross) {
      const y = Number(rect.getAttribute('y')), high = Number(rect.getAttribute('height'));
      const half = Math.min(width, high) / 2, mid = x + width / 2;
      cross.setAttribute('d', 'M' + (mid - half) + ' ' + y + 'L' + (mid + half) + ' ' + (y + high) +
        'M' + (mid - half) + ' ' + (y + high) + 'L' + (mid + half) + ' ' + y);
    }
  }
  const by = step((to - from) / 8);
  let axis = '';
  for (let mark = Math.ceil(from / by) * by; mark <= to; mark += by) {
    const x = place(mark);
    axis += '<path d="M' + x + ' 4V' + (bottom + 4) + '" stroke="#9e9e9e" stroke-opacity=".4"/>' +
      '<text x="' + x + '" y="' + (bottom + 15) + '" text-anchor="middle">' +
      numbers.format(mark) + ' s</text>';
  }
  svg.querySelector('[data-axis]').innerHTML = axis;
  const graph = svg.querySelector('[data-graph]'), all = room / (last - first);
  graph?.setAttribute('viewBox', (from - first) * all + ' 0 ' + (to - from) * all + ' ' +
    graph.getAttribute('height'));
};
const show = (start, size) => {
  size = Math.min(Math.max(size, 1e-5), last - first);
  from = Math.min(Math.max(start, first), last - size);
  to = from + size;
  draw();
};
const zoom = (factor, at) => show(at - (at - from) / factor, (to - from) / factor);
const time = event => {
  const box = svg.getBoundingClientRect(), scale = svg.viewBox.baseVal.width / box.width;
  return from + ((event.clientX - box.left) * scale - left) / room * (to - from);
};
svg.addEventListener('wheel', event => {
  event.preventDefault();
  zoom(event.deltaY < 0 ? 1.25 : 0.8, time(event));
}, { passive: false });
let held = null;
svg.addEventListener('pointerdown', event => {
  held = time(event);
  svg.setPointerCapture(event.pointerId);
});
svg.addEventListener('pointermove', event => {
  if (held !== null) show(from + held - time(event), to - from);
});
svg.addEventListener('pointerup', () => { held = null; });
addEventListener('keydown', ({ key }) => {
  const size = to - from;
  if (key === '+') zoom(1.5, from + size / 2);
  else if (key === '-') zoom(1 / 1.5, from + size / 2);
  else if (key === 'ArrowLeft') show(from - size / 4, size);
  else if (key === 'ArrowRight') show(from + size / 4, size);
  else if (key === '0') show(first, last - first);
});`;

const STYLE = `body { margin: 16px; font: 14px sans-serif; background: #fff; color: #212121; }
svg[data-room] { width: 100%; height: auto; touch-action: none; cursor: grab; }`;

/** The page. */
export function htmlOf(recording: Recording, span: Span, trans: Words): string {
  const title = escaped(trans.__('Timeline of a worker pool'));
  const help = escaped(
    trans.__('The wheel, + and - zoom. A drag and the arrow keys move. 0 shows all.')
  );
  const language = numberLanguage(trans);
  return (
    `<!DOCTYPE html>\n<html lang="${language}"><head><meta charset="utf-8"><title>${title}</title>` +
    `<style>${STYLE}</style></head><body><h1>${title}</h1><p>${help}</p>` +
    `${svgOf(recording, span, trans, FINER)}<script>\n${ZOOM}\n</script></body></html>\n`
  );
}
