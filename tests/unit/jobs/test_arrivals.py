"""Waiters and observers are told of the items of a job that end."""

from __future__ import annotations

import gc
from collections.abc import Sequence
from concurrent.futures import Future

from jupyterlite_pool.jobs.arrivals import Completed

from .by_hand import (
    finish,
    finish_all,
    job_of,
)


def test_an_arrival_resolves_when_its_item_has_ended() -> None:
    job = job_of([1, 2], chunksize=2)
    first, second = job.take(2)
    arrival = job.arrivals.of(1)
    finish(job, first)
    assert not arrival.done()
    finish(job, second)
    assert arrival.result(0) is True
    assert job.arrivals.of(0).result(0) is True


def test_the_arrival_of_an_item_that_never_comes_is_false() -> None:
    job = job_of(iter([1]))
    arrival = job.arrivals.of(5)
    finish_all(job)
    assert arrival.result(0) is False
    assert job.arrivals.of(6).result(0) is False


def test_an_arrival_that_was_given_up_harms_nobody() -> None:
    job = job_of([1, 2], chunksize=2)
    first, second = job.take(2)
    job.arrivals.of(1).cancel()
    finish(job, first)
    again = job.arrivals.of(1)
    finish(job, second)
    assert again.result(0) is True


def test_observers_hear_of_every_item_that_ends_and_of_the_end() -> None:
    job = job_of([1, 2])
    heard: list[list[int]] = []
    job.arrivals.observe(lambda indices: heard.append([*indices]))
    finish_all(job)
    assert heard == [[0], [1], []]


def test_an_observer_that_was_removed_hears_nothing() -> None:
    job = job_of([1, 2])
    heard: list[int] = []
    remove = job.arrivals.observe(heard.extend)
    finish(job, *job.take(2))
    remove()
    remove()  # once more does nothing
    finish_all(job)
    assert heard == [0]


def test_an_observer_may_remove_itself_while_others_are_told() -> None:
    job = job_of([1, 2])
    heard: list[int] = []

    def once(indices: Sequence[int]) -> None:
        heard.extend(indices)
        remove()

    remove = job.arrivals.observe(once)
    job.arrivals.observe(heard.extend)
    finish_all(job)
    assert heard == [0, 0, 1]


def given(completed: Completed) -> list[int]:
    """The items that it gives now."""
    found = []
    while isinstance(index := completed.look(), int):
        found.append(index)
    return found


def test_completed_items_are_given_as_they_end_each_once() -> None:
    job = job_of([1, 2, 3], chunksize=3)
    first, second, third = job.take(2)
    finish(job, second)
    completed = Completed(job.arrivals)
    assert given(completed) == [1]
    finish(job, third, first)
    assert given(completed) == [2, 0]
    finish_all(job)
    assert completed.look() is None


def test_a_wait_for_the_next_completed_item_ends_with_any_item() -> None:
    job = job_of([1, 2], chunksize=2)
    first, second = job.take(2)
    completed = Completed(job.arrivals)
    more = completed.look()
    assert isinstance(more, Future)
    assert completed.look() is more
    finish(job, second)
    assert more.done()
    assert given(completed) == [1]
    last = completed.look()
    assert isinstance(last, Future)
    assert not last.done()
    job.discard([first])
    finish_all(job)
    assert last.done()
    assert completed.look() is None


def test_a_wait_for_the_next_completed_item_that_was_given_up_harms_nobody() -> None:
    job = job_of([1, 2], chunksize=2)
    tasks = job.take(2)
    completed = Completed(job.arrivals)
    more = completed.look()
    assert isinstance(more, Future)
    more.cancel()
    again = completed.look()
    assert isinstance(again, Future)
    finish(job, *tasks)
    assert again.result(0) is None
    assert given(completed) == [0, 1]


def test_an_iterator_that_nobody_has_any_more_hears_nothing() -> None:
    job = job_of([1, 2])
    completed = Completed(job.arrivals)
    assert job.arrivals._observers
    del completed
    gc.collect()
    assert not job.arrivals._observers
