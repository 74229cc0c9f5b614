"""joblib's `Parallel` on a pool whose workers are threads of this process."""

from __future__ import annotations

import multiprocessing
import pickle
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import CancelledError
from typing import Any

import joblib
import pytest
from joblib import Parallel, delayed, parallel_config

from jupyterlite_pool import (
    WorkerPoolExecutor,
    current_worker,
    register_joblib_backend,
    unregister_joblib_backend,
)
from jupyterlite_pool.api import shared
from jupyterlite_pool.backends.threads import InProcessBackend
from jupyterlite_pool.errors import BlockingUnavailableError
from jupyterlite_pool.stand_ins import joblib_backend
from jupyterlite_pool.stand_ins.joblib_backend import CompletionLock, PoolBackend
from tests.support.gate import GATE, wait_at_the_gate

BACKENDS = joblib.parallel.BACKENDS


@pytest.fixture(autouse=True)
def _registered() -> Iterator[None]:
    register_joblib_backend()
    yield
    unregister_joblib_backend()


@pytest.fixture
def executor(monkeypatch: pytest.MonkeyPatch) -> Iterator[WorkerPoolExecutor]:
    executor = WorkerPoolExecutor(backend=InProcessBackend(2))
    monkeypatch.setattr(shared, "_shared", executor)
    yield executor
    executor.terminate_workers()


def square(x: int) -> int:
    return x * x


def worker_of(_: int) -> int | None:
    time.sleep(0.05)
    info = current_worker()
    return None if info is None else info.id


@pytest.mark.parametrize("n_jobs", [None, 1, 2, 3, 50, -1, -2])
def test_results_are_in_order_whatever_the_number_of_jobs(
    executor: WorkerPoolExecutor, n_jobs: int | None
) -> None:
    with parallel_config("jupyterlite"):
        values = Parallel(n_jobs=n_jobs)(delayed(square)(x) for x in range(50))
    assert values == [x * x for x in range(50)]


def test_who_chooses_the_pool_gets_all_its_workers(executor: WorkerPoolExecutor) -> None:
    with parallel_config("jupyterlite"):
        assert joblib.effective_n_jobs(-1) == joblib.effective_n_jobs(None) == 2
        assert joblib.cpu_count() == 2
        assert set(Parallel()(delayed(worker_of)(x) for x in range(8))) == {0, 1}


def test_outside_of_the_choice_joblib_is_as_it_was(executor: WorkerPoolExecutor) -> None:
    assert joblib.cpu_count() == joblib.externals.loky.cpu_count()
    assert not isinstance(joblib.parallel.get_active_backend()[0], PoolBackend)


def test_one_job_runs_here(executor: WorkerPoolExecutor) -> None:
    assert Parallel(n_jobs=1, backend="jupyterlite")([delayed(worker_of)(0)]) == [None]


def test_no_jobs_are_refused(executor: WorkerPoolExecutor) -> None:
    with pytest.raises(ValueError, match="n_jobs == 0"):
        Parallel(n_jobs=0, backend="jupyterlite")([delayed(square)(1)])


def test_an_initializer_is_refused(executor: WorkerPoolExecutor) -> None:
    with pytest.raises(ValueError, match="initializer"):
        Parallel(n_jobs=2, backend="jupyterlite", initializer=print)([delayed(square)(1)])


def test_fewer_jobs_than_workers_run_on_so_many_at_once(executor: WorkerPoolExecutor) -> None:
    lock, running, most = threading.Lock(), [0], [0]

    class Count:
        """Calls of one object of this process, which pickling leaves as it is."""

        def __reduce__(self) -> str:
            return "COUNT"

        def __call__(self) -> None:
            with lock:
                running[0] += 1
                most[0] = max(most[0], running[0])
            time.sleep(0.02)
            with lock:
                running[0] -= 1

    globals()["COUNT"] = count = Count()
    Count.__module__ = __name__
    wide = WorkerPoolExecutor(backend=InProcessBackend(4))
    shared.set_reusable_executor(wide)
    try:
        Parallel(n_jobs=2, backend="jupyterlite", pre_dispatch="all")(
            delayed(count)() for _ in range(12)
        )
    finally:
        shared.set_reusable_executor(executor)
        wide.terminate_workers()
    assert most == [2]


