"""`PoolFuture`: a future of `concurrent.futures` that can be awaited as well."""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections.abc import Callable, Generator
from concurrent.futures._base import CANCELLED_AND_NOTIFIED, RUNNING
from typing import TypeVar

from ..tracebacks import fold
from .waits import EndOf, wait_done

T = TypeVar("T")

_INSTEAD = "value = await future"


class PoolFuture(concurrent.futures.Future[T]):
    """The result of one call on the pool.

    A `concurrent.futures.Future`: it works with `concurrent.futures.wait`, `as_completed` and
    `asyncio.wrap_future`. Where the browser cannot pause Python, `await future` does what
    `future.result()` does elsewhere.
    """

    def __init__(self, stop_worker: Callable[[PoolFuture[T]], None] | None = None) -> None:
        """Made by the pool.

        Args:
            stop_worker: stops the worker that runs the call; None if nothing can stop it.
        """
        super().__init__()
        self._stop_worker = stop_worker

    def cancel(self, running: bool = False) -> bool:
        """Cancel the call if it has not started.

        Args:
            running: cancel it also if it has started: the worker that runs it is stopped, and
                another takes its place.

        Returns:
            Whether the call was cancelled.
        """
        if super().cancel():
            return True
        stop = self._stop_worker
        if not running or stop is None:
            return False
        with self._condition:
            if self.done():
                return False
            # The standard library has no way from running to cancelled but through this one.
            self._state = "PENDING"
            super().cancel()
            self.set_running_or_notify_cancel()
        stop(self)
        return True

    def begin(self) -> bool:
        """Let the call run, unless it was cancelled; those who wait are told of that, once.

        A call that was taken before may be taken again, and may have been cancelled meanwhile.
        """
        with self._condition:
            if self._state in (RUNNING, CANCELLED_AND_NOTIFIED):
                return self._state == RUNNING
            return self.set_running_or_notify_cancel()

    def stop(self) -> None:
        """Cancel the call, whether it has started or not."""
        self.cancel(running=True)

    def set_exception(self, exception: BaseException | None) -> None:
        """As in the standard library: for those who run the call."""
        super().set_exception(None if exception is None else fold(exception))

    def result(self, timeout: float | None = None) -> T:
        """The value of the call, once it is there.

        Args:
            timeout: seconds to wait; None to wait as long as it takes.

        Raises:
            TimeoutError: it is not there in time.
            KeyboardInterrupt: the kernel was interrupted; the call is cancelled, also if it runs.
            CancelledError: the call was cancelled.
            BlockingUnavailableError: it is not there, and this browser cannot wait.
            Exception: whatever the call raised.
        """
        __tracebackhide__ = True  # IPython leaves this frame out of tracebacks
        try:
            wait_done(self, timeout, _INSTEAD, self.stop)
            return self._outcome()
        finally:
            del self  # an error holds this frame, which must not hold the future that holds it

    def exception(self, timeout: float | None = None) -> BaseException | None:
        """What the call raised, or None, once it has ended; arguments and errors as `result`."""
        __tracebackhide__ = True
        wait_done(self, timeout, _INSTEAD, self.stop)
        return super().exception(0)

    def __await__(self) -> Generator[object, None, T]:
        __tracebackhide__ = True
        try:
            yield from EndOf(self, self.stop).__await__()
        except asyncio.CancelledError:  # as `asyncio.wrap_future`
            self.cancel()
            raise
        try:
            return self._outcome()
        finally:
            del self

    def _outcome(self) -> T:
        """As `result`, when it has ended, and without frames of the standard library."""
        __tracebackhide__ = True
        if self.cancelled():
            raise fold(concurrent.futures.CancelledError())
        error = super().exception(0)
        if error is None:
            return super().result(0)
        try:
            raise error
        finally:
            del self, error
