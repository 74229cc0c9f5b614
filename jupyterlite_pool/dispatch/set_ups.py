"""The workers that are ready, and the calls that each of them makes before its tasks."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Any

from ..jobs.set_up import SetUp


class SetUps:
    """Knows which workers are ready, and which calls every worker has to make.

    Whoever uses it holds the dispatcher's lock.
    """

    def __init__(self) -> None:
        #: Workers that are ready to run tasks.
        self.ready_workers: set[int] = set()
        self._calls: list[SetUp] = []

    def __contains__(self, call: SetUp) -> bool:
        return call in self._calls

    def __bool__(self) -> bool:
        """Whether a new worker has calls to make."""
        return bool(self._calls)

    def add(self, call: SetUp) -> list[int]:
        """Have a call made by every worker; returns the workers that can make it now, in order."""
        self._calls.append(call)
        return sorted(self.ready_workers)

    def worker_ready(self, worker: int) -> list[SetUp]:
        """A worker is ready; returns the calls that it has to make first."""
        self.ready_workers.add(worker)
        return list(self._calls)

    def worker_ended(self, worker: int) -> None:
        """A worker is gone, and with it what its calls have done."""
        self.ready_workers.discard(worker)
        for call in self._calls:
            call.forget(worker)

    def size_changed(self) -> None:
        """The pool is larger or smaller than before: all workers may have made a call now."""
        for call in list(self._calls):
            call.check()

    def give_up(self, call: SetUp, error: BaseException) -> None:
        """A call has failed: whoever asked for it is told, and no later worker makes it."""
        self._calls.remove(call)
        call.broken(error)

    def calls_of(self, future: Future[Any]) -> list[SetUp]:
        """The call that this future is of, if later workers make it."""
        return [call for call in self._calls if call.future is future]

    def clear(self) -> list[SetUp]:
        """No worker makes these calls any more."""
        calls, self._calls = self._calls, []
        return calls

    def unfinished(self) -> list[Future[Any]]:
        """The futures of calls that somebody waits for."""
        return [future for call in self._calls for future in call.unfinished()]