def test_functions_of_every_kind_can_be_called(executor: WorkerPoolExecutor) -> None:
    k = 2

    class Scale:
        def method(self, x: int) -> int:
            return k * x

    kinds: list[Any] = [lambda x: k * x, Scale().method, (2).__mul__, square]
    with parallel_config("jupyterlite", n_jobs=2):
        assert Parallel()(delayed(kind)(2) for kind in kinds) == [4, 4, 4, 4]
        assert Parallel(batch_size=4)(delayed(kind)(x=2) for kind in kinds[:1] * 4) == [4] * 4


def test_an_exception_keeps_its_type_and_the_workers_traceback(
    executor: WorkerPoolExecutor,
) -> None:
    with pytest.raises(ZeroDivisionError) as caught, parallel_config("jupyterlite", n_jobs=2):
        Parallel()(delayed(divmod)(1, x) for x in (1, 0))
    assert "ZeroDivisionError" in str(caught.value.__cause__)


def test_what_cannot_be_sent_is_named(executor: WorkerPoolExecutor) -> None:
    with pytest.raises(pickle.PicklingError, match="cannot send argument 'x'"):
        Parallel(n_jobs=2, backend="jupyterlite")(delayed(square)(threading.Lock()) for _ in "ab")


def test_after_an_error_what_has_not_started_never_does(executor: WorkerPoolExecutor) -> None:
    ran: list[int] = []

    class Record:
        def __reduce__(self) -> str:
            return "RECORD"

        def __call__(self, x: int) -> None:
            ran.append(x)
            if x == 0:
                raise ValueError(x)
            time.sleep(0.1)

    globals()["RECORD"] = record = Record()
    Record.__module__ = __name__
    with pytest.raises(ValueError, match="0"):
        Parallel(n_jobs=2, backend="jupyterlite", pre_dispatch="all", batch_size=1)(
            delayed(record)(x) for x in range(100)
        )
    with parallel_config("jupyterlite", n_jobs=2):  # the workers serve the next
        assert Parallel()(delayed(square)(x) for x in range(4)) == [0, 1, 4, 9]
    assert len(ran) < 10


