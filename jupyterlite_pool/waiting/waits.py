"""Waiting in a browser, where a thread that sleeps would sleep for ever.

The kernel has one thread. While it runs Python, no message of a worker arrives; so a wait must give
the thread back to the browser and be resumed later. Browsers with JavaScript Promise Integration
can do that in the middle of Python (Pyodide's `run_sync`); elsewhere only `await` can.

The standard library waits with locks: `Future.result`, `wait`, `as_completed`, `Event`, `Condition`
and `queue.Queue` all end in one `acquire` of a lock made by `threading`. So one replacement there,
whose waiting `acquire` suspends, makes all of them work unmodified. It is installed when a pool is
first used, and on Emscripten alone: elsewhere there are real threads and real locks.

Every wait is kept in a list while it lasts, with what it waits for, so that *Interrupt Kernel* can
end it: a browser has no signals (see `_interrupt`).
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import sys
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Generator
from contextvars import ContextVar
from types import TracebackType
from typing import Any

from ..errors import BlockingUnavailableError
from ..tracebacks import fold, interrupted

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


class Wait:
    """A wait that lasts, and how to end it from outside."""

    def __init__(self, end: Callable[[], object], stop: Callable[[], object] | None) -> None:
        """Describe a wait.

        Args:
            end: lets the one who waits go on.
            stop: stops what is waited for; None where that is not known.
        """
        self._end = end
        self.stop = stop
        #: What a lock's wait waits for has to be looked for; see `_interrupt`.
        self.lock: SuspendingLock | None = None
        #: What a wait for a task of asyncio waits for, too.
        self.task: asyncio.Future[Any] | None = None
        #: The run of the cell whose code waits.
        self.cell = current_run.get()
        self._interrupted = False

    def interrupt(self) -> None:
        """Let the one who waits go on with `KeyboardInterrupt`."""
        self._interrupted = True
        self._end()

    def check(self) -> None:
        """Raise `KeyboardInterrupt` if the wait was ended so."""
        __tracebackhide__ = True
        if self._interrupted:
            raise interrupted()

    def __enter__(self) -> Wait:
        suspended.append(self)
        return self

    def __exit__(self, *_: object) -> None:
        suspended.remove(self)


#: Stands for the run of a cell in all that this run calls.
current_run: ContextVar[object] = ContextVar("current_run", default=None)

#: Waits that have suspended Python, in the order in which they began.
suspended: list[Wait] = []

#: Waits of code that awaits, by what the event loop waits for.
awaited: dict[asyncio.Future[Any], Wait] = {}


def wait_done(
    future: concurrent.futures.Future[Any],
    timeout: float | None,
    instead: str,
    stop: Callable[[], object] | None = None,
) -> None:
    """Wait until a future is done, or for `timeout` seconds.

    Args:
        instead: what the user could write where waiting is impossible.
        stop: stops what is waited for, when the wait is interrupted.

    Raises:
        TimeoutError: it was not done in time.
        BlockingUnavailableError: it is not done, and Python cannot wait here.
        KeyboardInterrupt: the kernel was interrupted.
    """
    __tracebackhide__ = True  # IPython leaves this frame out of tracebacks
    if future.done():
        return
    if not can_block():
        if timeout is not None and timeout <= 0:
            raise fold(TimeoutError())  # to look is not to wait
        raise fold(BlockingUnavailableError(instead))
    if IN_BROWSER:
        _suspend_until_done(future, timeout, stop)
    else:
        concurrent.futures.wait([future], timeout)
    if not future.done():
        raise fold(TimeoutError())


class EndOf:
    """To be awaited: a future is done. Its value and its error are not looked at."""

    def __init__(
        self,
        future: concurrent.futures.Future[Any],
        stop: Callable[[], object] | None = None,
    ) -> None:
        """Describe what is awaited.

        Args:
            stop: stops what is waited for, when the wait is interrupted.
        """
        self._future = future
        self._stop = stop

    def __await__(self) -> Generator[object, None, None]:
        if self._future.done():
            return
        loop = asyncio.get_running_loop()
        woken: asyncio.Future[None] = loop.create_future()

        def wake() -> None:
            if not woken.done():
                woken.set_result(None)

        def call_wake(_: object) -> None:
            if IN_BROWSER:
                wake()
            elif not loop.is_closed():  # it is resolved in another thread
                loop.call_soon_threadsafe(wake)

        self._future.add_done_callback(call_wake)
        awaited[woken] = Wait(wake, self._stop)
        try:
            yield from woken
        finally:
            del awaited[woken]


def _suspend_until_done(
    future: concurrent.futures.Future[Any],
    timeout: float | None,
    stop: Callable[[], object] | None,
) -> None:
    """Suspend Python until a promise resolves: no coroutine, and no turn of the event loop."""
    __tracebackhide__ = True
    from js import Promise, clearTimeout, setTimeout
    from pyodide.ffi import run_sync

    woken = Promise.withResolvers()
    wake = woken.resolve
    # A wait that is given up does not cancel the work.
    future.add_done_callback(lambda _: wake())
    timer = None if timeout is None else setTimeout(wake, min(timeout, LONGEST) * 1000)
    try:
        with Wait(wake, stop) as wait:
            run_sync(woken.promise)
        wait.check()
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
    from pyodide.ffi import run_sync

    task = asyncio.ensure_future(awaitable)
    with Wait(task.cancel, None) as wait:
        wait.task = task
        # An error on its way through JavaScript would be made into text there, which is slow.
        run_sync(asyncio.wait([task]))
    wait.check()
    return task.result()
