"""A timeline as a page that zooms, and as trace events."""

from __future__ import annotations

import html
import json
from collections.abc import Iterable
from typing import Any

from ..jobs.timings import Timing

#: Zooms the drawing of a page by wheel, drag and keys; `plugin/timeline/html.ts` has the same.
ZOOM = """const svg = document.querySelector('svg[data-room]');
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
});"""

_STYLE = """body { margin: 16px; font: 14px sans-serif; background: #fff; color: #212121; }
svg[data-room] { width: 100%; height: auto; touch-action: none; cursor: grab; }"""


def page_of(title: str, drawing: str) -> str:
    """A page that shows a drawing, and needs nothing else.

    Args:
        drawing: an SVG.
    """
    name = html.escape(title)
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{name}</title>'
        f"<style>{_STYLE}</style></head><body><h1>{name}</h1>"
        "<p>The wheel, + and - zoom. A drag and the arrow keys move. 0 shows all.</p>"
        f"{drawing}<script>\n{ZOOM}\n</script></body></html>\n"
    )


def events_as_json(timings: Iterable[Timing], label: str) -> str:
    """The items as trace events of the Trace Event Format: complete ones, and names of threads.

    Args:
        label: the name of the function.
    """
    timings = list(timings)
    workers = sorted({timing.worker for timing in timings}, key=_thread)
    events = [_name("process_name", 0, "Worker pool")]
    for worker in workers:
        name = "notebook" if worker is None else f"worker {worker}"
        events.append(_name("thread_name", _thread(worker), name))
    events += [_event(timing, label) for timing in timings]
    return json.dumps({"traceEvents": events, "displayTimeUnit": "ms"})


def _name(kind: str, thread: int, text: str) -> dict[str, Any]:
    where = {"ph": "M", "ts": 0, "pid": 1, "tid": thread}
    return {"name": kind, "cat": "__metadata", **where, "args": {"name": text}}


def _event(timing: Timing, label: str) -> dict[str, Any]:
    state = "failed" if timing.failed else "cancelled" if timing.cancelled else "done"
    return {
        "name": label,
        "cat": "item,failed" if timing.failed else "item",
        "ph": "X",
        "ts": round(timing.start * 1e6),
        "dur": round(timing.seconds * 1e6),
        "pid": 1,
        "tid": _thread(timing.worker),
        "args": {"item": timing.item, "attempt": timing.attempt, "state": state},
    }


def _thread(worker: int | None) -> int:
    """The thread of a worker. Threads count from 1: a viewer takes 0 for none."""
    return 1 if worker is None else worker + 2
