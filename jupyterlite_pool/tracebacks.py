"""How IPython shows the errors of a pool, and the notes that an error carries.

The frames of the pool say nothing to a user: `fold` leaves them out where a traceback ends in them.
An error that only says that somebody stopped the work needs no explanation either: `shorten` shows
it in a few lines. That is also quicker, because the first of IPython's own tracebacks in a kernel
takes a second or more.
"""

from __future__ import annotations

import re
import sys
import traceback
import types
from collections.abc import Iterable, Iterator
from functools import partial
from typing import TypeVar

E = TypeVar("E", bound=BaseException)

#: The method that IPython calls on an error to show it.
HOOK = "_render_traceback_"

#: Modules of the standard library in which a wait for the pool may end.
WAITS = ("concurrent.futures._base", "asyncio.futures", "asyncio.tasks")


def interrupted() -> KeyboardInterrupt:
    """The error with which a wait ends when the kernel is interrupted."""
    return shorten(KeyboardInterrupt("the kernel was interrupted"))


def shorten(error: E) -> E:
    """Let IPython show an error in a few lines: what it is, and where the notebook's code was."""
    if not hasattr(error, HOOK):
        setattr(error, HOOK, partial(_short_lines, error))
    return error


def fold(error: E) -> E:
    """Let IPython show an error without the frames of the pool in which its traceback ends."""
    try:
        if not hasattr(error, HOOK):
            setattr(error, HOOK, _folded_lines)
    except Exception:
        pass  # the user's class allows no attributes
    return error


def render_from(error: E, entry: types.TracebackType) -> E:
    """Let IPython show the traceback of an error from this entry on, and nothing before it."""
    if not hasattr(error, HOOK):
        setattr(error, HOOK, partial(_lines_from, error, entry))
    return error


def _lines_from(error: BaseException, entry: types.TracebackType) -> list[str]:
    from IPython import get_ipython

    lines: list[str] = get_ipython().InteractiveTB.structured_traceback(type(error), error, entry)
    return lines


def _folded_lines() -> list[str]:
    """The lines of the error that is being handled; for `%tb`, of the last one."""
    from IPython import get_ipython

    kind, error, shown = sys.exc_info()
    if error is None:
        kind, error, shown = sys.last_type, sys.last_value, sys.last_traceback
    entries = list(_entries(shown))
    while entries and _is_of_the_pool(entries[-1].tb_frame):
        entries.pop()
    shown = None
    for entry in reversed(entries):
        shown = types.TracebackType(shown, entry.tb_frame, entry.tb_lasti, entry.tb_lineno)
    lines: list[str] = get_ipython().InteractiveTB.structured_traceback(kind, error, shown)
    return lines


def _entries(entry: types.TracebackType | None) -> Iterator[types.TracebackType]:
    while entry is not None:
        yield entry
        entry = entry.tb_next


def _is_of_the_pool(frame: types.FrameType) -> bool:
    name = str(frame.f_globals.get("__name__"))
    return name.partition(".")[0] == __package__ or name in WAITS


def _short_lines(error: BaseException) -> list[str]:
    cells = [
        (frame, line)
        for frame, line in traceback.walk_tb(error.__traceback__)
        if frame.f_globals.get("__name__") == "__main__"
    ]
    summary = traceback.StackSummary.extract(iter(cells))
    shown = map(name_cells, traceback.format_list(summary))
    lines = ["Traceback (most recent call last):", *shown]
    name = f"{type(error).__name__}: {error}"
    return "\n".join([*(line.rstrip() for line in lines), name, *notes_of(error)]).split("\n")


#: At most this many characters of an error in one line.
WIDTH = 200


def error_line(error: BaseException) -> str:
    """An error in one line."""
    try:
        text = " ".join(str(error).split())
    except Exception:  # a user's class may raise anything here
        text = "<no text>"
    kind = type(error).__name__
    line = f"{kind}: {text}" if text else kind
    return line if len(line) <= WIDTH else f"{line[: WIDTH - 1]}…"


#: The file name of a cell, as Python prints it in tracebacks.
_CELL = re.compile(r'File "<ipython-input-(\d+)-[0-9a-f]+>"')


#: The same in an ordinary kernel, where only IPython knows the number.
_FILE = re.compile(r'File "([^"]*ipykernel_[^"]*)"')


def name_cells(text: str) -> str:
    """The lines of a traceback, with the names that IPython has for cells."""
    return _FILE.sub(_name_file, _CELL.sub(r"Cell In[\1]", text))


def _name_file(found: re.Match[str]) -> str:
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    named = None if shell is None else shell.compile.format_code_name(found[1])
    return found[0] if named is None else " ".join(named)


def attach(error: BaseException, name: str, value: object) -> None:
    """Set an attribute of an error, even if its class forbids that."""
    BaseException.__setattr__(error, name, value)


# Notes of PEP 678. They are set by hand, because Python 3.10 has no `add_note`.


def causes_of(error: BaseException, *, contexts: bool = False) -> Iterator[BaseException]:
    """An error, its cause, the cause of that, and so on: each once, as a chain may be a circle.

    Args:
        contexts: whether an error without a cause is followed by the one that was handled then.
    """
    seen: set[int] = set()
    left: BaseException | None = error
    while left is not None and id(left) not in seen:
        seen.add(id(left))
        yield left
        left = left.__cause__ or (left.__context__ if contexts else None)


def notes_of(error: BaseException) -> list[str]:
    """The notes of an error as text; none if `__notes__` is no list of notes."""
    try:
        return [str(note) for note in getattr(error, "__notes__", ())]
    except Exception:  # a user's class may have anything there
        return []


def set_notes(error: BaseException, notes: Iterable[str]) -> None:
    """Replace the notes of an error."""
    attach(error, "__notes__", list(notes))


def add_note(error: BaseException, note: str) -> None:
    """Add a note to an error."""
    set_notes(error, [*notes_of(error), note])
