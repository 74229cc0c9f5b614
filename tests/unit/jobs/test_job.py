"""A job by itself: its tasks are taken and finished by hand."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future
from typing import Any

import pytest

from jupyterlite_pool.errors import PoolStartError, TerminatedWorkerError
from jupyterlite_pool.jobs.job import MapJob
from jupyterlite_pool.jobs.options import MapOptions
from jupyterlite_pool.jobs.tasks import Outcome, Task
from jupyterlite_pool.wire.calls import AS_THEY_ARE


def double(x: int) -> int:
    return 2 * x


def job_of(*iterables: Iterable[Any], **options: Any) -> MapJob:
    return MapJob(double, iterables, MapOptions(**options))


def finish(job: MapJob, *tasks: Task, seconds: float = 1.0) -> None:
    """End tasks as a worker would: with twice their argument."""
    for task in tasks:
        job.finish(task, Outcome(0, seconds, value=2 * task.args[0]))


def fail(job: MapJob, task: Task, error: BaseException) -> None:
    job.finish(task, Outcome(0, 1.0, error=error))


def finish_all(job: MapJob) -> None:
    """End what is left; a job knows of its end when it is asked for more."""
    while tasks := job.take(2):
        finish(job, *tasks)


def indices(tasks: Iterable[Task]) -> list[int]:
    return [task.index for task in tasks]


def error_of(future: Future[Any]) -> BaseException | None:
    assert future.done()
    return future.exception(0)


def notes(error: BaseException) -> list[str]:
    return list(getattr(error, "__notes__", []))


class Counted:
    """An iterable without a length that counts what was read of it."""

    def __init__(self, items: Iterable[int]) -> None:
        self.read = 0
        self._items = iter(items)

    def __iter__(self) -> Iterator[int]:
        for item in self._items:
            self.read += 1
            yield item


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


def test_an_endless_iterable_is_read_only_as_tasks_are_taken() -> None:
    source = Counted(itertools.count())
    job = job_of(source, chunksize=3)
    assert source.read == 0
    assert indices(job.take(2)) == [0, 1, 2]
    assert source.read == 3
    assert job.items.total is None


def test_the_end_of_an_unsized_iterable_gives_the_total() -> None:
    job = job_of(iter([1, 2, 3]), chunksize=2)
    first = job.take(2)
    second = job.take(2)
    assert job.items.total == 3
    finish(job, *first, *second)
    assert not job.active
    assert job.outcomes.values == {0: 2, 1: 4, 2: 6}


def test_an_iterable_that_ends_within_its_first_batch_does_not_end_the_job() -> None:
    job = job_of(iter([1, 2, 3]), chunksize=10)
    tasks = job.take(2)
    assert indices(tasks) == [0, 1, 2]
    assert job.active
    assert not job.settled.done()
    finish(job, *tasks)
    assert not job.active
    assert job.outcomes.values == {0: 2, 1: 4, 2: 6}


def test_the_shortest_iterable_decides() -> None:
    job = job_of([1, 2, 3], [4, 5])
    assert job.items.total == 2
    finish_all(job)
    assert sorted(job.outcomes.values) == [0, 1]


def test_strict_refuses_different_lengths_before_anything_runs() -> None:
    with pytest.raises(ValueError, match=r"different lengths: \[2, 1\]"):
        job_of([1, 2], [3], strict=True)


def test_strict_finds_the_difference_of_unsized_iterables_at_their_end() -> None:
    job = job_of(iter([1, 2]), iter([3]), strict=True)
    first = job.take(2)
    assert job.take(2) == []
    finish(job, *first)
    assert isinstance(error_of(job.settled), ValueError)
    assert not job.active


def test_an_iterable_that_raises_ends_the_job_with_its_error() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise KeyError("mine")

    job = job_of(items())
    first = job.take(2)
    assert job.take(2) == []
    error = error_of(job.settled)
    assert isinstance(error, KeyError)
    assert notes(error) == ["raised by the iterable when item 1 was asked for"]
    assert job.active
    finish(job, *first)
    assert not job.active
    assert job.outcomes.values == {0: 2}


def test_an_arrival_resolves_when_its_item_has_ended() -> None:
    job = job_of([1, 2], chunksize=2)
    first, second = job.take(2)
    arrival = job.arrival(1)
    finish(job, first)
    assert not arrival.done()
    finish(job, second)
    assert arrival.result(0) is True
    assert job.arrival(0).result(0) is True


def test_the_arrival_of_an_item_that_never_comes_is_false() -> None:
    job = job_of(iter([1]))
    arrival = job.arrival(5)
    finish_all(job)
    assert arrival.result(0) is False
    assert job.arrival(6).result(0) is False


def test_the_next_arrival_resolves_for_whatever_ends_next() -> None:
    job = job_of([1, 2], chunksize=2)
    first, second = job.take(2)
    waiting = job.next_arrival()
    finish(job, second)
    assert waiting.done()
    again = job.next_arrival()
    assert not again.done()
    finish(job, first)
    assert again.done()
    finish_all(job)
    assert job.next_arrival().done()


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


@pytest.mark.parametrize("count", [3, 3000])
def test_arguments_that_cannot_be_sent_fail_their_items(count: int) -> None:
    locks = [threading.Lock() for _ in range(count)]
    job = job_of([*locks, 5], return_exceptions=True)
    [task] = job.take(2)
    assert task.index == count
    finish(job, task)
    finish_all(job)
    assert len(job.outcomes.failures) == count
    assert job.outcomes.values == {count: 10}
    assert not job.active


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


def test_what_was_put_back_is_taken_first_and_in_order() -> None:
    job = job_of([1, 2, 3, 4], chunksize=2)
    tasks = job.take(2)
    job.put_back(tasks)
    assert indices(job.take(2)) == [0, 1]
    assert indices(job.take(2)) == [2, 3]


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


def test_items_with_a_time_limit_travel_alone() -> None:
    job = job_of(range(100), chunksize=10, task_timeout=1.0)
    assert len(job.take(2)) == 1


def test_seeded_items_carry_the_seed_and_their_own_place() -> None:
    job = job_of([1, 2], seed=9, chunksize=2)
    assert [task.seed for task in job.take(2)] == [(9, 0), (9, 1)]


def test_running_counts_batches_on_workers() -> None:
    job = job_of([1, 2, 3, 4], chunksize=2)
    job.started()
    job.started()
    job.stopped()
    assert job.running == 1


def test_observers_hear_of_every_item_that_ends() -> None:
    job = job_of([1, 2])
    heard: list[object] = []
    job.item_observers.append(heard.append)
    finish_all(job)
    assert heard == [0, 1]


def test_output_is_kept_by_item() -> None:
    job = job_of([1, 2], chunksize=2)
    first, second = job.take(2)
    job.printed(second, "stdout", "a")
    job.printed(second, "stdout", "b")
    finish(job, first, second)
    assert job.outcomes.output == {1: "ab"}


def failed_in_the_middle() -> MapJob:
    """Item 0 is done, item 1 failed, items 2 and 3 were cancelled."""
    job = job_of([1, 2, 3, 4])
    finish(job, *job.take(1))
    fail(job, job.take(1)[0], KeyError("k"))
    assert not job.active
    return job


def test_adopted_items_end_in_their_old_places() -> None:
    job = failed_in_the_middle()
    again = job_of([2, 3, 4])
    job.adopt(again, [1, 2, 3])
    assert job.active
    finish_all(again)
    assert job.outcomes.values == {0: 2, 1: 4, 2: 6, 3: 8}
    assert (job.outcomes.failures, set(job.outcomes.cancelled), job.active) == ({}, set(), False)


def test_items_that_ended_before_they_were_adopted_count() -> None:
    job = failed_in_the_middle()
    again = job_of([2, 3, 4])
    finish_all(again)
    job.adopt(again, [1, 2, 3])
    assert job.outcomes.values == {0: 2, 1: 4, 2: 6, 3: 8}


def test_an_adopted_item_that_fails_again_is_a_failure() -> None:
    job = failed_in_the_middle()
    again = job_of([2, 3, 4])
    job.adopt(again, [1, 2, 3])
    error = ValueError("again")
    fail(again, again.take(1)[0], error)
    assert job.outcomes.failures == {1: error}
    assert set(job.outcomes.cancelled) == {2, 3}
    assert error_of(job.settled) is error


def test_who_waits_for_an_adopted_item_is_woken() -> None:
    job = failed_in_the_middle()
    again = job_of([2, 3, 4], chunksize=3)
    job.adopt(again, [1, 2, 3])
    arrival, following = job.arrival(3), job.next_arrival()
    first, second, third = again.take(1)
    finish(again, third)
    assert arrival.result(0) is True
    assert following.done()
    last = job.arrival(2)
    again.discard([second])
    finish(again, first)
    finish_all(again)
    assert last.result(0) is False


def test_to_cancel_a_job_cancels_what_it_adopted() -> None:
    job = failed_in_the_middle()
    again = job_of([2, 3, 4])
    job.adopt(again, [1, 2, 3])
    job.cancel()
    assert again.stopping
    assert again.take(1) == []
    assert not job.active


def test_a_wait_that_was_given_up_harms_nobody() -> None:
    job = job_of([1, 2], chunksize=2)
    first, second = job.take(2)
    job.next_arrival().cancel()
    job.arrival(1).cancel()
    finish(job, first)
    again, following = job.arrival(1), job.next_arrival()
    finish(job, second)
    assert again.result(0) is True
    assert following.done()


def test_a_retry_ends_by_itself_though_an_item_of_the_first_run_still_runs() -> None:
    job = job_of([1, 2, 3], chunksize=2)
    first_end = job.ended
    failing, running = job.take(1)
    fail(job, failing, KeyError("k"))
    again = job_of([1, 3])
    job.adopt(again, [0, 2])
    finish(job, running)
    assert first_end.done()
    assert job.active
    assert not job.settled.done()
    finish_all(again)
    assert job.outcomes.values == {0: 2, 1: 4, 2: 6}
    assert not job.active


def test_plain_items_are_read_a_batch_at_a_time_and_others_come_in_their_places() -> None:
    items = [1, 2.5, "x", None, [3], 4, 5]
    job = job_of(items, chunksize=3, return_exceptions=True)
    batches = []
    while tasks := job.take(2):
        batches.append([(task.index, task.args[0], task.call is AS_THEY_ARE) for task in tasks])
    plain = [not isinstance(item, list) for item in items]
    rows = list(zip(range(7), items, plain, strict=True))
    assert batches == [rows[:3], rows[3:6], rows[6:]]


def test_an_iterable_that_runs_code_is_read_item_by_item() -> None:
    items = Counted(range(10))
    job = job_of(items, chunksize=3)
    assert indices(job.take(2)) == [0, 1, 2]
    assert items.read == 3


def test_items_that_were_not_read_when_a_job_is_cancelled_are_cancelled() -> None:
    for items in ([0, 1, 2, 3, 4], [0, 1, [2], 3, 4]):  # plain, and one that is not
        job = job_of(items, chunksize=2)
        first, second = job.take(2)
        if isinstance(items[2], list):
            job.put_back(job.take(2))
        finish(job, first, second)
        job.cancel()
        assert set(job.outcomes.cancelled) == {2, 3, 4}
        assert job.items.inputs([2, 3, 4]) == [(item,) for item in items[2:]]
        assert not job.active


def test_a_list_that_has_become_shorter_ends_the_job() -> None:
    items = [1, 2, 3, 4]
    job = job_of(items, chunksize=2)
    finish(job, *job.take(2))
    del items[3:]
    finish(job, *job.take(2))
    assert job.items.total == 3
    assert job.outcomes.values == {0: 2, 1: 4, 2: 6}
    assert not job.active


def test_values_of_a_batch_are_kept_as_those_of_its_items() -> None:
    heard: list[int] = []
    one, whole = (job_of(range(3), chunksize=3) for _ in range(2))
    for job in (one, whole):
        job.item_observers.append(heard.append)
        second = job.arrival(1)
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


@pytest.mark.parametrize("items", [range(3), iter(range(3)), [[1], [2], [3]]])
def test_the_tasks_of_all_items_show_their_output_in_the_cell_of_the_job(items: Any) -> None:
    job = MapJob(len, [items], MapOptions(chunksize=3), cell="this cell")
    assert [task.cell for task in job.take(1)] == ["this cell"] * 3


class Slow(Sequence[int]):
    """A sequence of many items, which says what was read of it."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.read: list[int] = []

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, index: Any) -> Any:
        if index == 7:
            raise LookupError("item 7 cannot be had")
        self.read.append(index)
        return index


