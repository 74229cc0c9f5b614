"""How a task is stopped, where it may be, and what that may leave behind in its worker."""

from __future__ import annotations

import sys
from collections.abc import Container
from types import CodeType, FrameType
from typing import Any

from .context_variables import Within

_PACKAGE = __name__.partition(".")[0]

#: Modules whose code an exception must not leave half done: Python could never import again.
_IMPORTS = ("importlib._bootstrap", "importlib._bootstrap_external", "zipimport")


class Interruption:
    """Stops the task that runs, if somebody asks for it.

    Args:
        callers: the code of the functions that call tasks.
    """

    def __init__(self, *callers: CodeType) -> None:
        self._callers = callers
        #: Whether the user's code runs. Nothing else may be interrupted.
        self.allowed = False
        #: Whether the task that ran was stopped.
        self.stopped = False
        #: What the task that runs awaits; None where it awaits nothing.
        self.awaited: Within[Any] | None = None

    def stop(self, frame: FrameType | None) -> None:
        """Stop the task that runs, if it may be stopped in this frame.

        Python calls this as a signal handler amid any code, also of the event loop.
        """
        if self.allowed and may_stop(frame, self._callers):
            self.allowed, self.stopped = False, True
            raise KeyboardInterrupt

    def stop_awaited(self) -> None:
        """Stop the task that runs, if it awaits something. Only the event loop may call this."""
        if self.allowed and self.awaited is not None and self.awaited.waits:
            self.allowed, self.stopped = False, True
            self.awaited.stop()

    def was_stopped(self) -> bool:
        """Whether the last task was stopped; answers so once."""
        stopped, self.stopped = self.stopped, False
        return stopped


def may_stop(frame: FrameType | None, callers: Container[CodeType]) -> bool:
    """Whether an exception may be raised in a frame to stop what some code has called.

    Not in code that something else has called, as the event loop does while a task waits; not amid
    an import or the end of an object; and not in the pool's own code, such as that of a pool that
    the task uses.

    Args:
        frame: where Python is.
        callers: the code of the functions that call tasks.
    """
    innermost = True
    while frame is not None and frame.f_code not in callers:
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
