"""The widget of a card that changes: core ipywidgets alone."""

from __future__ import annotations

import html
from collections.abc import Callable
from typing import Any

#: The kind of output that shows a widget.
WIDGET = "application/vnd.jupyter.widget-view+json"

#: What a site without the labextension needs to know of the looks.
_STYLE = """<style>
.jp-pool-live { box-sizing: border-box; max-width: 640px; padding: 8px 12px; border-radius: 4px;
  border: 1px solid var(--jp-border-color2, #e0e0e0); position: relative; }
.jp-pool-live > .jupyter-widgets { margin: 0; min-height: 0; overflow: visible; }
.jp-pool-live .jupyter-widget-html-content, .jp-pool-live .widget-html-content {
  line-height: 1.5; white-space: normal; }
.jp-pool-live > .jp-pool-spoken { position: absolute; bottom: 0; }
.jp-pool-live:not(:has(details[open])) > .jp-pool-folded { display: none; }
</style>"""

#: A part that never changes, so that it stays open. What it unfolds is beside it, and changes.
_FOLD = '<details style="font-size:13px"><summary>Details</summary></details>'


class Face:
    """The widget of one card: what is seen, what is folded away, a button, and spoken news."""

    def __init__(self, label: str, folds: bool) -> None:
        from ipywidgets import HTML, VBox

        self._label = label
        self._card = HTML()
        self._folded: Any = None
        self._button: Any = None
        # For screen readers only. It is apart from the card, which changes ten times a second.
        self._news = HTML()
        self._news.layout.height = self._news.layout.width = "1px"
        self._news.layout.overflow = "hidden"
        self._news.add_class("jp-pool-spoken")
        parts: list[Any] = [self._card, HTML(f"{_STYLE}{_FOLD if folds else ''}")]
        if folds:
            self._folded = HTML()
            self._folded.add_class("jp-pool-folded")
            parts.append(self._folded)
        self._box = VBox([*parts, self._news])
        self._box.add_class("jp-pool-live")

    @property
    def view(self) -> dict[str, Any]:
        """What shows it in an output."""
        return {"version_major": 2, "version_minor": 0, "model_id": self._box.model_id}

    def add_button(self, word: str, name: str, action: Callable[[], None]) -> None:
        """Add the button that ends what the card is about.

        The kernel hears of a click only when its cell has ended. So the page listens to the button,
        too, and sends the name in the button's class over the control channel. But a cell in the
        background goes on when its cell has ended, so there the kernel can listen by itself.
        """
        from ipywidgets import Button

        self._button = button = Button(description=word, tooltip=f"{word} {self._label}")
        button.on_click(lambda _: action())
        button.add_class("jp-pool-cancel")
        button.add_class(f"jp-pool-cancel-{name}")
        self._box.add_class("jp-pool-cancellable")
        card, *others = self._box.children
        self._box.children = (card, button, *others)  # in the order of the keyboard

    def remove_button(self) -> None:
        """Take the button away: what it would end has ended."""
        button, self._button = self._button, None
        if button is not None:
            self._box.remove_class("jp-pool-cancellable")
            self._box.children = [part for part in self._box.children if part is not button]
            _close(button)

    def draw(self, card: str) -> None:
        """Show the card as HTML."""
        _set(self._card, card)

    def draw_folded(self, details: str) -> None:
        """Show this as what is folded away."""
        if self._folded is not None:
            _set(self._folded, details)

    def announce(self, news: str) -> None:
        """Let screen readers say something."""
        self._news.value = f'<span role="status" class="jp-pool-news">{html.escape(news)}</span>'

    def close(self) -> None:
        """Let the widget go with all its parts: ipywidgets closes only what it is told."""
        _close(self._box)


def make_face(label: str, *, folds: bool) -> Face | None:
    """The widget of a card; None where there are no widgets.

    Args:
        folds: whether it has a part that is folded away.
    """
    try:
        return Face(label, folds)
    except ImportError:
        return None


def _set(widget: Any, value: str) -> None:
    """Change a widget, unless it is so: a change is a message, and the page draws it anew."""
    if widget.value != value:
        widget.value = value


def _close(widget: Any) -> None:
    for child in getattr(widget, "children", ()):
        _close(child)
    for part in (widget.layout, getattr(widget, "style", None)):
        if part is not None:
            part.close()
    widget.close()