def test_what_still_runs_after_the_grace_is_stopped(
    executor: WorkerPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(joblib_backend, "GRACE", 0.2)
    before = time.monotonic()
    with pytest.raises(multiprocessing.TimeoutError), parallel_config("jupyterlite", n_jobs=2):
        Parallel(timeout=0.2)(delayed(time.sleep)(60) for _ in range(4))
    with parallel_config("jupyterlite", n_jobs=2):
        assert set(Parallel()(delayed(worker_of)(x) for x in range(8))) == {2, 3}
    assert time.monotonic() - before < 30


def test_two_generators_can_be_read_side_by_side(executor: WorkerPoolExecutor) -> None:
    with parallel_config("jupyterlite", n_jobs=2):
        first = Parallel(return_as="generator")(delayed(square)(x) for x in range(20))
        second = Parallel(return_as="generator")(delayed(square)(x) for x in first)
        third = Parallel(return_as="generator_unordered")(delayed(square)(x) for x in range(20))
        assert [next(second) for _ in range(10)] == [x**4 for x in range(10)]
        assert sorted(third) == [x * x for x in range(20)]
        assert list(second) == [x**4 for x in range(10, 20)]


def test_parallel_in_a_task_is_serial(executor: WorkerPoolExecutor) -> None:
    def inner() -> set[int | None]:
        return set(Parallel(n_jobs=2, backend="jupyterlite")(delayed(worker_of)(x) for x in "ab"))

    with parallel_config("jupyterlite", n_jobs=2):
        workers = Parallel(batch_size=1)(delayed(inner)() for _ in range(4))
    assert all(len(used) == 1 and None not in used for used in workers)


def test_where_python_cannot_be_paused_it_says_what_to_write(
    executor: WorkerPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def untouched() -> Iterator[Any]:
        raise AssertionError("an item was asked for")
        yield

    monkeypatch.setattr(joblib_backend, "can_block", lambda: False)
    with pytest.raises(BlockingUnavailableError, match="await pool_map"):
        Parallel(n_jobs=2, backend="jupyterlite")(untouched())


def test_a_generator_read_where_python_cannot_be_paused_says_so(
    executor: WorkerPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = Parallel(n_jobs=2, backend="jupyterlite", return_as="generator")(
        delayed(wait_at_the_gate)(x) for x in range(2)
    )
    with monkeypatch.context() as context:
        context.setattr(joblib_backend, "can_block", lambda: False)
        with pytest.raises(BlockingUnavailableError):
            next(values)
    GATE.set()


def test_what_completes_while_the_lock_is_held_is_told_when_it_is_free() -> None:
    lock, told = CompletionLock(), []
    lock.call_when_free(lambda: told.append(1))
    with lock:
        with lock:
            lock.call_when_free(lambda: told.append(2))
        assert told == [1]
    assert told == [1, 2]


def test_the_default_can_be_taken_and_given_back(executor: WorkerPoolExecutor) -> None:
    count, backends = joblib.cpu_count, dict(BACKENDS)
    register_joblib_backend(make_default=True)
    assert isinstance(Parallel(n_jobs=2)._backend, PoolBackend)
    assert joblib.effective_n_jobs(None) == 1
    assert joblib.cpu_count is count  # registering again wraps nothing again
    unregister_joblib_backend()
    unregister_joblib_backend()
    assert joblib.parallel.DEFAULT_BACKEND == "loky"
    assert dict(BACKENDS) == {k: v for k, v in backends.items() if k != "jupyterlite"}
    assert joblib.cpu_count is joblib.parallel.cpu_count is not count
    with pytest.raises(ValueError, match="Invalid backend: jupyterlite"):
        parallel_config("jupyterlite")


def test_without_processes_the_default_serves_who_asks_for_them(
    executor: WorkerPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads = BACKENDS["threading"]
    monkeypatch.setattr(joblib.parallel, "mp", None)
    monkeypatch.setattr(joblib.parallel, "DEFAULT_BACKEND", "threading")
    monkeypatch.delitem(BACKENDS, "multiprocessing")
    # As joblib leaves it after it was once asked for what is not there.
    monkeypatch.setitem(BACKENDS, "loky", threads)
    unregister_joblib_backend()
    register_joblib_backend(make_default=True)
    assert BACKENDS["loky"] is BACKENDS["multiprocessing"] is PoolBackend
    unregister_joblib_backend()
    assert BACKENDS["loky"] is threads
    assert "multiprocessing" not in BACKENDS
    assert joblib.parallel.DEFAULT_BACKEND == "threading"


def test_an_interrupt_while_calls_are_handed_over_gives_them_up(
    executor: WorkerPoolExecutor,
) -> None:
    def interrupted() -> Iterator[Any]:
        yield delayed(square)(1)
        raise KeyboardInterrupt

    with parallel_config("jupyterlite", n_jobs=2):
        with pytest.raises(KeyboardInterrupt):
            Parallel(pre_dispatch="all")(interrupted())
        assert Parallel()(delayed(square)(x) for x in range(3)) == [0, 1, 4]


def test_shutting_down_cancels_calls_that_wait(executor: WorkerPoolExecutor) -> None:
    values = Parallel(n_jobs=2, backend="jupyterlite", pre_dispatch="all", return_as="generator")(
        delayed(time.sleep)(0.2) for _ in range(50)
    )
    before = time.monotonic()
    executor.shutdown(cancel_futures=True)
    assert time.monotonic() - before < 5
    with pytest.raises(CancelledError):
        list(values)


def test_without_joblib_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    unregister_joblib_backend()
    monkeypatch.setitem(sys.modules, "joblib", None)
    with pytest.raises(ModuleNotFoundError, match=r"%pip install joblib"):
        register_joblib_backend()
