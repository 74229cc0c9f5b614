"""The sizes of batches."""

from __future__ import annotations

import pytest

from jupyterlite_pool.jobs.chunks import (
    BRIEF_SECONDS,
    GROWTH,
    LONGEST_SECONDS,
    MOST_JOINED,
    MOST_UNKNOWN,
    TARGET_SECONDS,
    WEIGHT,
    ChunkSizer,
)


def measured(seconds: float) -> ChunkSizer:
    sizer = ChunkSizer()
    sizer.observe(seconds, 1)
    return sizer


def test_the_first_batches_are_single_tasks_so_that_every_worker_gets_one() -> None:
    sizer = ChunkSizer()
    assert [sizer.next(4, 1000) for _ in range(4)] == [1, 1, 1, 1]


def test_a_fixed_size_is_kept_whatever_the_tasks_take() -> None:
    sizer = ChunkSizer(7)
    assert sizer.next(4, 3) == 7
    sizer.observe(10.0, 1)
    assert sizer.next(4, 3) == 7


def test_where_a_batch_costs_more_it_is_longer() -> None:
    sizer = ChunkSizer(seconds=10 * TARGET_SECONDS)
    sizer.observe(TARGET_SECONDS, 1)
    assert [sizer.next(1, None) for _ in range(3)] == [8, 10, 10]
    assert sizer.ahead(1, 1000) == measured(TARGET_SECONDS).ahead(1, 1000)  # long enough by itself


def test_batches_of_short_tasks_grow_step_by_step() -> None:
    sizer = measured(TARGET_SECONDS / 1000)
    sizes = [sizer.next(1, None) for _ in range(5)]
    assert sizes == [GROWTH, GROWTH**2, GROWTH**3, 1000, 1000]


def test_tasks_longer_than_the_target_travel_alone() -> None:
    assert measured(10 * TARGET_SECONDS).next(2, 1000) == 1


def test_a_task_that_takes_no_time_at_all_is_no_problem() -> None:
    assert measured(0.0).next(2, None) == GROWTH


@pytest.mark.parametrize(("remaining", "size"), [(100, 8), (16, 4), (3, 1), (0, 1)])
def test_batches_shrink_near_the_end(remaining: int, size: int) -> None:
    assert measured(TARGET_SECONDS / 1000).next(2, remaining) == size


def test_the_size_follows_tasks_that_become_slower() -> None:
    sizer = measured(TARGET_SECONDS / 100)
    before = [sizer.next(1, None) for _ in range(3)][-1]
    assert before == 100
    sizer.observe(TARGET_SECONDS / 10, 1)
    mean = TARGET_SECONDS * (1 / 100 + WEIGHT * (1 / 10 - 1 / 100))
    assert sizer.next(1, None) == int(TARGET_SECONDS / mean)


def test_many_tasks_measured_together_count_by_their_mean() -> None:
    sizer = ChunkSizer()
    sizer.observe(TARGET_SECONDS, 4)
    assert sizer.next(1, None) == 4


def test_batches_of_a_fixed_size_are_brief_once_they_were_seen_to_be() -> None:
    sizer = ChunkSizer(10)
    assert not sizer.brief
    sizer.observe(BRIEF_SECONDS / 10, 1)
    assert sizer.brief
    sizer.observe(1.0, 1)
    assert not sizer.brief


def test_batches_of_a_fixed_size_are_joined_while_they_end_at_once() -> None:
    sizer = ChunkSizer(3)
    assert sizer.next(2, 10_000, joins=True) == 3  # nobody knows yet
    sizer.observe(BRIEF_SECONDS / 15, 1)
    assert sizer.next(2, None, joins=True) == sizer.ahead(2, 10_000, joins=True) == 5 * 3
    assert sizer.next(2, None) == sizer.ahead(2, 10_000) == 3  # if nobody wants that
    sizer.observe(0.0, 1000)
    assert sizer.next(2, None, joins=True) == MOST_JOINED * 3
    sizer.observe(1.0, 1)
    assert sizer.next(2, None, joins=True) == 3


@pytest.mark.parametrize(("remaining", "size"), [(10_000, 16), (40, 10), (7, 1), (0, 1)])
def test_fewer_are_joined_near_the_end(remaining: int, size: int) -> None:
    sizer = ChunkSizer(1)
    sizer.observe(0.0, 1)
    assert sizer.next(2, remaining, joins=True) == size


def test_what_is_to_travel_alone_does() -> None:
    sizer = ChunkSizer(1, alone=True)
    sizer.observe(0.0, 1)
    assert sizer.next(2, None, joins=True) == sizer.ahead(2, 10_000, joins=True) == 1
    assert not sizer.brief  # nor does it wait at a worker behind another


def test_joined_batches_that_turn_out_to_be_long_are_too_long() -> None:
    sizer = ChunkSizer(3)
    assert sizer.is_too_long(6, TARGET_SECONDS / 3)
    assert not sizer.is_too_long(6, TARGET_SECONDS / 7)
    assert not sizer.is_too_long(3, 100.0), "the user wants it so"
    assert not ChunkSizer().is_too_long(1, 100.0)
    assert ChunkSizer().is_too_long(2, 1.01)


def test_batches_whose_size_adapts_are_never_brief() -> None:
    assert not measured(0.0).brief


def cut(sizer: ChunkSizer, workers: int, tasks: int) -> list[int]:
    """The sizes of all batches that are sent ahead."""
    sizes = []
    while tasks > 0:
        size = min(sizer.ahead(workers, tasks), tasks)
        sizes.append(size)
        tasks -= size
    return sizes


def test_ahead_of_measurements_batches_are_few_and_shrink_to_one() -> None:
    sizes = cut(ChunkSizer(), 2, 1_000_000)
    assert sizes[0] == MOST_UNKNOWN
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-1] == 1
    assert cut(ChunkSizer(), 2, 40)[2:] == [1] * 38


def test_ahead_no_batch_takes_long_and_none_takes_little_without_need() -> None:
    second = measured(1.0)
    assert set(cut(second, 2, 500)) == {1}
    brief = cut(measured(TARGET_SECONDS / 100), 2, 100_000)
    assert brief[0] == LONGEST_SECONDS / TARGET_SECONDS * 100
    assert brief[len(brief) // 2] >= 100
    assert cut(ChunkSizer(7), 2, 21) == [7, 7, 7]
