"""The card that shows the progress of a job in a notebook.

A kernel cannot know whether the page can show widgets. So one display carries the card in three
forms: as a widget, which is cheap to change, as HTML, and as a line of text. When the job has
ended, the display loses the widget, so that a saved notebook shows the final state.
"""

from __future__ import annotations

import html
import secrets
import sys
import uuid
from collections.abc import Callable
from typing import Any, Protocol

from ..jobs.job import MapJob
from .cell import current_cell, in_cell
from .page import buttons, page
from .progress import Progress

#: Seconds between two changes of the card.
INTERVAL = 0.1

#: Seconds between two changes of the HTML and the text while there is a widget: the page draws a
#: changed display anew as a whole.
FALLBACK_INTERVAL = 1.0

_SEGMENTS = {
    "done": "var(--jp-success-color1, #388e3c)",
    "running": "var(--jp-brand-color1, #1976d2)",
    "failed": "var(--jp-error-color1, #d32f2f)",
    "cancelled": "var(--jp-border-color1, #bdbdbd)",
}


class Pool(Protocol):
    """What a card needs of the pool that runs its job."""

    @property
    def ready_workers(self) -> set[int]:
        """The workers that are ready to run tasks."""

    def call_later(self, seconds: float, action: Callable[[], None]) -> Callable[[], None]:
        """Call `action` after some time; returns what calls it off."""


def show_progress(job: MapJob, label: str, progress: bool | None, pool: Pool) -> None:
    """Show the card of a job, where there is a notebook.

    Args:
        label: the name of the job on its card.
        progress: True to show the card at once, False to show none, None to show it if the job
            still runs after some time.
        pool: runs the job.
    """
    if progress is False or not job.active or _shell() is None:
        return
    card = Card(job, label, pool)
    if progress:
        card.show()
    else:
        card.show_later(page.progress_after)


class Card:
    """The card of one job."""

    def __init__(self, job: MapJob, label: str, pool: Pool) -> None:
        self._job = job
        self._label = label
        self._pool = pool
        self._id = uuid.uuid4().hex
        #: The name of its Cancel button.
        self._button = secrets.token_hex(8)
        #: The cell that started the job. The card appears there, even if another cell runs then.
        self._cell = current_cell()
        self._widget: Any = None
        self._news: Any = None
        self._shown = False
        self._drawn = ""
        self._since_fallback = 0.0
        #: Calls off the next change of the card.
        self._call_off: Callable[[], None] = lambda: None
        job.ended.add_done_callback(lambda _: self._end())

    def show_later(self, seconds: float) -> None:
        """Show the card after some time, if the job has not ended by then."""
        self._call_off = self._pool.call_later(seconds, self.show)

    def show(self) -> None:
        """Put the card under the cell, and keep it current."""
        if self._shown or not self._job.active:
            return
        self._shown = True
        self._widget, self._news = _make_widget()
        if self._widget is not None and (page.widgets or self._job.options.single):
            self._add_button()
        progress = self._look()
        self._draw(progress)
        self._display(progress, update=False)
        self._announce(f"{self._label}: started")
        self._call_off = self._pool.call_later(INTERVAL, self._tick)

    def _tick(self) -> None:
        if not self._job.active:
            return
        progress = self._look()
        self._draw(progress)
        if progress.failed:
            self._announce(f"{self._label}: {progress.failed} failed")
        self._since_fallback += INTERVAL
        # If the widget is surely seen, drawing the display anew would only take the focus away.
        seen = self._widget is not None and page.widgets
        wait = 0 if self._widget is None else FALLBACK_INTERVAL
        if not seen and self._since_fallback >= wait:
            self._since_fallback = 0.0
            self._display(progress, update=True)
        self._call_off = self._pool.call_later(INTERVAL, self._tick)

    def _end(self) -> None:
        self._call_off()
        buttons.pop(self._button, None)
        if not self._shown:
            return
        progress = self._look()
        self._draw(progress)
        self._announce(f"{self._label}: {progress.phase}, {progress.text()}")
        widget, self._widget = self._widget, None
        self._display(progress, update=True)
        if widget is not None:
            _close(widget)

    def _add_button(self) -> None:
        """Give the card its Cancel button; a cell in the background is stopped.

        The kernel hears of a click only when its cell has ended. So the page listens to the button,
        too, and sends the name in the button's class over the control channel. But a cell in the
        background goes on when its cell has ended, so there the kernel can listen by itself.
        """
        from ipywidgets import Button

        word = "Stop" if self._job.options.single else "Cancel"
        button = Button(description=word, tooltip=f"{word} {self._label}")
        button.on_click(lambda _: self._cancel())
        button.add_class("jp-pool-cancel")
        button.add_class(f"jp-pool-cancel-{self._button}")
        buttons[self._button] = self._cancel
        self._widget.add_class("jp-pool-cancellable")
        self._widget.children = (*self._widget.children, button)

    def _cancel(self) -> None:
        """Cancel the job, as the button asks: whoever waits for it gets `KeyboardInterrupt`."""
        if not self._job.active:  # the kernel hears of a click late
            return
        word = "stopped" if self._job.options.single else "cancelled"
        self._job.abort(KeyboardInterrupt(f"the job was {word}: {self._label}"))

    def _look(self) -> Progress:
        return Progress.of(self._job, self._label, len(self._pool.ready_workers))

    def _draw(self, progress: Progress) -> None:
        if self._widget is None:
            return
        drawn = card_html(progress)
        if drawn != self._drawn:
            self._drawn = drawn
            self._widget.children[0].value = drawn

    def _announce(self, news: str) -> None:
        if self._news is not None:
            text = html.escape(news)
            self._news.value = f'<span role="status" class="jp-pool-news">{text}</span>'

    def _display(self, progress: Progress, *, update: bool) -> None:
        from IPython.display import display

        data: dict[str, Any] = {
            "text/plain": f"{progress.label}: {progress.phase} · {progress.text()}",
            "text/html": card_html(progress),
        }
        if self._widget is not None:
            data["application/vnd.jupyter.widget-view+json"] = {
                "version_major": 2,
                "version_minor": 0,
                "model_id": self._widget.model_id,
            }
        with in_cell(self._cell):
            display(data, raw=True, display_id=self._id, update=update)


