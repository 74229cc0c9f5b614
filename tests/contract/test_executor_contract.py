"""The contract of an executor, kept by the simplest engine, and what it means for jobs."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import pytest

from jupyterlite_pool import WorkerPoolExecutor
from jupyterlite_pool.backends.base import Listener, WorkerEnd, WorkerLimits
from jupyterlite_pool.backends.threads import InProcessBackend
from jupyterlite_pool.errors import PoolStartError, TerminatedWorkerError
from jupyterlite_pool.jobs.job import MapJob
from jupyterlite_pool.jobs.options import MapOptions
from tests.contract.engines import NAMES, PROMISES, TELLING, contract_of
from tests.contract.promises import helpers
from tests.support.settled import callbacks_have_run

test_contract = contract_of(NAMES[0])


def test_every_promise_is_found() -> None:
    assert len(PROMISES) > 60
    assert set(PROMISES) > TELLING


def start_batch(executor: WorkerPoolExecutor) -> MapJob:
    """Three items that travel together; the first one runs for a while."""
    items = [[1.0, 0, 0]]
    job = executor._pool.start_job(
        helpers.nap, items, MapOptions(chunksize=3, return_exceptions=True)
    )
    helpers.until(lambda: executor.status().batches_running == 1, executor)
    return job


def test_what_had_not_started_moves_and_what_had_started_does_not(
    executor_factory: Callable[[], WorkerPoolExecutor],
) -> None:
    # Only a worker that says which task it ran lets the others of its batch move.
    with executor_factory() as executor:
        job = start_batch(executor)
        [busy] = [worker.id for worker in executor.status().workers if worker.state == "busy"]
        backend: Any = executor._pool.backend
        backend.end(busy, WorkerEnd("exited", "Python exited", 7, 0))
        job.ended.result()
        [(index, error)] = job.outcomes.failures.items()
        assert index == 0
        assert isinstance(error, TerminatedWorkerError)
        assert (error.reason, error.exit_status, error.started) == ("exited", 7, True)
        assert job.outcomes.values == {1: 0, 2: 0}
        assert busy not in {
            timing.worker for timing in job.outcomes.timings.by_item().values() if timing.item
        }


def test_where_nobody_knows_what_ran_nothing_is_run_again(
    executor_factory: Callable[[], WorkerPoolExecutor],
) -> None:
    with executor_factory() as executor:
        job = start_batch(executor)
        helpers.lose(executor)
        job.ended.result()
        started = [
            getattr(error, "started", "no such error") for error in job.outcomes.failures.values()
        ]
        assert started == [None, None, None]


def test_calls_that_wait_when_no_worker_can_start_fail_also_after_shutdown() -> None:
    executor = WorkerPoolExecutor(backend=Unstarted())
    future = executor.submit(abs, -1)
    executor.shutdown(wait=False)
    executor._pool.listener.on_broken("there is no Python here")
    assert isinstance(future.exception(10), PoolStartError)


def test_what_the_backend_refuses_fails_and_nothing_else() -> None:
    backend = Refusing(2)
    with WorkerPoolExecutor(backend=backend) as executor:
        job = executor._pool.start_job(
            abs, [range(6)], MapOptions(chunksize=1, return_exceptions=True)
        )
        job.ended.result(10)
    assert [type(error) for error in job.outcomes.failures.values()] == [MemoryError]
    assert len(job.outcomes.values) == 5


def test_callbacks_have_run_when_an_executor_has_ended(
    executor_factory: Callable[[], WorkerPoolExecutor],
) -> None:
    seen: list[int] = []

    def see(future: Future[int]) -> None:
        time.sleep(0.1)
        seen.append(future.result())

    with executor_factory() as executor:
        executor.submit(abs, -1).add_done_callback(see)
    assert seen == [1]


def test_a_job_that_cannot_begin_holds_nothing(
    executor_factory: Callable[[], WorkerPoolExecutor],
) -> None:
    with executor_factory() as executor:
        with pytest.raises(ValueError, match="different lengths"):
            executor._pool.start_job(pow, [[1, 2], [1]], MapOptions(strict=True))
        assert not executor._pool.objects._users
        with pytest.raises(ZeroDivisionError):
            executor.run_everywhere(helpers.divide, 1, 0)
        callbacks_have_run(executor)
        assert not executor._pool.objects._users


class Unstarted(InProcessBackend):
    """Never becomes ready."""

    def start(self, listener: Listener, limits: WorkerLimits) -> None:
        pass


class Refusing(InProcessBackend):
    """Takes every batch but the fourth."""

    count = 0

    def submit(self, *batch: Any) -> None:
        self.count += 1
        if self.count == 4:
            raise MemoryError("too large")
        super().submit(*batch)


class Silent(InProcessBackend):
    """Takes batches, and gives them to nobody."""

    def start(self, listener: Listener, limits: WorkerLimits) -> None:
        pass

    def submit(self, batch: int, *rest: Any) -> None:
        pass


def lose_three(end: WorkerEnd, *batches: Any) -> tuple[MapJob, list[int]]:
    """Three items at a worker that ends with `batches`; which of them are tried again."""
    executor = WorkerPoolExecutor(backend=Silent(2))
    tell = executor._pool.listener
    job = executor._pool.start_job(abs, [range(3)], MapOptions(chunksize=1, return_exceptions=True))
    for batch in range(3):
        tell.on_dispatched(0, batch)
    tell.on_worker_ended(0, batches[0], end, *batches[1:])
    again = [
        task.index for task in job.items.taken.tasks() if task.index not in job.outcomes.failures
    ]
    executor.terminate_workers()
    return job, again


def test_what_a_worker_had_not_turned_to_runs_elsewhere() -> None:
    job, again = lose_three(WorkerEnd("exited", "Python exited", 7, 0), 0, [], [1, 2])
    assert [job.outcomes.failures[0].started] == [True]  # type: ignore[attr-defined]
    assert again == [1, 2]


def test_nothing_is_lost_with_a_worker_that_had_turned_to_nothing() -> None:
    job, again = lose_three(WorkerEnd("silent", "it closed itself"), None, [], [0, 1, 2])
    assert not job.outcomes.failures
    assert again == [0, 1, 2]


def test_what_waited_at_a_worker_that_was_stopped_may_have_started() -> None:
    job, again = lose_three(WorkerEnd("protocol", "it sent what is no frame"), 0, [1, 2])
    started = [job.outcomes.failures[index].started for index in range(3)]  # type: ignore[attr-defined]
    assert started == [True, None, None]
    assert again == []
