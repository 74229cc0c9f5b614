"""The last result that failed or runs, and what is remembered of the last jobs."""

from __future__ import annotations

import concurrent.futures
import gc
import weakref
from typing import Any

import pytest

from jupyterlite_pool import last_result
from jupyterlite_pool.api.history import REMEMBERED, History
from jupyterlite_pool.api.map_result import MapResult
from jupyterlite_pool.api.pool_map import pool_map
from jupyterlite_pool.tracebacks import notes_of
from tests.support.gate import GATE, wait_at_the_gate
from tests.support.settled import callbacks_have_run

pytestmark = pytest.mark.usefixtures("pool")


def invert(x: int) -> float:
    return 1 / x


def fail() -> MapResult[float]:
    """A result whose second item has failed."""
    with pytest.raises(ZeroDivisionError) as caught:
        pool_map(invert, [1, 0, 2, 4], progress=False)
    result: MapResult[float] = vars(caught.value)["map_result"]
    end(result)
    return result


def end(result: MapResult[Any]) -> None:
    for run in result._runs.all:
        concurrent.futures.wait([run.ended], 10)
    callbacks_have_run()


def test_an_error_names_what_gives_its_result(history: History) -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        pool_map(invert, [1, 0, 2, 4], max_workers=1, chunksize=1, progress=False)
    note = notes_of(caught.value)[-1]
    assert note == (
        "1 item finished and is kept in `jupyterlite_pool.last_result()`; "
        "after a correction, its `retry_failed(fn=…)` runs the others"
    )
    assert last_result() is vars(caught.value)["map_result"]
    end(last_result())
    assert last_result().retry_failed(fn=lambda x: -x, progress=False) == [1.0, 0, -2, -4]


def test_without_failures_there_is_none(history: History) -> None:
    end(pool_map(invert, [1], progress=False))
    with pytest.raises(LookupError, match="no job of `pool_map` runs, and none has failed"):
        last_result()


def test_a_running_job_comes_before_one_that_failed(history: History) -> None:
    failed = fail()
    running = pool_map(wait_at_the_gate, [1], block=False, progress=False)
    assert last_result() is running
    GATE.set()
    assert running.wait() == [1]
    end(running)
    assert last_result() is failed


def test_returned_exceptions_are_failures(history: History) -> None:
    result = pool_map(invert, [0], return_exceptions=True, progress=False)
    end(result)
    assert last_result() is result


def test_a_job_that_was_stopped_is_kept(history: History) -> None:
    result = pool_map(wait_at_the_gate, [1], block=False, progress=False)
    result.cancel(running=True)
    end(result)
    assert last_result() is result


def test_a_job_that_was_retried_with_success_is_let_go(history: History) -> None:
    failed = fail()
    failed.retry_failed(fn=lambda x: x, progress=False)
    end(failed)
    with pytest.raises(LookupError):
        last_result()


def test_only_the_last_failure_is_kept(history: History) -> None:
    first = weakref.ref(fail())
    second = weakref.ref(fail())
    gc.collect()
    assert first() is None
    assert last_result() is second()


def test_the_last_jobs_are_remembered_with_their_numbers(history: History) -> None:
    numbers = []
    for x in range(REMEMBERED + 3):
        result = pool_map(invert, [x + 1], label=f"job of {x}", progress=False)
        end(result)
        numbers.append(result._job.number)
    entries = history.entries()
    assert [entry.number for entry in entries] == numbers[-REMEMBERED:]
    assert entries[-1].progress.label == f"job of {REMEMBERED + 2}"
    assert entries[-1].progress.phase == "done"
    assert entries[-1].progress.done == entries[-1].progress.total == 1
    assert entries[-1].result is result
    del result
    gc.collect()
    assert [entry.result for entry in entries] == [None] * REMEMBERED


def test_a_failure_stays_though_many_jobs_come_after_it(history: History) -> None:
    failed = weakref.ref(fail())
    for _ in range(REMEMBERED + 3):
        end(pool_map(invert, [1], progress=False))
    gc.collect()
    assert failed() is not None
    assert last_result() is failed()


def test_an_entry_counts_the_items_that_ran_again(history: History) -> None:
    failed = fail()
    [entry] = history.entries()
    assert (entry.progress.phase, entry.progress.failed) == ("failed", 1)
    failed.retry_failed(fn=wait_at_the_gate, block=False, progress=False)
    assert entry.ended is None
    assert entry.progress.phase not in ("done", "failed")
    GATE.set()
    failed.wait()
    end(failed)
    assert entry.number == failed._job.number
    assert (entry.progress.phase, entry.progress.done) == ("done", 4)


def test_a_job_inside_a_task_is_none_of_the_notebooks(history: History) -> None:
    def fail_inside(x: int) -> list[float]:
        from jupyterlite_pool import pool_map

        return list(pool_map(lambda y: 1 / y, [1, x]))

    with pytest.raises(ZeroDivisionError) as caught:
        pool_map(fail_inside, [0], progress=False)
    assert sum("last_result" in note for note in notes_of(caught.value)) == 1
    assert len(history.entries()) == 1


def test_all_jobs_can_be_forgotten(history: History) -> None:
    failed = weakref.ref(fail())
    history.forget()
    gc.collect()
    assert failed() is None
    assert history.entries() == []
    assert repr(history.shown()) == "no job was started so far"
