"""When and where the items of a job ran: a list that shows itself as a drawing."""

from __future__ import annotations

import html
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from ..jobs.timings import Timing
from .timeline_files import events_as_json, page_of

#: Sizes in the drawing, in pixels.
WIDTH = 640
LABEL = 84
ROW = 22
BAR = 14
AXIS = 34

#: How wide the drawing of text is, in characters.
COLUMNS = 60

#: Bars that are narrower than this, and that (nearly) touch, are drawn as one.
NARROW = 2.0
TOUCHING = 0.5

#: As in the panel's timeline (`plugin/timeline/colours.ts`): the first function, and what failed.
DONE = "var(--jp-brand-color1, #1976d2)"
FAILED = "var(--jp-error-color1, #d32f2f)"

#: The pattern of what was cancelled. Its name holds in the whole page, so it is a long one.
CANCELLED = "jp-pool-timeline-cancelled"

_HATCHING = (
    f'<defs><pattern id="{CANCELLED}" width="6" height="6" patternUnits="userSpaceOnUse">'
    f'<path d="M0 6L6 0" stroke="{DONE}" stroke-width="1.5"/></pattern></defs>'
)


class Bar(NamedTuple):
    """One or more items in the drawing, by their times in seconds."""

    start: float
    end: float
    items: tuple[int, int]
    size: int
    failed: int
    cancelled: int = 0

    def title(self) -> str:
        """What the bar is, for people."""
        took = f"{self.end - self.start:.3g} s"
        if self.size == 1:
            how = "failed after " if self.failed else "cancelled after " if self.cancelled else ""
            return f"item {self.items[0]}: {how}{took}"
        failed = f", {self.failed} failed" if self.failed else ""
        return f"{self.size} items from {self.items[0]} to {self.items[1]}: {took}{failed}"


