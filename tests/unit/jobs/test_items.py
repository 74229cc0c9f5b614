"""Items of a job are read when there is room for them, and can be had again after a failure."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from jupyterlite_pool.jobs.job import MapJob
from jupyterlite_pool.jobs.options import MapOptions
from jupyterlite_pool.wire.calls import AS_THEY_ARE

from .by_hand import (
    Counted,
    double,
    error_of,
    finish,
    finish_all,
    indices,
    job_of,
    notes,
)


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
    assert not job.settled.done()  # the item before the error still runs
    finish(job, *first)
    error = error_of(job.settled)
    assert isinstance(error, KeyError)
    assert notes(error) == ["raised by the iterable when item 1 was asked for"]
    assert not job.active
    assert job.outcomes.values == {0: 2}


def test_an_iterable_that_is_interrupted_ends_the_job_at_once() -> None:
    stopped: list[MapJob] = []

    def items() -> Iterator[int]:
        yield 1
        raise KeyboardInterrupt

    job = MapJob(double, [items()], MapOptions(chunksize=1), stop=stopped.append)
    job.take(2)
    assert job.take(2) == []
    assert isinstance(error_of(job.settled), KeyboardInterrupt)
    assert stopped == [job]


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


def test_what_was_put_back_is_taken_first_and_in_order() -> None:
    job = job_of([1, 2, 3, 4], chunksize=2)
    tasks = job.take(2)
    job.put_back(tasks)
    assert indices(job.take(2)) == [0, 1]
    assert indices(job.take(2)) == [2, 3]


def test_items_with_a_time_limit_travel_alone() -> None:
    job = job_of(range(100), chunksize=10, task_timeout=1.0)
    assert len(job.take(2)) == 1


def test_seeded_items_carry_the_seed_and_their_own_place() -> None:
    job = job_of([1, 2], seed=9, chunksize=2)
    assert [task.seed for task in job.take(2)] == [(9, 0), (9, 1)]


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


@pytest.mark.parametrize("items", [range(3), iter(range(3)), [[1], [2], [3]]])
def test_the_tasks_of_all_items_show_their_output_in_the_cell_of_the_job(items: Any) -> None:
    job = MapJob(len, [items], MapOptions(chunksize=3), cell="this cell")
    assert [task.cell for task in job.take(1)] == ["this cell"] * 3


class Slow(Sequence[int]):
    """A sequence of many items, which lists those that were read."""

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
