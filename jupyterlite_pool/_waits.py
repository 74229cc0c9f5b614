"""Waiting in a browser, where a thread that sleeps would sleep for ever.

The kernel has one thread. While it runs Python, no message of a worker arrives; so a wait must give
the thread back to the browser and be resumed later. Browsers with JavaScript Promise Integration
can do that in the middle of Python (Pyodide's `run_sync`); elsewhere only `await` can.

The standard library waits with locks: `Future.result`, `wait`, `as_completed`, `Event`, `Condition`
and `queue.Queue` all end in one `acquire` of a lock made by `threading`. So one replacement there,
whose waiting `acquire` suspends, makes all of them work unmodified. It is installed when a pool is
first used, and on Emscripten alone: elsewhere there are real threads and real locks.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import sys
import threading
from collections import deque
from types import TracebackType
from typing import Any

from .errors import BlockingUnavailableError

IN_BROWSER = sys.platform == "emscripten"

#: Seconds that a timer of JavaScript can take: a signed 32-bit number of milliseconds.
LONGEST = 2_000_000.0

#: What to write instead of the standard library's waits.
_INSTEAD = "await asyncio.wrap_future(future)"
_ELSE = "Events, conditions and queues that can be awaited are in asyncio, too."


def can_block() -> bool:
    """Whether Python can wait here, and not only `await`."""
    if not IN_BROWSER:
        return True
    from pyodide.ffi import can_run_sync

    return bool(can_run_sync())


def wait_done(future: concurrent.futures.Future[Any], timeout: float | None, instead: str) -> None:
    """Wait until a future is done, or for `timeout` seconds.

    Args:
        instead: what the user could write where waiting is impossible.

    Raises:
        TimeoutError: it was not done in time.
        BlockingUnavailableError: it is not done, and Python cannot wait here.
    """
    if future.done():
        return
    if not can_block():
        if timeout is not None and timeout <= 0:
            raise TimeoutError  # to look is not to wait
        raise BlockingUnavailableError(instead)
    if IN_BROWSER:
        _suspend_until_done(future, timeout)
    else:
        concurrent.futures.wait([future], timeout)
    if not future.done():
        raise TimeoutError


def _suspend_until_done(future: concurrent.futures.Future[Any], timeout: float | None) -> None:
    """Suspend Python until a promise resolves: no coroutine, and no turn of the event loop."""
    from js import Promise, clearTimeout, setTimeout
    from pyodide.ffi import run_sync

    woken = Promise.withResolvers()
    wake = woken.resolve
    # A wait that is given up does not cancel the work.
    future.add_done_callback(lambda _: wake())
    timer = None if timeout is None else setTimeout(wake, min(timeout, LONGEST) * 1000)
    try:
        run_sync(woken.promise)
    finally:
        if timer is not None:
            clearTimeout(timer)


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
        from pyodide.ffi import run_sync

        # In line now: a release may come before the coroutine below has started.
        turn = asyncio.get_event_loop().create_future()
        self._waiting.append(turn)
        return bool(run_sync(self._wait_for(turn, None if timeout < 0 else timeout)))

    async def _wait_for(self, turn: asyncio.Future[None], timeout: float | None) -> bool:
        try:
            await asyncio.wait([turn], timeout=timeout)
        except BaseException:  # interrupted: the lock must not go to nobody
            if turn.done():
                self.release()
            else:
                self._waiting.remove(turn)
            raise
        if turn.done():
            return True
        self._waiting.remove(turn)
        return False

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
    if IN_BROWSER:
        threading._allocate_lock = SuspendingLock  # type: ignore[attr-defined]
