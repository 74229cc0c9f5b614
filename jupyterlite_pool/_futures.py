"""`PoolFuture`: a future of `concurrent.futures` that can be awaited as well."""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections.abc import Generator
from typing import TypeVar

from ._waits import IN_BROWSER, wait_done

T = TypeVar("T")

_INSTEAD = "value = await future"


class PoolFuture(concurrent.futures.Future[T]):
    """The result of one call on the pool.

    A `concurrent.futures.Future`: it works with `concurrent.futures.wait`, `as_completed` and
    `asyncio.wrap_future`. Where the browser cannot pause Python, `await future` does what
    `future.result()` does elsewhere.
    """

    def result(self, timeout: float | None = None) -> T:
        """The value of the call, once it is there.

        Args:
            timeout: seconds to wait; None to wait as long as it takes.

        Raises:
            TimeoutError: it is not there in time.
            CancelledError: the call was cancelled.
            BlockingUnavailableError: it is not there, and this browser cannot wait.
            Exception: whatever the call raised.
        """
        wait_done(self, timeout, _INSTEAD)
        return super().result(0)

    def exception(self, timeout: float | None = None) -> BaseException | None:
        """What the call raised, or None, once it has ended; arguments and errors as `result`."""
        wait_done(self, timeout, _INSTEAD)
        return super().exception(0)

    def __await__(self) -> Generator[object, None, T]:
        if not IN_BROWSER:  # it is resolved in another thread
            return (yield from asyncio.wrap_future(self))
        # As `wrap_future`, but for one turn of the event loop less.
        if not self.done():
            woken = asyncio.get_running_loop().create_future()

            def wake(_: object) -> None:
                if not woken.done():
                    woken.set_result(None)

            self.add_done_callback(wake)
            try:
                yield from woken
            except asyncio.CancelledError:
                self.cancel()
                raise
        return super().result(0)