class Timeline(list[Timing]):
    """When and where each item ran, in the order in which they started.

    A notebook shows a row for each worker, with a bar for each item. Bars of items that failed are
    crossed out, and those of items that were cancelled while they ran are hatched.
    """

    def __init__(self, timings: Iterable[Timing], label: str, seconds: float) -> None:
        """Show timings.

        Args:
            label: the name of the job.
            seconds: how long the job has taken so far.
        """
        super().__init__(sorted(timings, key=lambda timing: timing.start))
        self._label = label
        self._seconds = max([seconds, 1e-6, *(each.start + each.seconds for each in self)])

    def __repr__(self) -> str:
        if not self:
            return f"{self._title()}."
        rows = self._rows(self._seconds / COLUMNS)
        names = [_name(worker) for worker in rows]
        width = max(map(len, names))
        lines = [
            f"{name:>{width}} |{self._text(bars)}| {_count(sum(bar.size for bar in bars))}"
            for name, bars in zip(names, rows.values(), strict=True)
        ]
        end = f"{' ' * width}  0 s{_seconds(self._seconds):>{COLUMNS - 3}}"
        signs = "# runs, x failed" + ", ~ cancelled" * any(each.cancelled for each in self)
        return "\n".join([f"{self._title()} ({signs})", *lines, end])

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the timeline to a file; the end of its name says in which form.

        Args:
            path: a name that ends in `.svg`, for a picture; in `.html`, for a page that zooms and
                needs nothing else; or in `.json`, for trace events, which Perfetto
                (ui.perfetto.dev) and the performance panel of a browser open.

        Raises:
            ValueError: the name ends in something else.
            OSError: the file cannot be written.
        """
        forms: dict[str, Callable[[], str]] = {
            ".svg": self._repr_svg_,
            ".html": lambda: page_of(self._title(), self._repr_svg_()),
            ".json": lambda: events_as_json(self, self._label),
        }
        file = Path(path)
        form = forms.get(file.suffix.lower())
        if form is None:
            raise ValueError(
                f"a timeline is saved as .svg, .html or .json, not as {file.suffix or file.name!r}"
            )
        file.write_text(form(), "utf-8")

    def _repr_svg_(self) -> str:
        """The drawing as an image of its own."""
        return self._svg('xmlns="http://www.w3.org/2000/svg" ')

    def _repr_html_(self) -> str:
        """The drawing as a part of the page, with the colours of its theme."""
        return (
            '<div class="jp-pool-timeline" style="color:var(--jp-ui-font-color1, inherit)">'
            f"{self._svg('')}</div>"
        )

    def _title(self) -> str:
        workers = {timing.worker for timing in self if timing.worker is not None}
        items = len({timing.item for timing in self})
        failed = sum(timing.failed for timing in self)
        cancelled = sum(timing.cancelled for timing in self)
        more = f", {failed} failed" if failed else ""
        more += f", {cancelled} cancelled" if cancelled else ""
        places = [f"on {len(workers)} worker{'s' * (len(workers) != 1)}"] if workers else []
        places += ["in the notebook"] * any(timing.worker is None for timing in self)
        where = f" {' and '.join(places)}" if places else ""
        took = f" in {_seconds(self._seconds)}" if self else ""
        return f"{self._label}: {_count(items)}{where}{took}{more}"

    def _rows(self, unit: float) -> dict[int | None, list[Bar]]:
        """The bars of each worker.

        Args:
            unit: how many seconds a unit of the drawing is: bars are drawn as one if more of them
                could not be seen.
        """
        # Bars of items that did not end well are apart from the others, and are drawn over them.
        rows: dict[int | None, tuple[list[Bar], list[Bar], list[Bar]]] = {}
        for timing in self:
            bar = Bar(timing.start, timing.start + timing.seconds, (timing.item,) * 2, 1, 0)
            bar = bar._replace(failed=int(timing.failed), cancelled=int(timing.cancelled))
            place = 2 if timing.failed else 1 if timing.cancelled else 0
            bars = rows.setdefault(timing.worker, ([], [], []))[place]
            if bars and _is_seen_as_one(bars[-1], bar, unit):
                bar = _joined(bars.pop(), bar)
            bars.append(bar)
        ordered = sorted(rows.items(), key=lambda row: (row[0] is None, row[0]))
        return {worker: [bar for bars in kinds for bar in bars] for worker, kinds in ordered}

    def _text(self, bars: Iterable[Bar]) -> str:
        cells = [" "] * COLUMNS
        for bar in bars:
            first = min(COLUMNS - 1, int(bar.start / self._seconds * COLUMNS))
            last = min(COLUMNS - 1, int(bar.end / self._seconds * COLUMNS))
            for cell in range(first, last + 1):
                if cells[cell] != "x":
                    cells[cell] = "x" if bar.failed else "~" if bar.cancelled else "#"
        return "".join(cells)

    def _svg(self, namespace: str) -> str:
        room = WIDTH - LABEL - 8
        scale = room / self._seconds
        rows = self._rows(self._seconds / room)
        height = len(rows) * ROW + AXIS
        title = html.escape(self._title())
        parts = [
            f'<svg {namespace}role="img" aria-label="{title}" viewBox="0 0 {WIDTH} {height}" '
            f'width="{WIDTH}" height="{height}" style="max-width:100%" fill="currentColor" '
            f'data-left="{LABEL}" data-room="{room}" data-bottom="{len(rows) * ROW}" '
            f'data-first="0" data-last="{self._seconds:g}" '
            'font-family="var(--jp-ui-font-family, sans-serif)" font-size="12">'
            f"<title>{title}</title>"
        ]
        if any(each.cancelled for each in self):
            parts.append(_HATCHING)
        for number, (worker, bars) in enumerate(rows.items()):
            top = number * ROW + (ROW - BAR) / 2
            parts.append(
                f'<text x="{LABEL - 8}" y="{top + BAR - 3:g}" text-anchor="end">'
                f"{_name(worker)}</text>"
            )
            parts += [_svg_bar(bar, top, scale) for bar in bars]
        parts += [_svg_axis(self._seconds, scale, len(rows) * ROW), "</svg>"]
        return "".join(parts)


def _is_seen_as_one(before: Bar, bar: Bar, unit: float) -> bool:
    narrow = NARROW * unit
    return (
        before.end - before.start < narrow
        and bar.end - bar.start < narrow
        and bar.start - before.end < TOUCHING * unit
    ) or (before.size > 1 and bar.end - bar.start < narrow and bar.start - before.end < unit / 10)


def _joined(one: Bar, other: Bar) -> Bar:
    items = (*one.items, *other.items)
    return Bar(
        one.start,
        max(one.end, other.end),
        (min(items), max(items)),
        one.size + other.size,
        one.failed + other.failed,
        one.cancelled + other.cancelled,
    )


def _svg_bar(bar: Bar, top: float, scale: float) -> str:
    least = 4.0 if bar.failed else 1.0  # a cross takes some room
    left, width = LABEL + bar.start * scale, max(least, (bar.end - bar.start) * scale)
    title = f"<title>{html.escape(bar.title())}</title>"
    place = f'x="{left:.1f}" y="{top:g}" width="{width:.1f}" height="{BAR}"'
    times = f'data-b="{bar.start:.6g}" data-e="{bar.end:.6g}"'
    if not bar.failed:
        fill = f"url(#{CANCELLED})" if bar.cancelled else DONE
        return (
            f'<rect {times} {place} fill="{fill}" stroke="currentColor" stroke-opacity=".4">'
            f"{title}</rect>"
        )
    # A failed one is hollow and crossed out, so that colour is not the only sign.
    right, bottom, middle = left + width, top + BAR, left + width / 2
    half = min(width, BAR) / 2
    return (
        f'<g {times} stroke="{FAILED}" stroke-width="2" fill="none">{title}'
        f'<rect {place} stroke-dasharray="3 2" pointer-events="all"/>'
        f'<path d="M{max(left, middle - half):.1f} {top:g}L{min(right, middle + half):.1f} '
        f"{bottom:g}M{max(left, middle - half):.1f} {bottom:g}"
        f'L{min(right, middle + half):.1f} {top:g}"/></g>'
    )


def _svg_axis(seconds: float, scale: float, top: float) -> str:
    step = _step(seconds)
    marks = [number * step for number in range(int(seconds / step) + 1)]
    lines = "".join(
        f'<path d="M{LABEL + mark * scale:.1f} 0V{top + 4:g}" stroke="currentColor" '
        'stroke-opacity=".2"/>'
        f'<text x="{LABEL + mark * scale:.1f}" y="{top + 16:g}" text-anchor="middle" '
        f'font-size="10">{mark:g} s</text>'
        for mark in marks
    )
    return (
        f'<path d="M{LABEL} {top + 0.5:g}H{WIDTH - 8}" stroke="currentColor" stroke-opacity=".5"/>'
        f'<g data-axis="">{lines}</g>'
        f'<text x="{WIDTH - 8}" y="{top + 30:g}" text-anchor="end" font-size="10">'
        "a bar is an item; a crossed-out one failed, a hatched one was cancelled</text>"
    )


def _step(seconds: float) -> float:
    """Seconds between two marks of the axis: at most six of them, at round numbers."""
    step = 1e-7
    while True:
        for factor in (1, 2, 5):
            if seconds / (step * factor) <= 6:
                return round(step * factor, 9)
        step *= 10


def _name(worker: int | None) -> str:
    return "notebook" if worker is None else f"worker {worker}"


def _count(items: int) -> str:
    return f"{items} item{'s' * (items != 1)}"


def _seconds(seconds: float) -> str:
    return f"{seconds:.3g} s"
