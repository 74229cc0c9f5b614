"""Calls that every worker makes, and the workers that are ready for them."""

from __future__ import annotations

from typing import Any

from jupyterlite_pool.dispatch.set_ups import SetUps
from jupyterlite_pool.jobs.set_up import SetUp
from jupyterlite_pool.jobs.tasks import Held, Outcome
from jupyterlite_pool.wire.payload import Encoded


def call(size: int = 2, *, required: bool = False) -> SetUp:
    def failed(*_: Any) -> None:
        raise AssertionError("no call fails here")

    return SetUp(Held("f"), Encoded(b"", []), (), lambda: size, failed, required=required)


def test_a_call_goes_to_the_workers_that_are_ready_and_to_those_that_come() -> None:
    set_ups = SetUps()
    for worker in (2, 0):
        assert set_ups.worker_ready(worker) == []
    mine = call()
    assert set_ups.add(mine) == [0, 2]
    assert set_ups.worker_ready(3) == [mine]
    assert set_ups.ready_workers == {0, 2, 3}


def test_what_a_lost_worker_has_done_does_not_count() -> None:
    set_ups, mine = SetUps(), call()
    set_ups.add(mine)
    set_ups.worker_ready(0)
    mine.finish(mine.task(), Outcome(0, 0.0, value="a"))
    set_ups.worker_ended(0)
    assert set_ups.ready_workers == set()
    mine.finish(mine.task(), Outcome(1, 0.0, value="b"))
    assert not mine.future.done()


def test_a_call_that_is_given_up_fails_and_is_not_made_again() -> None:
    set_ups, mine, error = SetUps(), call(), ValueError()
    set_ups.add(mine)
    set_ups.give_up(mine, error)
    assert mine not in set_ups
    assert mine.future.exception(0) is error
    assert set_ups.worker_ready(0) == []


def test_nobody_waits_for_an_initializer() -> None:
    set_ups, asked = SetUps(), call()
    set_ups.add(call(required=True))
    set_ups.add(asked)
    assert set_ups.unfinished() == [asked.future]
    assert len(set_ups.clear()) == 2
    assert set_ups.unfinished() == []
