"""Sends the state of this kernel's pools to pages that look at it, and only while they do.

A page says again and again that it looks. One that has not said so for some seconds is gone, or
shows something else. The state goes to it by a comm, which the kernel opens, since messages of a
kernel reach the page also while a cell runs.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol

#: The target of the comm.
TARGET = "jupyterlite-pool-state"

#: Seconds after which a viewer that says nothing looks no longer.
PATIENCE = 6.0

#: Seconds between two looks at the state, at the least.
SOONEST = 0.1

#: Seconds after which an unchanged state is sent again, so that the page knows that it still holds.
REPEAT = 1.5


#: Seconds by which a timer may come too early.
ROUNDING = 0.01


class Comm(Protocol):
    """The way to one viewer."""

    def send(self, data: dict[str, str]) -> object:
        """Send a message."""

    def close(self) -> object:
        """Say that no message follows."""


class Clock(Protocol):
    """Time, for a channel."""

    def now(self) -> float:
        """Seconds, by a clock that never goes back."""

    def call_later(self, seconds: float, action: Callable[[], None]) -> object:
        """Call `action` after some seconds."""


class _Viewer:
    """Somebody who looks."""

    def __init__(self, comm: Comm) -> None:
        self.comm = comm
        #: When it has last said that it looks, and how many seconds apart it wants the state.
        self.heard_at = 0.0
        self.every = SOONEST
        #: When the state was last looked at for it, and when it was last sent one.
        self.looked_at = self.sent_at = float("-inf")
        self.sent: dict[str, Any] | None = None


class StateChannel:
    """Sends states to viewers."""

    def __init__(
        self,
        take: Callable[[], dict[str, Any]],
        open: Callable[[str], Comm],
        clock: Clock,
    ) -> None:
        """Send nothing yet.

        Args:
            take: gives the state of now.
            open: opens a comm to a viewer.
        """
        self._take = take
        self._open = open
        self._clock = clock
        self._viewers: dict[str, _Viewer] = {}
        #: Which chain of timers is the one that goes on.
        self._chain = 0

    @property
    def watched(self) -> bool:
        """Whether somebody looks."""
        return bool(self._viewers)

    def look(self, name: str, every: float) -> None:
        """A viewer says that it looks.

        Args:
            every: seconds between two states that it is sent, at the least.
        """
        viewer = self._viewers.get(name)
        is_new = viewer is None
        if viewer is None:
            viewer = self._viewers[name] = _Viewer(self._open(name))
        viewer.heard_at = self._clock.now()
        every = max(every, SOONEST)
        if is_new or every < viewer.every:  # it is not to wait for the timer of slower ones
            viewer.every = every
            self._chain += 1
            self._tick(self._chain)
        viewer.every = every

    def answer(self, name: str, question: int, value: object) -> None:
        """Answer a question of a viewer; nothing happens if it looks no longer."""
        viewer = self._viewers.get(name)
        if viewer is not None:
            self._send(name, viewer, {"answer": question, "value": value})

    def _tick(self, chain: int) -> None:
        if chain != self._chain:
            return
        now = self._clock.now()
        for name, viewer in list(self._viewers.items()):
            if now - viewer.heard_at > PATIENCE:
                self._forget(name)
        viewers = list(self._viewers.items())  # another thread may hear of one more meanwhile
        due = [(n, v) for n, v in viewers if now >= v.looked_at + v.every - ROUNDING]
        for _, viewer in due:
            viewer.looked_at = now
        try:
            if due:
                self._tell(due, self._take(), now)
        finally:  # whatever comes of this look, there is a next one
            if left := list(self._viewers.values()):
                next_at = min(viewer.looked_at + viewer.every for viewer in left)
                self._clock.call_later(max(next_at - now, ROUNDING), lambda: self._tick(chain))

    def _tell(self, due: list[tuple[str, _Viewer]], state: Any, now: float) -> None:
        """Send a state to viewers, unless they have seen it lately."""
        for name, viewer in due:
            if state != viewer.sent or now - viewer.sent_at >= REPEAT:
                viewer.sent, viewer.sent_at = state, now
                self._send(name, viewer, {"state": state, "at": time.time()})

    def _send(self, name: str, viewer: _Viewer, data: dict[str, Any]) -> None:
        try:
            # As text: otherwise each value would become an object of JavaScript, one by one, and
            # None would become `undefined`.
            viewer.comm.send({"json": json.dumps(data)})
        except Exception:  # whatever is wrong with the way to a page must not end the others
            self._forget(name)

    def _forget(self, name: str) -> None:
        viewer = self._viewers.pop(name, None)
        if viewer is not None:
            with suppress(Exception):
                viewer.comm.close()
