"""A task that exceeds its time limit is asked to stop, then its worker is stopped."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from jupyterlite_pool.backends.time_limits import Deadlines


@pytest.fixture(autouse=True)
def _limits_of_one_timer(monkeypatch: pytest.MonkeyPatch) -> None:
    def call_after(
        call_later: Callable[..., Callable[[], None]], seconds: float, action: Callable[[], None]
    ) -> Callable[[], None]:
        return call_later(seconds, action)

    monkeypatch.setattr("jupyterlite_pool.backends.time_limits.call_after_beats", call_after)


class Time:
    """Timers that go off when a test says so, and what was done meanwhile."""

    def __init__(self, *, can_be_asked: bool = False, can_be_called_off: bool = True) -> None:
        self.timers: list[tuple[float, Callable[[], None]]] = []
        self.log: list[str] = []
        self._can_be_asked = can_be_asked
        self._can_be_called_off = can_be_called_off

    @property
    def waiting(self) -> list[float]:
        return [seconds for seconds, _ in self.timers]

    def call_later(self, seconds: float, action: Callable[[], None]) -> Callable[[], None]:
        timer = (seconds, action)
        self.timers.append(timer)

        def call_off() -> None:
            if self._can_be_called_off and timer in self.timers:
                self.timers.remove(timer)

        return call_off

    def pass_by(self) -> None:
        timers, self.timers = self.timers, []
        for _, action in timers:
            action()

    def expire(self) -> bool:
        self.log.append("expired")
        return self._can_be_asked

    def stop(self) -> None:
        self.log.append("stopped")


def begun(time: Time) -> Deadlines:
    """The task of batch 7 has begun."""
    deadlines = Deadlines(time.call_later)
    deadlines.begin(7, 10, time.expire, time.stop)
    return deadlines


def test_a_limit_is_set_once() -> None:
    time = Time()
    begun(time).begin(7, 10, time.expire, time.stop)
    assert time.waiting == [10]


def test_a_worker_that_cannot_be_asked_is_stopped() -> None:
    time = Time()
    begun(time)
    time.pass_by()
    assert time.log == ["expired", "stopped"]


def test_a_worker_that_does_not_obey_is_stopped_a_little_later() -> None:
    time = Time(can_be_asked=True)
    begun(time)
    time.pass_by()
    assert time.log == ["expired"]
    assert time.waiting == [0.5]
    time.pass_by()
    assert time.log == ["expired", "stopped"]


def test_a_task_that_has_ended_is_not_stopped() -> None:
    time = Time()
    begun(time).end(7)
    assert time.waiting == []
    time.pass_by()
    assert time.log == []


def test_a_limit_that_ends_with_its_task_stops_nothing() -> None:
    # In threads a timer can go off while a result is being read.
    time = Time(can_be_called_off=False)
    begun(time).end(7)
    time.pass_by()
    assert time.log == []


def test_a_batch_that_has_no_limit_can_end_too() -> None:
    time = Time()
    begun(time).end(None)
    assert time.waiting == [10]
