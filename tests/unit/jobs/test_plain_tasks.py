"""Tasks that are made only when somebody looks at them."""

from __future__ import annotations

import random

import pytest

from jupyterlite_pool.jobs.items import FEWEST_AT_ONCE
from jupyterlite_pool.jobs.job import MapJob
from jupyterlite_pool.jobs.options import MapOptions
from jupyterlite_pool.jobs.plain_tasks import PlainTasks, TakenTasks
from jupyterlite_pool.jobs.tasks import Held, Outcome, Task
from jupyterlite_pool.wire.calls import AS_THEY_ARE

HELD = Held("f")


def run_of(first: int, count: int, seed: int | None = None) -> PlainTasks:
    return PlainTasks(first, [(10 * number,) for number in range(count)], HELD, seed, "cell")


def test_a_task_has_what_it_would_have_by_itself() -> None:
    run = run_of(5, 4, seed=3)
    task = run[2]
    assert (task.index, task.held, task.call, task.args) == (7, HELD, AS_THEY_ARE, (20,))
    assert (task.seed, task.cell, task.attempt, task.first) == ((3, 7), "cell", 1, False)
    assert [each.index for each in run] == [5, 6, 7, 8]
    assert run.seeds == [(3, 5), (3, 6), (3, 7), (3, 8)]


def test_a_part_knows_its_own_tasks_alone() -> None:
    part = run_of(5, 10)[3:8][1:]
    assert isinstance(part, PlainTasks)
    assert part.indices == range(9, 13)
    assert part.calls == [(40,), (50,), (60,), (70,)]
    assert [task.args for task in part] == part.calls
    assert part[-1].index == 12
    assert len(part[3:2]) == 0
    with pytest.raises(IndexError):
        part[4]


def test_tasks_that_were_looked_at_stay_the_same() -> None:
    run = run_of(0, 5)
    for task in run:
        task.retry()
    assert [task.attempt for task in run] == [2] * 5
    assert [task.attempt for task in run[1:3]] == [2, 2]
    assert run[0] is next(iter(run))


def test_what_was_taken_and_has_not_ended_is_known() -> None:
    rng = random.Random(1)
    taken, expected = TakenTasks(), set[int]()
    assert not taken
    first = 0
    for _ in range(300):
        if rng.random() < 0.2:
            count = rng.randrange(1, 30)
            taken.add_run(run_of(first, count))
            expected.update(range(first, first + count))
            first += count
        elif rng.random() < 0.3:
            taken.add(Task(first, HELD, AS_THEY_ARE))
            expected.add(first)
            first += 1
        elif expected:
            gone = rng.choice(sorted(expected))
            taken.remove(gone)
            expected.remove(gone)
        assert sorted(taken) == sorted(expected)
        assert sorted(task.index for task in taken.tasks()) == sorted(expected)
        assert bool(taken) == bool(expected)
        some = rng.randrange(first + 2)
        found = taken.get(some)
        assert (found is not None) == (some in expected)
        assert found is None or found.index == some


def test_a_job_makes_no_task_of_many_small_items_and_loses_none() -> None:
    job = MapJob(abs, [range(100)], MapOptions(chunksize=40), held=HELD)
    batches = [job.take(2) for _ in range(3)]
    assert [type(batch) for batch in batches] == [PlainTasks] * 3
    assert [len(batch) for batch in batches] == [40, 40, 20]
    job.put_back(batches[1][10:])  # as when its worker was lost
    job.finish_all(batches[1][:10], 0, list(range(40, 50)), [0.1] * 10)
    job.finish(batches[2][0], Outcome(1, 0.1, 80))
    job.finish_all(batches[2][1:], 1, list(range(81, 100)), [0.1] * 19)
    job.finish_all(batches[0], 0, list(range(40)), [0.1] * 40)
    again = job.take(2)
    assert [task.index for task in again] == list(range(50, 80))[: len(again)]
    while again:
        job.finish_all(again, 0, [task.args[0] for task in again], [0.1] * len(again))
        again = job.take(2)
    assert job.ended.done()
    assert job.outcomes.values == {number: number for number in range(100)}
    assert len(job.outcomes.timings.by_item()) == 100


def test_few_items_are_tasks_at_once() -> None:
    job = MapJob(abs, [range(100)], MapOptions(chunksize=FEWEST_AT_ONCE - 1), held=HELD)
    assert isinstance(job.take(2), list)
