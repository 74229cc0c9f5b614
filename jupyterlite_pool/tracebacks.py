"""Tracebacks without the pool in them.

An error that a task has raised says where in the task; of the notebook's side nobody need see more
than the line that has asked for the result. An error that says nothing of the notebook's code,
since it was told to stop, is shown in a few lines: IPython's own tracebacks explain, and the first
of a kernel takes a second or more, since much has to be imported for it.
"""

from __future__ import annotations

import sys
import traceback
import types
from collections.abc import Iterator
from functools import partial
from typing import TypeVar

E = TypeVar("E", bound=BaseException)

#: What IPython asks an error for, to show it.
HOOK = "_render_traceback_"

#: Modules in which waiting for the pool may end.
WAITS = ("concurrent.futures._base", "asyncio.futures", "asyncio.tasks")


def interrupted() -> KeyboardInterrupt:
    """The error with which a wait ends when the kernel is interrupted."""
    return brief(KeyboardInterrupt("the kernel was interrupted"))


def brief(error: E) -> E:
    """Let IPython show an error in a few lines: where the notebook's code was, and what it is."""
    if not hasattr(error, HOOK):
        setattr(error, HOOK, partial(_lines, error))
    return error


def fold(error: E) -> E:
    """Let IPython show an error without the frames of the pool in which its traceback ends."""
    try:
        if not hasattr(error, HOOK):
            setattr(error, HOOK, _without_us)
    except Exception:
        pass  # a class of the user's that lets nobody change it
    return error


def _without_us() -> list[str]:
    """The traceback of the error that is shown: the one at hand, or with `%tb` the last one."""
    from IPython import get_ipython

    kind, error, shown = sys.exc_info()
    if error is None:
        kind, error, shown = sys.last_type, sys.last_value, sys.last_traceback
    frames = list(_entries(shown))
    while frames and _is_ours(frames[-1].tb_frame):
        frames.pop()
    shown = None
    for entry in reversed(frames):
        shown = types.TracebackType(shown, entry.tb_frame, entry.tb_lasti, entry.tb_lineno)
    lines: list[str] = get_ipython().InteractiveTB.structured_traceback(kind, error, shown)
    return lines


def _entries(entry: types.TracebackType | None) -> Iterator[types.TracebackType]:
    while entry is not None:
        yield entry
        entry = entry.tb_next


def _is_ours(frame: types.FrameType) -> bool:
    name = str(frame.f_globals.get("__name__"))
    return name.partition(".")[0] == __package__ or name in WAITS


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


def attach(error: BaseException, name: str, value: object) -> None:
    """Set an attribute of an exception, also of one whose class lets nobody do that."""
    BaseException.__setattr__(error, name, value)


def add_note(error: BaseException, note: str) -> None:
    """PEP 678, also for Python 3.10, where only the attribute can be set."""
    notes = [*getattr(error, "__notes__", ()), note]
    attach(error, "__notes__", notes)
