"""Draws the curves of a report as SVG that is readable on light and on dark pages."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

#: Placeholder colours. For each: the name of the CSS variable that replaces it when the drawing is
#: written, and the variable's value on light pages and on dark pages.
COLOURS = {
    "#010101": ("ink", "#24292f", "#e6edf3"),
    "#020202": ("faint", "#d0d7de", "#3d444d"),
    "#030303": ("first", "#0969da", "#58a6ff"),
    "#040404": ("second", "#bc4c00", "#f0883e"),
    "#050505": ("third", "#8250df", "#bc8cff"),
}
INK, FAINT, *LINES = COLOURS

STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "jupyterlite-pool",
    "font.family": "sans-serif",
    "font.size": 10,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "axes.titlesize": 10,
    "xtick.color": INK,
    "ytick.color": INK,
    "grid.color": FAINT,
    "axes.grid": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
}

#: The numbers of the rows to draw, and their files.
FILES = {19: "growth-workers.svg", 20: "growth-payload.svg"}

#: The Markdown that shows the drawings.
SHOWN = """\
![Over one to eight workers: seconds until all are ready, memory, busy calls a second]\
(images/growth-workers.svg)

![Seconds that bytes take to a worker, and there and back, beside native processes]\
(images/growth-payload.svg)"""


def draw(report: dict[str, Any], folder: Path) -> None:
    """Write the drawings of a report."""
    curves = [row for row in report["rows"] if "points" in row]
    with mpl.rc_context(STYLE):
        for number, file in FILES.items():
            chosen = [curve for curve in curves if curve["number"] == number]
            if not chosen:
                continue  # the row could not be measured; the table says why
            figure = _beside(chosen) if number == 19 else _together(chosen)
            (folder / file).write_text(_as_svg(figure), "utf-8")


def _beside(curves: Sequence[dict[str, Any]]) -> Figure:
    """Draw each curve in a frame of its own, from zero."""
    figure = Figure(figsize=(9, 2.8), layout="constrained")
    frames = figure.subplots(1, len(curves), squeeze=False)[0]
    for axes, curve in zip(frames, curves, strict=True):
        _plot(axes, curve, LINES[0])
        axes.set_title(_plain(curve["name"]))
        axes.set_ylim(bottom=0)
        axes.set_xticks([point["at"] for point in curve["points"]])
        axes.set_xlabel(curve["along"])
        axes.set_ylabel(curve["points"][0]["unit"])
    return figure


def _together(curves: Sequence[dict[str, Any]]) -> Figure:
    """Draw all curves in one frame with logarithmic axes."""
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    axes = figure.subplots()
    for curve, colour in zip(curves, LINES, strict=True):
        _plot(axes, curve, colour)
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    places = [point["at"] for point in curves[0]["points"]]
    axes.set_xticks(places, [_size(place) for place in places])
    axes.yaxis.set_major_formatter(lambda seconds, _: f"{seconds * 1000:g} ms")
    axes.legend()
    return figure


def _plot(axes: Any, curve: dict[str, Any], colour: str) -> None:
    places = [point["at"] for point in curve["points"]]
    axes.plot(
        places,
        [point["median"] for point in curve["points"]],
        color=colour,
        marker="o",
        markersize=4,
        label=_plain(curve["name"]),
    )
    low, high = ([point["spread"][i] for point in curve["points"]] for i in (0, 1))
    axes.fill_between(places, low, high, color=colour, alpha=0.2, linewidth=0)


def _as_svg(figure: Figure) -> str:
    drawn = io.StringIO()
    figure.savefig(drawn, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    text = drawn.getvalue()
    for colour, (name, _, _) in COLOURS.items():
        text = text.replace(colour, f"var(--{name})")
    light, dark = (
        "".join(f"--{name}:{both[i]};" for name, *both in COLOURS.values()) for i in (0, 1)
    )
    style = f":root{{{light}}}@media(prefers-color-scheme:dark){{:root{{{dark}}}}}"
    head, mark, rest = text.partition("<defs>")
    return f"{head}{mark}\n  <style>{style}</style>{rest}"


def _plain(name: str) -> str:
    return name.replace("`", "")


def _size(count: float) -> str:
    power = int(math.log2(count)) // 10
    return f"{count / 1024**power:.0f} {('B', 'KiB', 'MiB')[power]}"
