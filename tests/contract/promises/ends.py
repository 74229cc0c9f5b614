"""The end of a worker, and of an executor."""

import concurrent.futures as cf
import gc
import time
import weakref
from typing import Any

from jupyterlite_pool.jobs.options import MapOptions

from .helpers import Make, forget, lose, nap, raised, until, warm


def contract_nothing_is_taken_after_shutdown(make: Make) -> None:
    executor = make()
    future = executor.submit(nap, 0.2)
    executor.shutdown()
    assert future.done()
    assert future.result() == 0.2
    assert type(raised(lambda: executor.submit(abs, 1))) is RuntimeError
    assert type(raised(lambda: executor.map(abs, [1]))) is RuntimeError
    executor.shutdown()  # again, for nothing


def contract_shutdown_need_not_wait(make: Make) -> None:
    executor = make()
    futures = [executor.submit(nap, 0.2) for _ in range(8)]
    executor.shutdown(wait=False)
    assert not futures[-1].done()
    assert [future.result() for future in futures] == [0.2] * 8


def contract_shutdown_can_cancel_what_waits(make: Make) -> None:
    executor = make()
    futures = [executor.submit(nap, 0.2) for _ in range(20)]
    executor.shutdown(cancel_futures=True)
    pending = cf.wait(futures, timeout=30).not_done
    assert not pending
    cancelled = [future for future in futures if future.cancelled()]
    assert futures[-1] in cancelled
    assert all(future.result() == 0.2 for future in futures if future not in cancelled)


def contract_the_end_of_with_waits(make: Make) -> None:
    with make() as executor:
        futures = [executor.submit(nap, 0.1) for _ in range(5)]
        values = executor.map(nap, [0.1] * 5)
    assert all(future.done() for future in futures)
    assert list(values) == [0.1] * 5


async def contract_the_end_of_async_with_waits(make: Make) -> None:
    async with make() as executor:
        futures = [executor.submit(nap, 0.1) for _ in range(5)]
        job = executor._pool.start_job(nap, [[0.1] * 9])
    assert all(future.done() for future in futures)
    assert len(job.outcomes.values) == 9
    assert type(raised(lambda: executor.submit(abs, 1))) is RuntimeError


def contract_a_lost_worker_fails_what_it_ran_and_nothing_else(make: Make) -> None:
    with make() as executor:
        warm(executor)
        futures = [executor.submit(nap, 0.5) for _ in range(6)]
        until(lambda: executor.status().batches_running == 2, executor)
        lose(executor)
        cf.wait(futures)
        errors = [future.exception() for future in futures]
        lost: Any
        [lost] = [error for error in errors if error is not None]
        assert type(lost).__name__ == "TerminatedWorkerError"
        assert issubclass(type(lost), cf.BrokenExecutor)
        assert (lost.reason, lost.started) == ("terminated", True)
        assert executor.submit(abs, -1).result() == 1  # it goes on


def contract_a_task_that_started_is_not_run_again(make: Make) -> None:
    with make() as executor:
        warm(executor)
        job = executor._pool.start_job(nap, [[0.5] * 4], MapOptions(return_exceptions=True))
        until(lambda: executor.status().batches_running == 2, executor)
        lose(executor)
        job.settled.result()
        [lost] = job.outcomes.failures.values()
        assert type(lost).__name__ == "TerminatedWorkerError"
        assert len(job.outcomes.values) == 3


def contract_terminated_workers_end_everything(make: Make) -> None:
    executor = make()
    futures = [executor.submit(nap, 3) for _ in range(8)]
    cancelled = futures.pop()
    assert cancelled.cancel()
    values = executor.map(nap, [3])
    before = time.monotonic()
    executor.terminate_workers()
    pending = cf.wait([*futures, cancelled], timeout=30).not_done
    assert not pending
    names = {type(future.exception()).__name__ for future in futures}
    assert names == {"TerminatedWorkerError"}
    assert type(raised(lambda: next(values))).__name__ == "TerminatedWorkerError"
    assert time.monotonic() - before < 2.5
    assert isinstance(raised(lambda: executor.submit(abs, 1)), (RuntimeError, cf.BrokenExecutor))


def contract_after_a_call_was_cancelled_the_workers_can_be_terminated(make: Make) -> None:
    executor = make()
    warm(executor)
    futures = [executor.submit(nap, 60) for _ in range(4)]
    until(lambda: executor.status().batches_running == 2, executor)
    # All in one go: the word that a worker is gone has no time to come in.
    assert futures[0].cancel(running=True)
    executor.terminate_workers()
    assert not cf.wait(futures, timeout=30).not_done
    assert futures[0].cancelled()
    names = {type(future.exception()).__name__ for future in futures[1:]}
    assert names == {"TerminatedWorkerError"}


def contract_killed_workers_end_everything_too(make: Make) -> None:
    with make() as executor:
        futures = [executor.submit(nap, 60) for _ in range(3)]
        executor.kill_workers()
        pending = cf.wait(futures, timeout=30).not_done
        assert not pending
        assert all(isinstance(future.exception(), cf.BrokenExecutor) for future in futures)
        executor.kill_workers()  # again, for nothing


def contract_an_executor_that_nobody_holds_stops_when_its_work_is_done(make: Make) -> None:
    executor = make()
    future = executor.submit(nap, 0.1)
    dispatcher = executor._pool.dispatcher
    reference = weakref.ref(executor)
    del executor
    forget(make)
    gc.collect()
    assert reference() is None
    assert dispatcher.closed
    assert future.result() == 0.1
