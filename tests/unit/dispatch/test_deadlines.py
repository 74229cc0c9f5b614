"""A task that exceeds its time limit is asked to stop, then its worker is stopped."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from jupyterlite_pool.dispatch.batch import Batch
from jupyterlite_pool.dispatch.deadlines import Deadlines
from tests.unit.dispatch.stubs import Noting, Source, task


@pytest.fixture(autouse=True)
def _limits_of_one_timer(monkeypatch: pytest.MonkeyPatch) -> None:
    def call_after(
        call_later: Callable[..., Callable[[], None]], seconds: float, action: Callable[[], None]
    ) -> Callable[[], None]:
        return call_later(seconds, action)

    monkeypatch.setattr("jupyterlite_pool.dispatch.deadlines.call_after_beats", call_after)


def begun(backend: Noting, limit: float | None = 10) -> tuple[Deadlines, Batch]:
    """A batch whose task has begun at worker 2."""
    deadlines = Deadlines(backend, threading.RLock())
    batch = Batch(7, Source(limit), [task()], 0, 1)
    deadlines.begin(batch, 2)
    return deadlines, batch


def test_without_a_limit_there_is_no_timer() -> None:
    backend = Noting()
    begun(backend, None)
    assert backend.waiting == []


def test_a_limit_is_set_once() -> None:
    backend = Noting()
    deadlines, batch = begun(backend)
    deadlines.begin(batch, 2)
    assert backend.waiting == [10]


def test_a_worker_that_cannot_be_asked_is_stopped() -> None:
    backend = Noting()
    _, batch = begun(backend)
    backend.let_time_pass()
    assert batch.timed_out
    assert backend.log == [("interrupt", 2, 7), ("kill", 2, 7)]


def test_a_worker_that_does_not_obey_is_stopped_a_little_later() -> None:
    backend = Noting(can_be_asked=True)
    begun(backend)
    backend.let_time_pass()
    assert backend.log == [("interrupt", 2, 7)]
    assert backend.waiting == [0.5]
    backend.let_time_pass()
    assert backend.log[1:] == [("kill", 2, 7)]


def test_a_task_that_has_ended_is_not_stopped() -> None:
    backend = Noting()
    deadlines, batch = begun(backend)
    deadlines.end(batch)
    assert backend.waiting == []
    backend.let_time_pass()
    assert backend.log == []
    assert not batch.timed_out


def test_a_limit_that_ends_with_its_task_stops_nothing() -> None:
    # In threads a timer can go off while a result is being read.
    backend = Noting(timers_can_be_called_off=False)
    deadlines, batch = begun(backend)
    deadlines.end(batch)
    backend.let_time_pass()
    assert backend.log == []
    assert not batch.timed_out