def test_of_items_that_are_cancelled_none_is_read() -> None:
    items = Slow(10**12)
    job = job_of(items, chunksize=2)
    first = job.take(1)
    job.cancel()
    assert items.read == [0, 1]
    finish(job, *first)
    assert not job.active
    assert len(job.outcomes.cancelled) == 10**12 - 2
    assert (2 in job.outcomes.cancelled, 0 in job.outcomes.cancelled) == (True, False)
    assert job.outcomes.first_unfinished() == 10**12
    assert job.outcomes.finished == 10**12


def test_what_was_cancelled_unread_is_read_when_it_is_asked_for() -> None:
    items = Slow(12)
    job = job_of(items, chunksize=2)
    finish(job, *job.take(1))
    job.cancel()
    assert job.items.inputs([3, 2]) == [(3,), (2,)]
    assert items.read == [0, 1, 2, 3]
    with pytest.raises(LookupError, match="item 7"):
        job.items.inputs([8])


def test_what_is_no_longer_there_to_be_read_is_named() -> None:
    items = list(range(10))
    job = job_of(items, chunksize=1)
    finish(job, *job.take(1))
    job.cancel()
    del items[4:]
    assert job.items.inputs([2]) == [(2,)]
    with pytest.raises(IndexError, match="item 5 is not there any more"):
        job.items.inputs([5])
