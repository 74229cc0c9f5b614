"""What a pool remembers of what its workers did."""

from __future__ import annotations

from concurrent.futures import CancelledError
from types import SimpleNamespace
from typing import Any

import pytest

from jupyterlite_pool.dispatch.pool import work_of
from jupyterlite_pool.errors import TerminatedWorkerError
from jupyterlite_pool.jobs.call_queue import CallQueue
from jupyterlite_pool.jobs.tasks import Held, Outcome, Task
from jupyterlite_pool.jobs.work_log import (
    MOST_ENDED,
    MOST_STRETCHES,
    Kind,
    State,
    Stretch,
    Work,
    WorkLog,
)
from jupyterlite_pool.waiting.futures import PoolFuture
from jupyterlite_pool.wire.calls import AS_THEY_ARE

from .by_hand import fail, finish, job_of

F = Work(1, "f")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that a test sets."""
    now = [100.0]
    time = SimpleNamespace(monotonic=lambda: now[0])
    monkeypatch.setattr("jupyterlite_pool.jobs.work_log.time", time)
    return now


def facts(log: WorkLog) -> list[tuple[Any, ...]]:
    return [(each.worker, each.kind, each.state, [*each.items]) for each in log.since(0)]


def test_whoever_has_seen_stretches_can_ask_for_the_others() -> None:
    log = WorkLog()
    for item in range(3):
        log.add(0, F, State.DONE, [item], [0.5])
    assert log.next == 3
    assert [[*each.items] for each in log.since(1)] == [[1], [2]]
    assert log.since(3) == []


def test_only_the_last_tasks_are_remembered() -> None:
    log = WorkLog(most=10)
    for first in range(0, 40, 4):
        log.add(0, F, State.DONE, range(first, first + 4), [0.1] * 4)
    assert [each.items[0] for each in log.since(0)] == [32, 36]
    assert (log.forgotten, log.forgotten_tasks, log.next) == (8, 32, 10)
    assert [each.items[0] for each in log.since(9)] == [36]
    log.add(0, F, State.DONE, range(100), [0.1] * 100)
    assert [len(each.items) for each in log.since(0)] == [100], "the last one is always there"


def test_many_single_calls_are_not_all_remembered() -> None:
    log = WorkLog()
    for item in range(MOST_STRETCHES + 7):
        log.add(0, F, State.DONE, [item], [0.5])
    assert len(log.since(0)) == MOST_STRETCHES
    assert (log.forgotten, log.forgotten_tasks, log.next) == (7, 7, MOST_STRETCHES + 7)


def test_a_worker_starts_from_when_it_was_asked_for(clock: list[float]) -> None:
    log = WorkLog()
    clock[0] = 102.0
    log.ready(0)
    assert log.since(0) == [
        Stretch(102.0, 0, None, Kind.STARTING, State.DONE, [0], [pytest.approx(2.0)])  # type: ignore[list-item]
    ]
    clock[0] = 110.0
    log.ended(0, replaced=True)
    clock[0] = 111.0
    log.ready(1)
    [last] = log.since(1)
    assert (last.worker, [*last.seconds]) == (1, [1.0])
    assert {number: [*life] for number, life in log.lives.items()} == {
        0: [102.0, 110.0],
        1: [111.0, None],
    }


def test_a_worker_that_comes_long_after_idle_ones_went_has_not_started_for_so_long(
    clock: list[float],
) -> None:
    log = WorkLog()
    log.ready(0)
    log.ended(0, replaced=False)
    assert log.asked_at is None
    clock[0] = 900.0
    log.asks()
    clock[0] = 901.0
    log.ready(1)
    assert [*log.since(1)[0].seconds] == [1.0]


def test_workers_that_have_ended_are_forgotten_in_the_end() -> None:
    log = WorkLog()
    for worker in range(2 * MOST_ENDED):
        log.ready(worker)
        if worker:
            log.ended(worker, replaced=True)
    assert len(log.lives) == MOST_ENDED + 1
    assert 0 in log.lives, "it lives"


def test_packages_get_to_a_worker_for_a_time(clock: list[float]) -> None:
    log = WorkLog()
    log.prepares(3, True)
    assert log.preparing == {3: 100.0}
    clock[0] = 104.0
    log.prepares(3, False)
    log.prepares(3, False)
    assert facts(log) == [(3, Kind.PREPARING, State.DONE, [0])]
    assert [*log.since(0)[0].seconds] == [4.0]
    assert (log.preparing, log.prepared_at) == ({}, {3: 104.0})


def test_a_job_notes_what_became_of_its_items() -> None:
    log = WorkLog()
    job = job_of([1, 2, 3, 4], return_exceptions=True, chunksize=4)
    job.outcomes.timings.log_in(log, work_of(job))
    done, failed, stopped, _ = job.take(4)
    finish(job, done)
    fail(job, failed, KeyError("k"))
    job.abort(CancelledError())
    job.finish(stopped, Outcome(1, 2.5, error=TerminatedWorkerError("stopped", started=True)))
    assert facts(log) == [
        (0, Kind.ITEM, State.DONE, [0]),
        (0, Kind.ITEM, State.FAILED, [1]),
        (1, Kind.ITEM, State.CANCELLED, [2]),
    ]
    assert {each.work for each in log.since(0)} == {Work(job.number, "double")}
    [timing] = job.outcomes.timings.stopped()
    assert (timing.item, timing.worker, timing.seconds, timing.cancelled) == (2, 1, 2.5, True)
    assert 2 not in job.outcomes.timings.by_item()


def test_calls_are_counted_and_named() -> None:
    log = WorkLog()
    calls = CallQueue()
    calls.log_in(log)
    futures = [PoolFuture[int](name="f"), PoolFuture[int](name="g")]
    for future in futures:
        calls.add(Task(0, Held(), AS_THEY_ARE), future)
    first, second = calls.take(1), calls.take(1)
    assert calls.name_of(second[0]) == "g"
    calls.finish_all(first, 0, [1], [0.1])
    calls.finish(second[0], Outcome(1, 0.2, error=KeyError("k")))
    assert [(each.work, each.state, [*each.items]) for each in log.since(0)] == [
        (Work(0, "f"), State.DONE, [0]),
        (Work(0, "g"), State.FAILED, [1]),
    ]


def test_items_of_a_batch_ran_one_after_the_other() -> None:
    job = job_of([1, 2, 3], chunksize=3)
    tasks = job.take(3)
    job.outcomes.timings.started_at -= 10
    job.finish_all(tasks, 0, [2, 4, 6], [1.0, 2.0, 3.0])
    starts = [timing.start for timing in job.outcomes.timings.timeline()]
    assert [later - starts[0] for later in starts] == pytest.approx([0.0, 1.0, 3.0])
