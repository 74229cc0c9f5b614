"""What the page has told this kernel: that the labextension is there, and its settings.

A kernel hears of the page in a variable of its web worker (`labextension/src/plugin/welcome.ts`),
mostly before it imports this package; later changes come over the control channel.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass

from ..waiting.browser import IN_BROWSER

#: The variable of the kernel's web worker.
VARIABLE = "jupyterlitePoolPage"


@dataclass
class Page:
    """The page, as far as this kernel knows it. Times are in seconds."""

    #: Whether a labextension is there that hears what is said to it.
    present: bool = False
    #: Whether to start workers before they are needed.
    prewarm: bool = False
    #: How many workers the shared pool has; None for one per core.
    max_workers: int | None = None
    #: When a job gets its card.
    progress_after: float = 0.5
    #: Whether the page is known to show widgets.
    widgets: bool = False

    def read(self) -> None:
        """Read what the page has said, unless that is known; cells may run before it does."""
        if self.present or not IN_BROWSER:
            return
        import js

        text = getattr(js, VARIABLE, None)
        if isinstance(text, str):
            self.accept(json.loads(text))

    def accept(self, settings: object) -> bool:
        """Take over settings; False, with nothing changed, where they are not as described.

        Args:
            settings: as the schema of the labextension names and describes them, and `widgets`.
        """
        if not isinstance(settings, dict) or set(settings) != set(NAMES):
            return False
        prewarm, workers, after, widgets = (settings[name] for name in NAMES)
        if not isinstance(prewarm, bool) or not isinstance(widgets, bool):
            return False
        if workers is not None and not (_is_whole(workers) and workers >= 1):
            return False
        if isinstance(after, bool) or not isinstance(after, (int, float)):
            return False
        if not (math.isfinite(after) and after >= 0):
            return False
        self.present = True
        self.prewarm = prewarm
        self.max_workers = None if workers is None else int(workers)
        self.progress_after = float(after)
        self.widgets = widgets
        return True


#: The settings' names in the labextension, in the order in which they are taken over.
NAMES = ("prewarm", "maxWorkers", "progressAfter", "widgets")


def _is_whole(value: object) -> bool:
    """Whether it is a whole number, also one that JavaScript had."""
    return not isinstance(value, bool) and (
        isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    )


#: What the page's Cancel buttons cancel, by a name that nobody can guess.
buttons: dict[str, Callable[[], None]] = {}

#: The page of this kernel.
page = Page()
page.read()
