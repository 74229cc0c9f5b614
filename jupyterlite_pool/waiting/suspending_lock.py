"""A lock with which the standard library can wait in a browser.

`Future.result`, `wait`, `as_completed`, `Event`, `Condition` and `queue.Queue` all wait in the
`acquire` of a lock that `threading` has made. So the pool replaces that lock by one that pauses
Python instead of blocking the thread, and all of them work unmodified. It does so when a pool is
first used, and in a browser only: elsewhere there are real threads and real locks.
"""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections import deque
from collections.abc import Awaitable
from types import TracebackType
from typing import Any

from ..errors import BlockingUnavailableError
from ..releases import pausing_sleep
from .browser import IN_BROWSER, can_block, run_sync
from .waits import Wait

#: The code to write instead of the standard library's waits.
_INSTEAD = "await asyncio.wrap_future(future)"

#: The rest of that advice.
_ELSE = "Events, conditions and queues that can be awaited are in asyncio, too."


class SuspendingLock:
    """A `threading.Lock` for a single thread whose calls can be paused.

    Not threads but paused calls compete for it: `acquire` pauses its caller, and `release` hands
    the lock to the call that has waited longest.
    """

    def __init__(self) -> None:
        self._locked = False
        self._waiting: deque[asyncio.Future[None]] = deque()

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        """As `threading.Lock.acquire`.

        Raises:
            BlockingUnavailableError: the lock is taken, and Python cannot pause here.
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
        # Join the queue now: a release may come before the coroutine below has started.
        turn = asyncio.get_event_loop().create_future()
        self._waiting.append(turn)
        with Wait(lambda: self._leave(turn), lock=self) as wait:
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
        except BaseException:  # an interrupt; nobody would release the lock
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
        """Leave the queue."""
        if not turn.done():
            self._waiting.remove(turn)
            turn.cancel()

    def release(self) -> None:
        """As `threading.Lock.release`."""
        if not self._locked:
            raise RuntimeError("release unlocked lock")
        if self._waiting:
            self._waiting.popleft().set_result(None)  # that call has the lock now
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
    """Let the standard library wait in a browser.

    Does nothing elsewhere, or if it was called before.
    """
    if not IN_BROWSER:
        return
    threading._allocate_lock = SuspendingLock  # type: ignore[attr-defined]
    # Pyodide's `time.sleep`, `asyncio.run` and `run_until_complete` wait with this function.
    webloop = sys.modules.get("pyodide.webloop")
    if hasattr(webloop, "run_sync"):
        webloop.run_sync = _run_sync  # type: ignore[union-attr]
    sleep = pausing_sleep(_run_sync, can_block)
    if sleep is not None:
        time.sleep = sleep  # type: ignore[assignment]


def _run_sync(awaitable: Awaitable[Any]) -> Any:
    """Like `run_sync`, but *Interrupt Kernel* can end the wait."""
    task = asyncio.ensure_future(awaitable)
    with Wait(task.cancel, task=task) as wait:
        # Not the task itself: JavaScript would turn its error into text, which is slow.
        run_sync(asyncio.wait([task]))
    wait.check()
    return task.result()
