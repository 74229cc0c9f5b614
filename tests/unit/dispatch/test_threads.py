"""What several threads do to one pool at the same time, and what runs amid something else."""

from __future__ import annotations

import gc
import io
import sys
import threading
import time
import weakref
from concurrent.futures import CancelledError, Future
from typing import Any

import pytest

from jupyterlite_pool import WorkerPoolExecutor
from jupyterlite_pool.backends.threads import InProcessBackend
from jupyterlite_pool.dispatch import dispatcher as dispatcher_module
from jupyterlite_pool.dispatch import ledger as ledger_module
from jupyterlite_pool.dispatch.batch import Batch
from jupyterlite_pool.errors import RemoteError
from jupyterlite_pool.jobs.options import MapOptions
from tests.support.gate import GATE, wait_at_the_gate
from tests.support.settled import until, workers_are_ready


@pytest.fixture
def executor(pool: WorkerPoolExecutor) -> WorkerPoolExecutor:
    """An executor whose workers are all there."""
    workers_are_ready(pool)
    return pool


def test_a_call_that_was_not_cancelled_has_its_value(executor: WorkerPoolExecutor) -> None:
    for _ in range(100):
        future = executor.submit(abs, -1)
        if future.cancel():
            with pytest.raises(CancelledError):
                future.result(10)
        else:
            assert future.result(10) == 1


@pytest.mark.timeout(30)
def test_a_callback_of_a_call_that_is_cancelled_may_use_the_pool(
    executor: WorkerPoolExecutor,
) -> None:
    later: Future[Any] = Future()
    future = executor.submit(wait_at_the_gate)

    def submit(_: object) -> None:
        GATE.set()  # the call ends now
        time.sleep(0.1)
        later.set_result(executor.submit(abs, -2))

    future.add_done_callback(submit)
    assert future.cancel(running=True)
    assert later.result(10).result(10) == 2


@pytest.mark.timeout(30)
def test_a_call_on_every_worker_that_fails_costs_no_worker(executor: WorkerPoolExecutor) -> None:
    ref = executor.put([1])
    busy = executor.submit(wait_at_the_gate)

    def fail() -> None:
        raise KeyError(ref)  # a function that refers to an object is not kept for later

    with pytest.raises(KeyError):
        executor.run_everywhere(fail)
    GATE.set()
    assert busy.result(10) == 0
    assert executor.run_everywhere(abs, -1) == [1, 1]


@pytest.mark.timeout(30)
def test_a_call_whose_function_is_gone_fails_and_costs_no_worker(
    executor: WorkerPoolExecutor,
) -> None:
    busy = [executor.submit(wait_at_the_gate) for _ in range(2)]
    until(lambda: all(call.running() for call in busy))
    call = executor.submit(abs, -1)
    [batch] = [b for b in executor._pool.dispatcher.ledger.all() if b.worker is None]
    executor._pool.backend.drop(batch.tasks[0].held.function)
    GATE.set()
    with pytest.raises(RemoteError, match="an object that it needs was given up"):
        call.result(10)
    assert executor.run_everywhere(max, 1, 2) == [2, 2]


@pytest.mark.timeout(30)
def test_a_job_ends_although_its_output_cannot_be_shown(
    executor: WorkerPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Narrow(io.StringIO):
        def write(self, text: str) -> int:
            raise UnicodeEncodeError("ascii", text, 0, 1, "no such letter")

    def show(_: object) -> None:
        sys.stdout.write("ö")

    job = executor._pool.start_job(wait_at_the_gate, [range(3)], MapOptions())
    job.arrivals.observe(show)
    monkeypatch.setattr(sys, "stdout", Narrow())
    GATE.set()
    job.ended.result(10)
    assert job.outcomes.values == {0: 0, 1: 1, 2: 2}


def test_an_error_that_cannot_show_itself_fails_its_item(executor: WorkerPoolExecutor) -> None:
    class MuteError(TypeError):
        def __str__(self) -> str:
            raise RuntimeError("nothing to say")

    def fail(x: int) -> None:
        raise MuteError

    job = executor._pool.start_job(fail, [[(1, 2)]], MapOptions(return_exceptions=True))
    job.ended.result(10)
    assert list(job.outcomes.failures) == [0]


@pytest.mark.timeout(30)
def test_two_who_wait_for_one_item_are_both_woken(executor: WorkerPoolExecutor) -> None:
    job = executor._pool.start_job(wait_at_the_gate, [range(1)], MapOptions())
    together = threading.Barrier(8)
    found: list[Future[bool]] = []

    def ask() -> None:
        together.wait(10)
        found.append(job.arrivals.of(0))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(set(found)) == 1
    GATE.set()
    assert found[0].result(10) is True


class Circle:
    """Only a collection finds it, and what it has."""

    def __init__(self, values: object) -> None:
        self.values = values
        self.itself = self


@pytest.mark.timeout(60)
def test_what_is_collected_while_a_batch_is_made_disturbs_no_batch(
    executor: WorkerPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = executor.map(abs, iter(range(1000)), buffersize=2)
    assert next(values) == 0
    monkeypatch.setattr(dispatcher_module, "AHEAD_AT_FIRST", 0)
    first = executor._pool.start_job(wait_at_the_gate, [range(20)], MapOptions(chunksize=1))
    monkeypatch.setattr(dispatcher_module, "AHEAD_AT_FIRST", 60)
    monkeypatch.setattr(dispatcher_module, "AHEAD_AT_ONCE", 60)
    circle = Circle(values)
    left = weakref.ref(circle)
    del values, circle

    def collecting(*args: Any) -> Batch:
        if left() is not None:
            gc.collect()  # cancels the job of these values, so that the first job has its turn
        return Batch(*args)

    monkeypatch.setattr(ledger_module, "Batch", collecting)
    second = executor._pool.start_job(abs, [range(20)], MapOptions(chunksize=1))
    GATE.set()
    for job in (first, second):
        job.ended.result(20)
        assert job.outcomes.values == {x: x for x in range(20)}
    assert left() is None


@pytest.mark.timeout(30)
@pytest.mark.parametrize("kind", ["iterator", "executor"])
def test_a_finalizer_does_not_wait_for_the_pool(kind: str) -> None:
    executor = WorkerPoolExecutor(backend=InProcessBackend(2))
    pool = executor._pool
    values = executor.map(abs, iter(range(1000)), buffersize=2)
    assert next(values) == 0
    [job] = pool.dispatcher._streams
    holds, goes_on = threading.Event(), threading.Event()

    def hold() -> None:
        with pool.dispatcher.lock:
            holds.set()
            goes_on.wait(20)

    threading.Thread(target=hold, daemon=True).start()
    holds.wait(10)
    began = time.monotonic()
    del values
    if kind == "executor":
        del executor
    assert time.monotonic() - began < 10
    goes_on.set()
    job.ended.result(10)
    assert len(job.outcomes.values) + len(job.outcomes.cancelled) < 1000
    if kind == "executor":
        until(lambda: pool.dispatcher.closed)
