"""Where a task may be stopped, and what that may leave behind in its worker."""

from __future__ import annotations

import sys
from types import CodeType, FrameType

_PACKAGE = __name__.partition(".")[0]

#: Modules whose code an exception must not leave half done: Python could never import again.
_IMPORTS = ("importlib._bootstrap", "importlib._bootstrap_external", "zipimport")


def may_stop(frame: FrameType | None, code: CodeType) -> bool:
    """Whether an exception may be raised in a frame to stop what some code has called.

    Not in code that something else has called, as the event loop does while a task waits; not amid
    an import or the end of an object; and not in the pool's own code, such as that of a pool that
    the task uses.

    Args:
        frame: where Python is.
        code: of the function that has called the task.
    """
    innermost = True
    while frame is not None and frame.f_code is not code:
        module = str(frame.f_globals.get("__name__", ""))
        ours, _, room = module.partition(".")
        if module in _IMPORTS or frame.f_code.co_name == "__del__":
            return False
        if ours == _PACKAGE and (innermost or not room.startswith("worker.")):
            return False
        innermost = False
        frame = frame.f_back
    return frame is not None


def leftover() -> str | None:
    """Why a worker should not go on whose task was just stopped; None if it may."""
    locks = sys.modules.get(f"{_PACKAGE}.stand_ins.locks")
    if locks is not None and locks.held_here():
        return "its task was stopped while it held a lock"
    if f"{_PACKAGE}.backends.nested" in sys.modules:
        return "its task was stopped, and tasks there have used pools of their own"
    return None
