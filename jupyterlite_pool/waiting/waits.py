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
from collections.abc import Callable, Generator
from contextvars import ContextVar
from typing import Any

from ..errors import BlockingUnavailableError
from ..tracebacks import fold, interrupted
from .browser import IN_BROWSER, can_block, run_sync, set_timer, wakeable


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
        self.lock: object = None
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
    woken, wake = wakeable()
    # A wait that is given up does not cancel the work.
    future.add_done_callback(lambda _: wake())
    call_off = None if timeout is None else set_timer(timeout, wake)
    try:
        with Wait(wake, stop) as wait:
            run_sync(woken)
        wait.check()
    finally:
        if call_off is not None:
            call_off()
