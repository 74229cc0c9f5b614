"""A stand-in for the pool, until its JavaScript is loaded."""

from __future__ import annotations

from typing import Any


class EarlyPool:
    """Records what the backend asks of the pool, and repeats it when the pool is there.

    It has the members of `BrokeredPool` (`labextension/src/broker/brokeredPool.ts`) that the
    backend uses.
    """

    #: No worker has started.
    workers: tuple[Any, ...] = ()
    spares = 0

    def __init__(self) -> None:
        #: The name of a method and its arguments, in the order of the calls.
        self._calls: list[tuple[Any, ...]] = []

    def put(self, *args: Any) -> None:
        """Record it."""
        self._calls.append(("put", *args))

    def drop(self, key: str) -> None:
        """Record it."""
        self._calls.append(("drop", key))

    def submit(self, batch: int, *args: Any) -> None:
        """Record it."""
        self._calls.append(("submit", batch, *args))

    def cancel(self, batch: int) -> bool:
        """Forget that a batch was submitted; False if it was not."""
        for call in self._calls:
            if call[:2] == ("submit", batch):
                self._calls.remove(call)
                return True
        return False

    def kill(self, *args: Any) -> None:
        """Nothing to do: there is no worker."""

    def limitLane(self, *args: Any) -> None:  # noqa: N802 - JavaScript's name
        """Record it: the limit counts from when the pool is there."""
        self._calls.append(("limitLane", *args))

    def letCancel(self, *args: Any) -> None:  # noqa: N802 - JavaScript's name
        """Record it."""
        self._calls.append(("letCancel", *args))

    def setsUp(self, needed: bool) -> None:  # noqa: N802 - JavaScript's name
        """Record it."""
        self._calls.append(("setsUp", needed))

    def wake(self) -> None:
        """Nothing to do: the workers will start soon."""

    def scale(self, size: int) -> None:
        """Nothing to do: the pool starts with the size that its backend has then."""

    def terminate(self) -> None:
        """Forget everything."""
        self._calls.clear()

    def repeat(self, pool: Any) -> None:
        """Ask the pool for everything that was asked before it was there."""
        calls, self._calls = self._calls, []
        for name, *args in calls:
            getattr(pool, name)(*args)
