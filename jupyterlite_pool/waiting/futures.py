"""`PoolFuture`: a future of `concurrent.futures` that can also be awaited."""

from __future__ import annotations

import asyncio
import concurrent.futures
import html
import reprlib
from collections.abc import Callable, Generator
from concurrent.futures._base import CANCELLED, CANCELLED_AND_NOTIFIED, FINISHED, PENDING, RUNNING
from typing import TypeVar

from ..tracebacks import fold
from .waits import EndOf, wait_done

T = TypeVar("T")

_INSTEAD = "value = await future"

_DONE = frozenset({CANCELLED, CANCELLED_AND_NOTIFIED, FINISHED})

#: Signs for calls that have not returned a value, by the first word that says so.
_SIGNS = {"waiting": "◌", "running": "▶", "cancelled": "■", "raised": "✗"}

#: Values of these types are shown; of others, only the type.
_SHOWN = (bool, int, float, complex, str, bytes, list, tuple, dict, set, type(None), BaseException)


def short(value: object) -> str:
    """A value or an error in a few words."""
    try:
        return reprlib.repr(value) if isinstance(value, _SHOWN) else _article(type(value).__name__)
    except Exception:
        return _article(type(value).__name__)


def _article(name: str) -> str:
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"


class PoolFuture(concurrent.futures.Future[T]):
    """The result of one call on the pool.

    It works with `concurrent.futures.wait`, `as_completed` and `asyncio.wrap_future`, as every
    `concurrent.futures.Future`. In a browser that cannot pause Python, write `await future` instead
    of `future.result()`.
    """

    def __init__(
        self,
        stop_worker: Callable[[PoolFuture[T]], None] | None = None,
        take_back: Callable[[PoolFuture[T]], bool] | None = None,
        name: str = "a call",
    ) -> None:
        """Made by the pool.

        Args:
            stop_worker: stops the worker that runs the call; None if nothing can stop it.
            take_back: takes the call back from the workers if none has started it, and tells
                whether that is so; None if the call is with no worker before it is running.
            name: the name of the function.
        """
        super().__init__()
        self._stop_worker = stop_worker
        self._take_back = take_back
        #: The name of the function.
        self.name = name

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.name}: {self._in_words()}>"

    def _repr_html_(self) -> str:
        """The same, with a sign for what has become of the call."""
        words = self._in_words()
        sign = _SIGNS.get(words.partition(" ")[0], "✓")
        text = html.escape(f"{self.name}: {words}")
        return f'<span class="jp-pool-future">{sign} {text}</span>'

    def _in_words(self) -> str:
        """What has become of the call."""
        if not self.done():
            return "running" if self.running() else "waiting"
        if self.cancelled():
            return "cancelled"
        error = super().exception(0)
        if error is not None:
            return f"raised {short(error)}"
        return f"returned {short(super().result(0))}"

    def cancel(self, running: bool = False) -> bool:
        """Cancel the call if it has not started.

        Brief calls of one function can travel together. Then all of them count as started when the
        first one starts, and one that is stopped after more than a second may stop another one.

        Args:
            running: cancel it also if it has started. The worker that runs it is stopped, and
                another one takes its place.

        Returns:
            Whether the call was cancelled.
        """
        stop = self._stop_worker
        forced = running and stop is not None
        if self._state == PENDING and self._take_back is not None and not forced:
            if not self._take_back(self):
                return self.cancelled()
            return super().cancel()
        if not forced and super().cancel():
            return True
        if not running or stop is None:
            return False
        if not self.withdraw():
            return self.cancelled()
        stop(self)
        return True

    def done(self) -> bool:
        """Whether the call has ended, or was cancelled."""
        # As in the standard library, without its lock: one look at one attribute needs none.
        return self._state in _DONE

    def withdraw(self) -> bool:
        """Cancel the call, even if a worker was given it; whether that was possible.

        The standard library cancels only calls that no worker was given.
        """
        with self._condition:
            if self.done():
                return False
            self._state = CANCELLED
            self._condition.notify_all()
            self.set_running_or_notify_cancel()
        # Without the lock, as in the standard library: callbacks may use the pool and its lock.
        self._invoke_callbacks()  # type: ignore[attr-defined]
        return True

    def begin(self) -> bool:
        """Mark the call as running; False if it was cancelled.

        A call that is run again comes here again, and may have been cancelled in between. Those who
        wait for the future are told of the cancellation once only.
        """
        if self._state == RUNNING:  # the most common case, which one look can tell
            return True
        with self._condition:
            if self._state in (RUNNING, CANCELLED_AND_NOTIFIED, FINISHED):
                return self._state == RUNNING
            return self.set_running_or_notify_cancel()

    def stop(self) -> None:
        """Cancel the call, whether it has started or not."""
        self.cancel(running=True)

    def set_exception(self, exception: BaseException | None) -> None:
        """As in the standard library: for the code that runs the call."""
        super().set_exception(None if exception is None else fold(exception))

    def result(self, timeout: float | None = None) -> T:
        """Wait for the value of the call.

        Args:
            timeout: seconds to wait; None to wait as long as it takes.

        Raises:
            TimeoutError: the call did not end in time. It goes on.
            KeyboardInterrupt: the kernel was interrupted. The call is cancelled, even if it runs.
            CancelledError: the call was cancelled.
            BlockingUnavailableError: the call has not ended, and this browser cannot wait.
            Exception: the exception that the call raised.
        """
        __tracebackhide__ = True  # IPython leaves this frame out of tracebacks
        try:
            wait_done(self, timeout, _INSTEAD, self.stop)
            return self._outcome()
        finally:
            del self  # or the error, this frame and the future would hold each other

    def exception(self, timeout: float | None = None) -> BaseException | None:
        """Wait for the call; returns the exception that it raised, or None.

        It has the argument of `result`, and raises what `result` raises except for that exception.
        """
        __tracebackhide__ = True
        wait_done(self, timeout, _INSTEAD, self.stop)
        return super().exception(0)

    def __await__(self) -> Generator[object, None, T]:
        __tracebackhide__ = True
        try:
            yield from EndOf(self, self.stop).__await__()
        except asyncio.CancelledError:  # as with `asyncio.wrap_future`
            self.cancel()
            raise
        try:
            return self._outcome()
        finally:
            del self

    def _outcome(self) -> T:
        """The result of a call that has ended, without frames of the standard library."""
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
