"""A call that every worker makes once."""

from __future__ import annotations

from typing import Any

from jupyterlite_pool.jobs.set_up import SetUp
from jupyterlite_pool.jobs.tasks import Held, Outcome
from jupyterlite_pool.wire.payload import Encoded


class Made:
    """A set-up call for a pool of two workers; lists its failures."""

    def __init__(self) -> None:
        self.size = 2
        self.failures: list[tuple[int | None, BaseException]] = []

        def failed(_: SetUp, worker: int | None, error: BaseException) -> None:
            self.failures.append((worker, error))

        self.call = SetUp(
            Held("f"), Encoded(b"", []), (), lambda: self.size, failed, required=False
        )

    def made(self, worker: int, value: Any) -> None:
        self.call.finish(self.call.task(), Outcome(worker, 0.0, value=value))


def test_it_resolves_when_all_have_made_the_call_in_the_order_of_workers() -> None:
    made = Made()
    made.made(1, "b")
    assert not made.call.future.done()
    made.made(0, "a")
    assert made.call.future.result(0) == ["a", "b"]
    made.made(2, "c")  # a later worker changes nothing
    assert made.call.future.result(0) == ["a", "b"]


def test_a_worker_that_is_gone_does_not_count() -> None:
    made = Made()
    made.made(0, "a")
    made.call.forget(0)
    made.made(1, "b")
    assert not made.call.future.done()
    made.made(2, "c")
    assert made.call.future.result(0) == ["b", "c"]


def test_a_smaller_pool_needs_fewer() -> None:
    made = Made()
    made.made(0, "a")
    made.size = 1
    made.call.check()
    assert made.call.future.result(0) == ["a"]


def test_a_failure_is_told_with_its_worker() -> None:
    made = Made()
    error = ValueError()
    made.call.finish(made.call.task(), Outcome(1, 0.0, error=error))
    assert made.failures == [(1, error)]


def test_a_broken_pool_fails_who_waits() -> None:
    made = Made()
    error = RuntimeError()
    made.call.broken(error)
    made.call.broken(error)  # again, for nothing
    assert made.call.future.exception(0) is error
