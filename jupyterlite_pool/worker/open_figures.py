"""Figures that a task leaves open are shown in the notebook, as those of a cell.

A worker has no shell of IPython, whose backend of matplotlib shows them at the end of a cell. So
pyplot has our backend there, unless a task or the notebook asks for another one.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

from ..imports import AfterImport

#: The module of our backend.
MODULE = f"{__package__}.matplotlib_backend"

#: What a notebook asks for that has chosen no backend itself.
OF_NOTEBOOKS = ("", "inline", "module://matplotlib_inline.backend_inline")

#: What is done at the end of each task: nothing, until a task of this worker draws. From then on,
#: our backend shows what the task has left open, and closes it.
end_of_task: list[Callable[[], None]] = []


def install_figures() -> None:
    """Let pyplot draw for the notebook, from when a task imports matplotlib."""
    AfterImport({"matplotlib": _draw_for_the_notebook}).start()


def _draw_for_the_notebook(matplotlib: ModuleType) -> None:
    if os.environ.get("MPLBACKEND", "") in OF_NOTEBOOKS:
        matplotlib.rcParams["backend"] = f"module://{MODULE}"


def picture_of(obj: Any) -> bytes | None:
    """A figure as PNG; None if it is none, or if nothing is on it."""
    module = sys.modules.get("matplotlib.figure")
    if module is None or not isinstance(obj, module.Figure) or not (obj.axes or obj.lines):
        return None
    file = io.BytesIO()
    look = {"facecolor": obj.get_facecolor(), "edgecolor": obj.get_edgecolor()}
    obj.savefig(file, format="png", dpi=obj.dpi, bbox_inches="tight", **look)
    return file.getvalue()
