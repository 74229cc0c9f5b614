"""The page of this kernel: whether it has the labextension, and its settings.

The labextension writes these into a variable of the kernel's web worker, mostly before the kernel
imports this package (`welcome.ts`). Later changes come over the control channel.
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
    """The page, as far as this kernel knows it."""

    #: Whether the page has the labextension.
    present: bool = False
    #: Whether to start workers before they are needed.
    prewarm: bool = False
    #: How many workers the shared pool has; None for one per core.
    max_workers: int | None = None
    #: Seconds after which a job gets its card.
    progress_after: float = 0.5
    #: Whether the page can show widgets.
    widgets: bool = False

    def read(self) -> None:
        """Read the variable, unless the page is known already. The page may write it late."""
        if self.present or not IN_BROWSER:
            return
        import js

        text = getattr(js, VARIABLE, None)
        if isinstance(text, str):
            self.accept(json.loads(text))

    def accept(self, settings: object) -> bool:
        """Use these settings; False if they are not valid, and then change nothing.

        Args:
            settings: the settings that the labextension's schema describes, and `widgets`.
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


#: The names of the settings in the labextension, in the order in which `accept` reads them.
NAMES = ("prewarm", "maxWorkers", "progressAfter", "widgets")


def _is_whole(value: object) -> bool:
    """Whether a value is a whole number. JavaScript's whole numbers may arrive as floats."""
    return not isinstance(value, bool) and (
        isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    )


#: The actions of the page's Cancel buttons. Each has a name that nobody can guess.
buttons: dict[str, Callable[[], None]] = {}

#: The page of this kernel.
page = Page()
page.read()
