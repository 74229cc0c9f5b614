"""Calls of `submit`, as far as no pool is needed."""

from __future__ import annotations

from typing import Any

import pytest

from jupyterlite_pool.jobs.call_queue import CallQueue
from jupyterlite_pool.jobs.tasks import Held, Outcome, Task
from jupyterlite_pool.waiting.futures import PoolFuture
from jupyterlite_pool.wire.calls import AS_THEY_ARE


@pytest.mark.parametrize("error", [None, ValueError("of the call")])
def test_a_call_that_is_cancelled_in_the_moment_of_its_end_stays_cancelled(
    error: Exception | None,
) -> None:
    calls, task = CallQueue(), Task(0, Held(), AS_THEY_ARE)
    future: PoolFuture[Any] = PoolFuture()

    class Counts:
        """Another thread cancels the call between the look at its future and its result."""

        def add(self, *_: object) -> None: ...
        def runs(self, *_: object) -> None: ...

        def finish(self, *_: object) -> None:
            assert future.withdraw()

    counts: Any = Counts()
    calls.count_with(counts)
    calls.add(task, future)
    calls.started([task])
    calls.finish(task, Outcome(0, 0.1, value=1, error=error))
    assert future.cancelled()
    assert calls.unfinished_count() == 0
