"""What the page is told of pools and jobs."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable

import pytest

from jupyterlite_pool import WorkerPoolExecutor, pool_map
from jupyterlite_pool.api import kernel_state as _kernel_state
from jupyterlite_pool.api.executor import all_executors
from jupyterlite_pool.api.job_log import JobLog, failure_text
from jupyterlite_pool.api.kernel_state import kernel_state
from jupyterlite_pool.backends.threads import InProcessBackend
from jupyterlite_pool.notebook.state import FAILURES, RUNNING, KernelState, as_data
from tests.support.gate import GATE, wait_at_the_gate


@pytest.fixture(autouse=True)
def log(monkeypatch: pytest.MonkeyPatch) -> JobLog:
    """A log of its own, in the place of the kernel's."""
    mine = JobLog()
    observers = [mine.follow]
    monkeypatch.setattr("jupyterlite_pool.dispatch.pool._job_observers", observers)
    monkeypatch.setattr(_kernel_state, "job_log", mine)
    return mine


@pytest.fixture(autouse=True)
def _no_others(pool: WorkerPoolExecutor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only executors of this test are looked at."""
    mine = {id(each) for each in all_executors()} - {id(pool)}
    monkeypatch.setattr(
        _kernel_state,
        "all_executors",
        lambda: [each for each in all_executors() if id(each) not in mine],
    )


def when(condition: Callable[[KernelState], object]) -> KernelState:
    """The first state of which something holds."""
    deadline = time.monotonic() + 10
    while not condition(state := kernel_state()):
        assert time.monotonic() < deadline, state
        time.sleep(0.001)
    return state


def halves(n: int) -> float:
    if n == 3:
        raise ValueError(f"no half of {n}")
    return n / 2


def all_idle(state: KernelState) -> bool:
    return [worker.state for worker in state.pools[0].workers] == ["idle", "idle"]


def test_an_idle_pool_has_workers_and_no_job(pool: WorkerPoolExecutor) -> None:
    state = when(all_idle)
    [executor] = state.pools
    assert (executor.shared, executor.size, executor.problem) == (True, 2, None)
    assert [worker.age for worker in executor.workers] == [0, 0]
    assert state.jobs == []


def test_a_running_job_is_named_with_what_its_workers_run(pool: WorkerPoolExecutor) -> None:
    result = pool_map(wait_at_the_gate, range(6), block=False, label="patience", chunksize=1)
    state = when(
        lambda now: (
            [w.state for w in now.pools[0].workers] == ["busy", "busy"]
            and now.jobs
            and now.jobs[0].running == 2
        )
    )
    [job] = state.jobs
    assert (job.label, job.total, job.active, job.pool) == ("patience", 6, True, state.pools[0].id)
    assert (job.done, job.running, job.phase) == (0, 2, "running")
    works = [worker.runs for worker in state.pools[0].workers]
    assert sorted((w.label, w.job, w.item) for w in works if w) == [
        ("patience", job.number, 0),
        ("patience", job.number, 1),
    ]
    GATE.set()
    result.wait()
    [over] = when(lambda now: not now.jobs[0].active).jobs
    assert (over.number, over.done, over.phase, over.left) == (job.number, 6, "done", None)
    assert all(worker.runs is None for worker in when(all_idle).pools[0].workers)
    assert sum(worker.tasks for worker in kernel_state().pools[0].workers) == 6


def test_failures_are_named_with_arguments_and_keep_their_tracebacks(
    pool: WorkerPoolExecutor, log: JobLog
) -> None:
    pool_map(halves, range(5), return_exceptions=True, progress=False)
    [job] = when(lambda now: now.jobs and not now.jobs[0].active).jobs
    assert (job.phase, job.done, job.failed) == ("done", 4, 1)
    assert job.failures == [(3, "3", "ValueError: no half of 3")]
    text = log.text(job.number, 0)
    assert text is not None
    assert "in halves" in text
    assert log.text(job.number, 1) is None
    assert log.text(job.number + 1, 0) is None


def test_the_failure_of_a_job_that_runs_is_known_too(pool: WorkerPoolExecutor) -> None:
    def fails_or_waits(n: int) -> object:
        return wait_at_the_gate(n) if n else 1 / n

    result = pool_map(fails_or_waits, [0, 1, 2], return_exceptions=True, block=False, chunksize=1)
    when(lambda now: now.jobs[0].failures)
    text = failure_text(result._job, 0)
    assert text is not None
    assert "ZeroDivisionError" in text
    assert failure_text(result._job, 1) is None
    GATE.set()
    result.wait()


def test_a_state_is_small_however_many_items_there_are(pool: WorkerPoolExecutor) -> None:
    result = pool_map(
        halves, [3] * 200 + list(range(99_800)), return_exceptions=True, progress=False
    )
    state = when(lambda now: now.jobs and not now.jobs[0].active)
    assert len(state.jobs[0].failures) == FAILURES
    assert state.jobs[0].failed == 201
    assert len(json.dumps(as_data(state))) < 4000
    started = time.thread_time()
    kernel_state()
    assert time.thread_time() - started < 0.1
    assert len(result) == 100_000


def test_of_many_jobs_the_newest_are_named_and_the_others_counted(
    pool: WorkerPoolExecutor,
) -> None:
    results = [
        pool_map(wait_at_the_gate, [n], block=False, progress=False, label=f"job {n}")
        for n in range(RUNNING + 5)
    ]
    state = when(lambda now: now.jobs)
    assert (len(state.jobs), state.more) == (RUNNING, 5)
    assert state.jobs[0].label == f"job {RUNNING + 4}"
    GATE.set()
    for result in results:
        result.wait()


def test_calls_of_submit_count_as_one_job(pool: WorkerPoolExecutor) -> None:
    futures = [pool.submit(wait_at_the_gate, n) for n in range(5)]
    state = when(lambda now: now.jobs and now.jobs[0].running == 2)
    [calls] = state.jobs
    assert (calls.number, calls.total, calls.done, calls.active) == (0, 5, 0, True)
    assert state.pools[0].workers[0].runs is not None
    assert state.pools[0].workers[0].runs.label == calls.label
    assert futures[4].cancel()
    GATE.set()
    for future in futures[:4]:
        future.result()
    [over] = when(lambda now: not now.jobs[0].active).jobs
    assert (over.done, over.cancelled, over.phase) == (4, 1, "cancelled")
    pool.submit(abs, -1).result()
    [again] = when(lambda now: not now.jobs[0].active and now.jobs[0].total == 1).jobs
    assert (again.label, again.done, again.cancelled) == ("abs", 1, 0)


def test_executors_of_the_notebook_have_their_names(
    pool: WorkerPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = WorkerPoolExecutor(1, backend=InProcessBackend(1))
    names = [each.name for each in kernel_state().pools]
    assert names[1] == f"WorkerPoolExecutor {mine._pool.number}"
    monkeypatch.setattr(sys.modules["__main__"], "mine", mine, raising=False)
    state = kernel_state()
    assert [each.shared for each in state.pools] == [True, False]
    assert state.pools[1].name == "mine"
    mine.terminate_workers()
    assert [each.shared for each in kernel_state().pools] == [True]


def test_a_cancelled_job_counts_as_the_pool_counts_it(pool: WorkerPoolExecutor) -> None:
    result = pool_map(wait_at_the_gate, range(6), block=False, chunksize=1, progress=False)
    when(lambda now: now.jobs[0].running == 2)
    result.cancel(running=True)
    [job] = when(lambda now: now.jobs and not now.jobs[0].active).jobs
    outcomes = result._job.outcomes
    assert job.cancelled == len(outcomes.cancelled) == 6
    assert (job.done, job.failed, job.phase) == (0, 0, "cancelled")


def test_the_log_keeps_no_job(pool: WorkerPoolExecutor, log: JobLog) -> None:
    import weakref

    pool_map(abs, range(3), progress=False)
    seen = weakref.ref(pool_map(abs, range(3), progress=False)._job)
    assert when(lambda now: len([j for j in now.jobs if not j.active]) == 2)
    for _ in range(100):
        if seen() is None:
            break
        time.sleep(0.01)
    assert seen() is None
