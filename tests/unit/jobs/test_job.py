"""A job by itself: its tasks are taken and finished by hand."""

from __future__ import annotations

import itertools

import pytest

from jupyterlite_pool.errors import PoolStartError, TerminatedWorkerError
from jupyterlite_pool.jobs.job import MapJob
from jupyterlite_pool.jobs.options import MapOptions
from jupyterlite_pool.jobs.tasks import Outcome

from .by_hand import (
    Counted,
    double,
    error_of,
    fail,
    finish,
    finish_all,
    job_of,
    notes,
)


def test_values_stand_at_their_items_place_in_whatever_order_they_come() -> None:
    job = job_of([1, 2, 3], chunksize=3)
    tasks = job.take(2)
    finish(job, *reversed(tasks))
    finish_all(job)
    assert job.outcomes.values == {0: 2, 1: 4, 2: 6}
    assert job.settled.done()
    assert job.ended.done()
    assert not job.active


def test_an_empty_job_has_ended_at_once() -> None:
    job = job_of([])
    assert job.settled.done()
    assert job.ended.done()
    assert job.take(2) == []


def test_the_first_failure_settles_the_job_and_starts_nothing_more() -> None:
    woken: list[bool] = []
    options = MapOptions(chunksize=2)
    job = MapJob(double, [[1, 2, 3, 4]], options, wake=lambda: woken.append(True))
    first, second = job.take(2)
    fail(job, first, KeyError("k"))
    assert isinstance(error_of(job.settled), KeyError)
    assert job.stopping
    assert woken
    assert job.active  # the second one still runs
    finish(job, second)
    assert not job.active
    assert (job.outcomes.values, set(job.outcomes.failures), job.outcomes.cancelled) == (
        {1: 4},
        {0},
        {2, 3},
    )
    assert job.items.inputs([2, 3]) == [(3,), (4,)]


def test_a_failure_says_which_item_it_was() -> None:
    job = job_of(["x" * 200, "b"])
    [task] = job.take(1)
    error = ValueError("v")
    fail(job, task, error)
    [note] = notes(error)
    assert note.startswith("item 0 of 2 (args: 'xxx")
    assert note.endswith("worker 0, attempt 1")
    assert len(note) < 120


def test_failures_can_be_collected() -> None:
    job = job_of([1, 2, 3], chunksize=3, return_exceptions=True)
    first, second, third = job.take(2)
    fail(job, first, KeyError("k"))
    assert not job.settled.done()
    finish(job, second, third)
    finish_all(job)
    assert error_of(job.settled) is None
    assert (job.outcomes.values, set(job.outcomes.failures)) == ({1: 4, 2: 6}, {0})


def test_cancel_starts_no_more_items_and_lets_those_that_run_end() -> None:
    job = job_of([1, 2, 3])
    [running] = job.take(2)
    job.cancel()
    assert job.take(2) == []
    assert job.active
    finish(job, running)
    assert not job.active
    assert (job.outcomes.values, job.outcomes.cancelled) == ({0: 2}, {1, 2})


def test_cancel_leaves_an_endless_iterable_alone() -> None:
    source = Counted(itertools.count())
    job = job_of(source)
    tasks = job.take(2)
    job.cancel()
    finish(job, *tasks)
    assert source.read == 1
    assert (job.items.total, job.active) == (1, False)


def test_what_was_put_back_into_a_cancelled_job_is_cancelled() -> None:
    job = job_of([1, 2, 3])
    tasks = job.take(2)
    job.cancel()
    job.put_back(tasks)
    assert not job.active
    assert set(job.outcomes.cancelled) == {0, 1, 2}


def test_discarded_tasks_are_cancelled() -> None:
    job = job_of([1, 2], chunksize=2)
    first, second = job.take(2)
    finish(job, first)
    job.discard([second])
    finish_all(job)
    assert (job.outcomes.values, set(job.outcomes.cancelled), job.active) == ({0: 2}, {1}, False)
    assert job.items.inputs([1]) == [(2,)]


def test_a_broken_pool_settles_the_job_with_its_error() -> None:
    job = job_of([1, 2, 3])
    job.take(2)
    error = TerminatedWorkerError("stopped")
    job.broken(error)
    assert error_of(job.settled) is error
    assert (set(job.outcomes.cancelled), job.active) == ({0, 1, 2}, False)


def test_a_pool_that_cannot_start_leaves_the_job_to_its_takeover() -> None:
    taken_over: list[tuple[MapJob, PoolStartError]] = []
    job = MapJob(double, [[1, 2, 3]], takeover=lambda *what: taken_over.append(what))
    job.take(2)
    error = PoolStartError("no")
    job.broken(error)
    assert taken_over == [(job, error)]
    assert not job.settled.done()
    for task in job.take_all():
        finish(job, task)
    assert job.outcomes.values == {0: 2, 1: 4, 2: 6}
    assert not job.active


def test_a_takeover_is_for_pools_that_never_started() -> None:
    job = MapJob(double, [[1]], takeover=lambda *_: pytest.fail("it was taken over"))
    job.take(2)
    job.broken(TerminatedWorkerError("stopped"))
    assert not job.active


def test_an_initializer_that_raised_is_no_reason_to_take_over() -> None:
    job = MapJob(double, [[1]], takeover=lambda *_: pytest.fail("it was taken over"))
    job.take(2)
    error = PoolStartError("worker 0 could not be set up: LookupError: no data")
    error.__cause__ = LookupError("no data")
    job.broken(error)
    assert job.settled.exception(0) is error


def test_running_counts_batches_on_workers() -> None:
    job = job_of([1, 2, 3, 4], chunksize=2)
    job.started([])
    job.started([])
    job.stopped()
    assert job.running == 1


def test_output_is_kept_by_item() -> None:
    job = job_of([1, 2], chunksize=2)
    first, second = job.take(2)
    job.printed(second, "stdout", "a")
    job.printed(second, "stdout", "b")
    finish(job, first, second)
    assert job.outcomes.output == {1: "ab"}


def test_values_of_a_batch_are_kept_as_those_of_its_items() -> None:
    heard: list[int] = []
    one, whole = (job_of(range(3), chunksize=3) for _ in range(2))
    for job in (one, whole):
        job.arrivals.observe(heard.extend)
        second = job.arrivals.of(1)
        tasks = job.take(1)
        tasks[2].attempt = 2
        job.printed(tasks[1], "stdout", "a")
        job.printed(tasks[1], "stdout", "b")
        if job is one:
            for task in tasks:
                job.finish(task, Outcome(7, 0.25, 2 * task.args[0]))
        else:
            job.finish_all(tasks, 7, [0, 2, 4], [0.25] * 3)
        assert job.outcomes.values == {0: 0, 1: 2, 2: 4}
        assert job.outcomes.output == {1: "ab"}
        timings = [
            (timing.item, timing.worker, timing.seconds)
            for timing in job.outcomes.timings.by_item().values()
        ]
        assert timings == [(index, 7, 0.25) for index in range(3)]
        assert [timing.attempt for timing in job.outcomes.timings.by_item().values()] == [1, 1, 2]
        assert second.result(0) is True
        assert not job.take(1)
        assert not job.active
    assert heard == [0, 1, 2] * 2
