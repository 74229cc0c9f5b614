"""Waits for the pool, which give the browser its thread back, and which can be interrupted.

The kernel has one thread. While that thread runs Python, no message of a worker arrives. So a wait
must give the thread back to the browser and go on later. In browsers with JavaScript Promise
Integration, Pyodide's `run_sync` can do that in the middle of Python. In others only `await` can.

A browser has no signals. So every wait is noted while it lasts, and *Interrupt Kernel* looks there
for the waits to end (`commands.interrupt`).
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import time
import weakref
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any, TypeVar

from ..errors import BlockingUnavailableError
from ..tracebacks import fold, interrupted
from .browser import IN_BROWSER, can_block, run_sync, set_timer, wakeable

T = TypeVar("T")

#: A signal that comes in the moment in which a thread begins to wait does not end its wait: Python
#: has looked for signals just before. So the thread looks again after this many seconds.
LOOK_AGAIN = 0.25


class Wait:
    """A wait of some code, and how to end it from outside."""

    def __init__(
        self,
        end: Callable[[], object],
        stop: Callable[[], object] | None = None,
        *,
        lock: object = None,
        task: asyncio.Future[Any] | None = None,
    ) -> None:
        """Describe a wait.

        Args:
            end: ends the wait; the code goes on.
            stop: stops the work that the code waits for; None if it is not known.
            lock: the lock that the code waits for, if it does. `commands.interrupt` finds out which
                work that is.
            task: the task of asyncio that the code waits for, if it does.
        """
        self._end = end
        self.stop = stop
        self.lock = lock
        self.task = task
        #: The run of the cell that the code belongs to.
        self.cell = current_run.get()
        self._interrupted = False

    def interrupt(self) -> None:
        """End the wait with `KeyboardInterrupt`."""
        self._interrupted = True
        self._end()

    def check(self) -> None:
        """Raise `KeyboardInterrupt` if the wait was interrupted."""
        __tracebackhide__ = True
        if self._interrupted:
            raise interrupted()

    def __enter__(self) -> Wait:
        suspended.append(self)
        return self

    def __exit__(self, *_: object) -> None:
        suspended.remove(self)


#: The run of a cell, for all code that this run calls.
current_run: ContextVar[object] = ContextVar("current_run", default=None)

#: Waits that have paused Python, in the order in which they began.
suspended: list[Wait] = []

#: Waits of code that awaits, by the future that the event loop waits for.
awaited: dict[asyncio.Future[Any], Wait] = {}


def wait_done(
    future: concurrent.futures.Future[Any],
    timeout: float | None,
    instead: str,
    stop: Callable[[], object] | None = None,
) -> None:
    """Wait until a future is done, or for `timeout` seconds.

    Args:
        instead: code that the user could write where Python cannot wait.
        stop: stops the work behind the future. *Interrupt Kernel* calls it, and Ctrl-C.

    Raises:
        TimeoutError: the future was not done in time.
        BlockingUnavailableError: the future is not done, and Python cannot wait here.
        KeyboardInterrupt: the kernel was interrupted.
    """
    __tracebackhide__ = True  # IPython leaves this frame out of tracebacks
    if future.done():
        return
    if not can_block():
        if timeout is not None and timeout <= 0:
            raise fold(TimeoutError())  # this only asks, and needs no wait
        raise fold(BlockingUnavailableError(instead))
    if IN_BROWSER:
        _suspend_until_done(future, timeout, stop)
    else:
        try:
            with others_turn():
                _block_until_done(future, timeout)
        except KeyboardInterrupt:  # as *Interrupt Kernel* in a browser
            if stop is not None:
                stop()
            raise
    if not future.done():
        raise fold(TimeoutError())


def _block_until_done(future: concurrent.futures.Future[Any], timeout: float | None) -> None:
    """Wait in a thread, which looks for signals now and then."""
    deadline = None if timeout is None else time.monotonic() + timeout
    while not future.done():
        left = LOOK_AGAIN if deadline is None else deadline - time.monotonic()
        if left <= 0:
            return
        concurrent.futures.wait([future], min(left, LOOK_AGAIN))


#: The locks of all pools. Only threads that are no browser's have to wait for them.
pool_locks: weakref.WeakSet[Any] = weakref.WeakSet()


def members(those: weakref.WeakSet[T]) -> list[T]:
    """What is in a set to which another thread may add something meanwhile."""
    while True:
        with suppress(RuntimeError):  # it has done so
            return list(those)


@contextmanager
def others_turn() -> Iterator[None]:
    """Let others have the locks of pools that this thread holds, while it waits for the pool.

    The pool reads items under its lock, and an item may have to wait for another one. In a browser
    everything is one thread, and no lock keeps anybody out.
    """
    held = [lock for lock in members(pool_locks) for _ in range(_let_go(lock))]
    try:
        yield
    finally:
        for lock in held:
            lock.acquire()


def wait_for_callbacks(lock: Any) -> None:
    """Wait until the callbacks of all that has ended in a pool have run.

    A future wakes those who wait for it, and calls its callbacks only then. The thread that does so
    has the lock of the pool until it is through.
    """
    with lock:
        pass


def _let_go(lock: Any) -> int:
    """Release a lock as often as this thread has acquired it; returns how often that was."""
    count = 0
    with suppress(RuntimeError):  # it does not hold it, or not any more
        while True:
            lock.release()
            count += 1
    return count


class EndOf:
    """Awaits that a future is done, and ignores its value and its error."""

    def __init__(
        self,
        future: concurrent.futures.Future[Any],
        stop: Callable[[], object] | None = None,
    ) -> None:
        """Describe the wait.

        Args:
            stop: stops the work behind the future. *Interrupt Kernel* calls it.
        """
        self._future = future
        self._stop = stop

    def __await__(self) -> Generator[object, None, None]:
        if self._future.done():
            return
        loop = asyncio.get_running_loop()
        # A future that Pyodide's loop makes costs one more turn of the loop when it is done.
        woken: asyncio.Future[None] = asyncio.Future(loop=loop)

        def wake() -> None:
            if not woken.done():
                woken.set_result(None)

        def call_wake(_: object) -> None:
            if IN_BROWSER:
                wake()
            elif not loop.is_closed():  # another thread ends the future
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
    """Pause Python until a future is done or the time is over."""
    __tracebackhide__ = True
    woken, wake = wakeable()
    # The wait is for a promise of its own: if it ends early, the work goes on.
    future.add_done_callback(lambda _: wake())
    call_off = None if timeout is None else set_timer(timeout, wake)
    try:
        with Wait(wake, stop) as wait:
            run_sync(woken)
        wait.check()
    finally:
        if call_off is not None:
            call_off()
