"""Tracebacks of errors that say nothing of the notebook's code: it was told to stop.

IPython's own tracebacks explain; the first of a kernel takes a second or more, since much has to be
imported for it. Who presses a button to stop a cell wants to see that it has stopped.
"""

from __future__ import annotations

import traceback
from functools import partial
from typing import TypeVar

E = TypeVar("E", bound=BaseException)

#: What IPython asks an error for, to show it.
HOOK = "_render_traceback_"


def interrupted() -> KeyboardInterrupt:
    """The error with which a wait ends when the kernel is interrupted."""
    return brief(KeyboardInterrupt("the kernel was interrupted"))


def brief(error: E) -> E:
    """Let IPython show an error in a few lines: where the notebook's code was, and what it is."""
    if not hasattr(error, HOOK):
        setattr(error, HOOK, partial(_lines, error))
    return error


def _lines(error: BaseException) -> list[str]:
    cells = [
        (frame, line)
        for frame, line in traceback.walk_tb(error.__traceback__)
        if frame.f_globals.get("__name__") == "__main__"
    ]
    summary = traceback.StackSummary.extract(iter(cells))
    lines = ["Traceback (most recent call last):", *traceback.format_list(summary)]
    name = f"{type(error).__name__}: {error}"
    return "\n".join([*(line.rstrip() for line in lines), name, *_notes(error)]).split("\n")


def _notes(error: BaseException) -> list[str]:
    return [str(note) for note in getattr(error, "__notes__", ())]
