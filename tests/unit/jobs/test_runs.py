"""Items that run again, and which of their outcomes count."""

from __future__ import annotations

import gc
import weakref
from concurrent.futures import Future

from jupyterlite_pool.jobs.job import MapJob
from jupyterlite_pool.jobs.runs import Runs
from jupyterlite_pool.jobs.tasks import Outcome

from .by_hand import (
    error_of,
    fail,
    failed_in_the_middle,
    finish,
    finish_all,
    job_of,
)


def ran_again(first: MapJob, again: MapJob, *items: int) -> Runs:
    """A job and its second run, in which `items` run again."""
    runs = Runs(first)
    runs.add(again, items)
    return runs


def test_items_that_run_again_end_in_their_old_places() -> None:
    again = job_of([2, 3, 4])
    runs = ran_again(failed_in_the_middle(), again, 1, 2, 3)
    assert runs.active
    finish_all(again)
    assert runs.values == {0: 2, 1: 4, 2: 6, 3: 8}
    assert (runs.failures, set(runs.cancelled), runs.active) == ({}, set(), False)


def test_items_that_ended_before_the_run_was_added_count() -> None:
    again = job_of([2, 3, 4])
    finish_all(again)
    runs = ran_again(failed_in_the_middle(), again, 1, 2, 3)
    assert runs.values == {0: 2, 1: 4, 2: 6, 3: 8}


def test_an_item_that_fails_again_is_a_failure() -> None:
    again = job_of([2, 3, 4])
    runs = ran_again(failed_in_the_middle(), again, 1, 2, 3)
    error = ValueError("again")
    fail(again, again.take(1)[0], error)
    assert runs.failures == {1: error}
    assert set(runs.cancelled) == {2, 3}
    assert error_of(runs.last.settled) is error


def test_an_old_failure_counts_until_its_item_has_ended_again() -> None:
    first = failed_in_the_middle()
    again = job_of([2, 3, 4])
    runs = ran_again(first, again, 1, 2, 3)
    assert runs.failures == first.outcomes.failures
    assert set(runs.cancelled) == {2, 3}
    waiting = runs.arrival(1)
    assert not waiting.done()  # whoever asks for its value gets the new one
    finish(again, *again.take(1))
    assert waiting.result(0) is True
    assert runs.failures == {}
    assert runs.values == {0: 2, 1: 4}


def test_a_wait_for_an_item_that_runs_again_ends_with_it() -> None:
    again = job_of([2, 3, 4], chunksize=3)
    runs = ran_again(failed_in_the_middle(), again, 1, 2, 3)
    arrival, last = runs.arrival(3), runs.arrival(2)
    first, second, third = again.take(1)
    finish(again, third)
    assert arrival.result(0) is True
    again.discard([second])
    finish(again, first)
    finish_all(again)
    assert last.result(0) is False


def test_abort_cancels_the_last_run() -> None:
    again = job_of([2, 3, 4])
    runs = ran_again(failed_in_the_middle(), again, 1, 2, 3)
    runs.abort()
    assert again.stopping
    assert again.take(1) == []
    assert not runs.active


def test_a_run_ends_by_itself_though_an_item_of_the_one_before_still_runs() -> None:
    job = job_of([1, 2, 3], chunksize=2)
    failing, running = job.take(1)
    fail(job, failing, KeyError("k"))
    again = job_of([1, 3])
    runs = ran_again(job, again, 0, 2)
    finish_all(again)
    assert again.settled.done()
    assert runs.active
    finish(job, running)
    assert not runs.active
    assert runs.values == {0: 2, 1: 4, 2: 6}


def test_an_item_that_still_runs_counts_although_others_run_again() -> None:
    job = job_of([1, 2, 3], chunksize=2)
    failing, running = job.take(1)
    fail(job, failing, KeyError("k"))
    again = job_of([1, 3])
    runs = ran_again(job, again, 0, 2)
    finish(job, running)
    assert job.ended.done()
    assert runs.active
    assert not runs.last.settled.done()
    finish_all(again)
    assert runs.values == {0: 2, 1: 4, 2: 6}
    assert not runs.active


def test_completed_items_come_from_all_runs_also_from_later_ones() -> None:
    runs = Runs(failed_in_the_middle())
    early = runs.completed()
    assert [early.look(), early.look(), early.look()] == [0, 1, None]
    again = job_of([2, 3, 4], chunksize=3)
    runs.add(again, [1, 2, 3])
    first, second, third = again.take(1)
    waiting = early.look()
    assert isinstance(waiting, Future)
    finish(again, third)
    assert waiting.done()
    assert early.look() == 3
    late = runs.completed()
    finish(again, first, second)
    finish_all(again)
    assert [early.look(), early.look()] == [2, None]  # item 1 was given already
    assert [late.look() for _ in range(5)] == [0, 1, 3, 2, None]


def test_the_arguments_of_items_that_ran_again_can_be_had_for_a_third_run() -> None:
    job = failed_in_the_middle()
    again = job_of([2, 3, 4])
    runs = ran_again(job, again, 1, 2, 3)
    finish(again, *again.take(1))
    fail(again, again.take(1)[0], KeyError("k"))
    assert runs.inputs([2, 3]) == [(3,), (4,)]
    third = job_of([3, 4])
    runs.add(third, [2, 3])
    finish_all(third)
    assert runs.values == {0: 2, 1: 4, 2: 6, 3: 8}
    assert not runs.failures


def test_the_arguments_of_an_item_that_has_a_value_now_are_let_go() -> None:
    class Large:
        pass

    job = job_of([Large()])
    [task] = job.take(1)
    kept = weakref.ref(task.args[0])
    fail(job, task, KeyError("k"))
    del task
    again = job_of(Runs(job).inputs([0])[0])
    runs = ran_again(job, again, 0)
    again.finish(again.take(1)[0], Outcome(0, 1.0, value=1))
    gc.collect()
    assert kept() is not None
    finish_all(again)
    gc.collect()
    assert kept() is None
    assert runs.values == {0: 1}
