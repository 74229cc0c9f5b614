"""The lock that lets the standard library wait in a browser."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections import deque
from collections.abc import Awaitable
from types import TracebackType
from typing import Any

from ..errors import BlockingUnavailableError
from .browser import IN_BROWSER, can_block, run_sync
from .waits import Wait

#: What to write instead of the standard library's waits.
_INSTEAD = "await asyncio.wrap_future(future)"


_ELSE = "Events, conditions and queues that can be awaited are in asyncio, too."


class SuspendingLock:
    """A `threading.Lock` for a single thread that can be suspended.

    There is no contention between threads here, only between suspended calls: `acquire` suspends
    the caller, and `release` hands the lock to the one that has waited longest.
    """

    def __init__(self) -> None:
        self._locked = False
        self._waiting: deque[asyncio.Future[None]] = deque()

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        """As `threading.Lock.acquire`.

        Raises:
            BlockingUnavailableError: it is taken, and Python cannot be suspended here.
        """
        if not blocking and timeout != -1:
            raise ValueError("can't specify a timeout for a non-blocking call")
        if not self._locked:
            self._locked = True
            return True
        if not blocking or timeout == 0:
            return False
        if not can_block():
            raise BlockingUnavailableError(_INSTEAD, _ELSE)
        # In line now: a release may come before the coroutine below has started.
        turn = asyncio.get_event_loop().create_future()
        self._waiting.append(turn)
        with Wait(lambda: self._leave(turn), None) as wait:
            wait.lock = self
            taken = bool(run_sync(self._wait_for(turn, None if timeout < 0 else timeout)))
        try:
            wait.check()
        except KeyboardInterrupt:
            if taken:
                self.release()
            raise
        return taken

    async def _wait_for(self, turn: asyncio.Future[None], timeout: float | None) -> bool:
        try:
            await asyncio.wait([turn], timeout=timeout)
        except BaseException:  # interrupted: the lock must not go to nobody
            if turn.done() and not turn.cancelled():
                self.release()
            elif turn in self._waiting:
                self._waiting.remove(turn)
            raise
        if turn.done():
            return not turn.cancelled()
        self._waiting.remove(turn)
        return False

    def _leave(self, turn: asyncio.Future[None]) -> None:
        """Stand in line no longer."""
        if not turn.done():
            self._waiting.remove(turn)
            turn.cancel()

    def release(self) -> None:
        """As `threading.Lock.release`."""
        if not self._locked:
            raise RuntimeError("release unlocked lock")
        if self._waiting:
            self._waiting.popleft().set_result(None)  # the lock stays taken, by the next in line
        else:
            self._locked = False

    def locked(self) -> bool:
        """As `threading.Lock.locked`."""
        return self._locked

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.release()

    def _at_fork_reinit(self) -> None:
        self.__init__()  # type: ignore[misc]


def install_waits() -> None:
    """Let the standard library wait in a browser; does nothing elsewhere, or a second time."""
    if not IN_BROWSER:
        return
    threading._allocate_lock = SuspendingLock  # type: ignore[attr-defined]
    # What `time.sleep`, `asyncio.run` and `run_until_complete` of Pyodide wait with.
    webloop = sys.modules.get("pyodide.webloop")
    if hasattr(webloop, "run_sync"):
        webloop.run_sync = _run_sync  # type: ignore[union-attr]


def _run_sync(awaitable: Awaitable[Any]) -> Any:
    """`run_sync`, for waits that can be interrupted."""
    task = asyncio.ensure_future(awaitable)
    with Wait(task.cancel, None) as wait:
        wait.task = task
        # An error on its way through JavaScript would be made into text there, which is slow.
        run_sync(asyncio.wait([task]))
    wait.check()
    return task.result()