def card_html(progress: Progress) -> str:
    """The card as HTML that needs no style sheet: a saved notebook does not have ours."""
    label = html.escape(progress.label)
    text = html.escape(progress.text())
    word = html.escape(progress.words)
    # While the total is not known, a bar would tell of a share that nobody knows.
    ended = progress.phase in ("done", "failed", "cancelled")
    counted = progress.done + progress.running + progress.failed + progress.cancelled
    size = progress.total or (counted if ended else 0)
    counts = {name: getattr(progress, name) for name in _SEGMENTS}
    segments = "".join(
        f'<div title="{counts[name]} {name}" style="width:{100 * counts[name] / size:.2f}%;'
        f'background:{colour}"></div>'
        for name, colour in _SEGMENTS.items()
        if size and counts[name]
    )
    share = ""
    if size:
        now = progress.done + progress.failed
        share = f'aria-valuemin="0" aria-valuemax="{size}" aria-valuenow="{now}" '
    return (
        '<div class="jp-pool-card" style="max-width:640px;padding:8px 12px;border-radius:4px;'
        "border:1px solid var(--jp-border-color2, #e0e0e0);color:var(--jp-ui-font-color1, inherit);"
        'font-family:var(--jp-ui-font-family, sans-serif);font-size:13px;line-height:1.5">'
        f'<div style="display:flex;justify-content:space-between"><b>{label}</b>'
        f'<span style="color:var(--jp-ui-font-color2, #616161)">'
        f"{progress.sign} {word}</span></div>"
        f'<div role="progressbar" aria-label="{label}" '
        f'{share}aria-valuetext="{text}" '
        'style="display:flex;height:8px;margin:6px 0;border-radius:4px;overflow:hidden;'
        f'background:var(--jp-layout-color3, #eeeeee)">{segments}</div>'
        f'<div class="jp-pool-counts" style="font-variant-numeric:tabular-nums">{text}</div>'
        "</div>"
    )


def _make_widget() -> tuple[Any, Any]:
    """The card's widget and its announcements; None where there are no widgets."""
    try:
        from ipywidgets import HTML, VBox
    except ImportError:
        return None, None
    news = HTML()
    # For screen readers only. It is apart from the card, which changes ten times a second.
    news.layout.height = news.layout.width = "1px"
    news.layout.overflow = "hidden"
    return VBox([HTML(), news]), news


def _close(box: Any) -> None:
    """Close a box and the widgets in it: ipywidgets closes only the box itself."""
    for widget in (*box.children, box):
        for part in (widget.layout, getattr(widget, "style", None)):
            if part is not None:
                part.close()
        widget.close()


def _shell() -> Any:
    """The notebook's shell; None outside of a notebook."""
    ipython = sys.modules.get("IPython")
    return None if ipython is None else ipython.get_ipython()
