"""The page of this kernel: whether it has the labextension, and its settings.

The labextension leaves these where the kernel finds them, mostly before the kernel imports this
package: in variables of a web worker (`welcome.ts`), or in an attribute of IPython's shell
(`labHost.ts`). Later changes come as words.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..waiting.browser import IN_BROWSER

#: The variables of the kernel's web worker: what every version of this package knows, and the rest.
VARIABLE, REST = "jupyterlitePoolPage", "jupyterlitePoolOptions"

#: The attribute of the shell of an ordinary kernel: both of them, as text.
ATTRIBUTE = "jupyterlite_pool_page"

#: Seconds that count as never. A browser's timers cannot wait longer than 24 days.
NEVER = 2_000_000


@dataclass
class Page:
    """The page, as far as this kernel knows it."""

    #: Whether the page has the labextension.
    present: bool = False
    #: Whether to start workers before they are needed.
    prewarm: bool = False
    #: How many workers the shared pool has; None for one per core.
    max_workers: int | None = None
    #: Seconds after which a job gets its card; `NEVER` or more for none.
    progress_after: float = 0.5
    #: Whether the page can show widgets.
    widgets: bool = False
    #: Options of the shared pool, as of `WorkerPoolExecutor`.
    idle_timeout: float | None = None
    max_worker_memory: int | None = None
    preload_packages: tuple[str, ...] = ()
    #: Whether the output of a job's items is shown as it comes.
    stream_output: bool = True
    #: How many lines of tasks a cell shows.
    output_limit_lines: int = 1000
    #: Whether the page shows the saved form of a card whose kernel is gone.
    cards: bool = False
    #: The name of this life of the kernel, which the page knows; None if nobody has told it.
    life: str | None = None

    def read(self) -> None:
        """Read what the page has left, unless it is known already. The page may leave it late."""
        if self.present:
            return
        text, rest = _left_by_page()
        if isinstance(text, str):
            self.accept(json.loads(text))
        if isinstance(rest, str):  # an older page has left none
            self.accept_options(json.loads(rest))

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
        if workers is not None and not (is_whole(workers) and workers >= 1):
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

    def accept_options(self, options: object) -> bool:
        """Use these further settings; False if one is not valid, and then change nothing.

        A page of another version may not know all of them, or know more.
        """
        if not isinstance(options, dict):
            return False
        new: dict[str, Any] = {}
        for name, (field, is_valid, kind) in OPTIONS.items():
            if name in options:
                value = options[name]
                if not is_valid(value):
                    return False
                new[field] = None if value is None else kind(value)
        for field, value in new.items():
            setattr(self, field, value)
        return True


def _left_by_page() -> tuple[object, object]:
    """The texts that a page has left: the settings that every version knows, and the rest."""
    if IN_BROWSER:
        import js

        return getattr(js, VARIABLE, None), getattr(js, REST, None)
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    left = getattr(shell, ATTRIBUTE, None)
    return left if isinstance(left, tuple) and len(left) == 2 else (None, None)


#: The names of the settings in the labextension, in the order in which `accept` reads them.
NAMES = ("prewarm", "maxWorkers", "progressAfter", "widgets")


def is_whole(value: Any) -> bool:
    """Whether a value is a whole number. JavaScript's whole numbers may arrive as floats."""
    return not isinstance(value, bool) and (
        isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    )


def is_number(value: Any) -> bool:
    """Whether a value is a finite number."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _is_count(value: Any) -> bool:
    return is_whole(value) and value >= 1


def _are_names(value: object) -> bool:
    return isinstance(value, (list, tuple)) and all(isinstance(n, str) and n for n in value)


#: The further settings by their names in the labextension: the field of `Page`, what is valid, and
#: the type.
OPTIONS: dict[str, tuple[str, Callable[[Any], bool], Callable[[Any], Any]]] = {
    "idleTimeout": ("idle_timeout", lambda v: v is None or (is_number(v) and v > 0), float),
    "maxWorkerMemory": ("max_worker_memory", lambda v: v is None or _is_count(v), int),
    "preloadPackages": ("preload_packages", _are_names, tuple),
    "streamOutput": ("stream_output", lambda v: isinstance(v, bool), bool),
    "outputLimitLines": ("output_limit_lines", _is_count, int),
    "cards": ("cards", lambda v: isinstance(v, bool), bool),
}


#: The actions of the page's Cancel buttons. Each has a name that nobody can guess.
buttons: dict[str, Callable[[], None]] = {}

#: The page of this kernel.
page = Page()
page.read()
