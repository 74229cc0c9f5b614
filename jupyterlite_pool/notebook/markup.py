"""The card as HTML that needs no style sheet: a saved notebook does not have ours."""

from __future__ import annotations

import html

from .details import LISTED, Details
from .progress import Progress

#: The segments of the bar: their colours, and their patterns where colour is not enough.
_SEGMENTS = {
    "done": "var(--jp-success-color1, #388e3c)",
    "running": "var(--jp-brand-color1, #1976d2)",
    "failed": "repeating-linear-gradient(45deg, var(--jp-error-color1, #d32f2f) 0 4px, "
    "var(--jp-error-color0, #b71c1c) 4px 8px)",
    "cancelled": "var(--jp-border-color1, #bdbdbd)",
}

_FRAME = (
    "margin:0;max-width:640px;box-sizing:border-box;padding:8px 12px;border-radius:4px;"
    "border:1px solid var(--jp-border-color2, #e0e0e0);"
)

_TEXT = (
    "color:var(--jp-ui-font-color1, inherit);font-family:var(--jp-ui-font-family, sans-serif);"
    "font-size:13px;line-height:1.5"
)

_P = '<p style="margin:6px 0 2px">'

_NO_DETAILS = Details()


def live_html(progress: Progress) -> str:
    """A card that is surely current, without what is folded away."""
    return _card(progress, progress.words, "", frame="")


def card_html(progress: Progress, details: Details | None = None) -> str:
    """A card as it is now. One that still changes says when that was."""
    return _card(progress, progress.words_now(), _folded(details or _NO_DETAILS))


def saved_html(progress: Progress, details: Details) -> str:
    """A card as a notebook is to show it that was saved now and is opened without its kernel."""
    gone = progress.gone()
    return _card(gone, gone.words, _folded(details))


def details_html(details: Details) -> str:
    """What a card that is current has folded away."""
    shown = _strip(details) + _parts(details)
    return f'<div style="{_TEXT}">{shown or "<p>There is nothing to tell so far.</p>"}</div>'


def _card(progress: Progress, words: str, folded: str, *, frame: str = _FRAME) -> str:
    label = html.escape(progress.label)
    text = html.escape(progress.text())
    return (
        f'<div class="jp-pool-card" style="{frame}{_TEXT}">'
        '<div style="display:flex;flex-wrap:wrap;justify-content:space-between;gap:0 12px">'
        f'<b style="overflow-wrap:anywhere">{label}</b>'
        f'<span style="color:var(--jp-ui-font-color2, #616161)">'
        f"{progress.sign} {html.escape(words)}</span></div>"
        f"{_bar(progress, label, text)}"
        f'<div class="jp-pool-counts" style="font-variant-numeric:tabular-nums">{text}</div>'
        f"{folded}</div>"
    )


def _bar(progress: Progress, label: str, text: str) -> str:
    """The bar. While the total is not known, it would tell of a share that nobody knows."""
    counted = progress.done + progress.running + progress.failed + progress.cancelled
    size = progress.total or (counted if progress.ended else 0)
    values = segments = ""
    if size:
        now = progress.done + progress.failed + progress.cancelled
        values = f'aria-valuemin="0" aria-valuemax="{size}" aria-valuenow="{now}" '
        counts = {name: getattr(progress, name) for name in _SEGMENTS}
        segments = "".join(
            f'<div title="{counts[name]} {name}" style="width:{100 * counts[name] / size:.2f}%;'
            f'background:{colour}"></div>'
            for name, colour in _SEGMENTS.items()
            if counts[name]
        )
    return (
        f'<div role="progressbar" aria-label="{label}" {values}aria-valuetext="{text}" '
        'style="display:flex;height:8px;margin:6px 0;border-radius:4px;overflow:hidden;'
        f'background:var(--jp-layout-color3, #eeeeee)">{segments}</div>'
    )


def _strip(details: Details) -> str:
    """A box for each worker, with the item that it runs."""
    boxes = ""
    for worker, item in details.workers.items():
        text = f"worker {worker}: " + ("idle" if item is None else f"item {item:,}")
        edge = "border-color2, #e0e0e0" if item is None else "brand-color1, #1976d2"
        boxes += (
            '<li style="list-style:none;padding:0 8px;border-radius:3px;'
            f'border:1px solid var(--jp-{edge})">{text}</li>'
        )
    if not boxes:
        return ""
    return (
        '<ul aria-label="Workers" style="display:flex;flex-wrap:wrap;gap:4px;margin:4px 0;'
        f'padding:0">{boxes}</ul>'
    )


def _folded(details: Details) -> str:
    """The details of a card in a saved notebook, as far as there are any."""
    parts = _parts(details)
    return f"<details><summary>Details</summary>{parts}</details>" if parts else ""


def _parts(details: Details) -> str:
    parts = ""
    if details.insights is not None and details.insights.items:
        parts += f"{_P}{html.escape(str(details.insights))}</p>"
    if details.failures:
        rows = "".join(
            "<tr>" + "".join(f"<td>{html.escape(str(cell))}</td>" for cell in row) + "</tr>"
            for row in details.failures
        )
        parts += (
            f"{_P}Failed items (the first is item 0{_at_most(details.failures)}):</p>"
            '<table style="margin:0;text-align:left"><thead><tr><th scope="col">item</th>'
            '<th scope="col">arguments</th>'
            f'<th scope="col">error</th></tr></thead><tbody>{rows}</tbody></table>'
        )
    if details.printed:
        texts = "".join(
            f'<div>item {item}:</div><pre style="margin:0 0 4px 12px">{html.escape(text)}</pre>'
            for item, text in details.printed.items()
        )
        parts += f"{_P}Output{_last(details.printed)}:</p>{texts}"
    return parts


def _at_most(failures: object) -> str:
    return f"; the first {LISTED} that failed" if len(failures) >= LISTED else ""  # type: ignore[arg-type]


def _last(printed: object) -> str:
    return f" of the last {LISTED} items" if len(printed) >= LISTED else ""  # type: ignore[arg-type]
