"""What `install` replaces, and that `uninstall` puts all of it back."""

from __future__ import annotations

import concurrent.futures
import concurrent.futures.process
import multiprocessing
import multiprocessing.pool
import os
import subprocess
import sys
import types
from collections.abc import Iterator

import pytest

import jupyterlite_pool
from jupyterlite_pool.backends.threads import InProcessBackend
from jupyterlite_pool.errors import PoolStartError, RemoteUnpicklingError
from jupyterlite_pool.stand_ins import install as _install
from jupyterlite_pool.stand_ins.locks import Lock, RLock
from jupyterlite_pool.stand_ins.multiprocessing_pool import Pool
from jupyterlite_pool.stand_ins.process_executor import ProcessPoolExecutor
from tests.support.gate import GATE, wait_at_the_gate


def names() -> list[object]:
    """All that is replaced."""
    values: list[object] = [
        concurrent.futures.ProcessPoolExecutor,
        concurrent.futures.process.ProcessPoolExecutor,
        multiprocessing.Pool,
        multiprocessing.pool.Pool,
        multiprocessing.cpu_count,
        multiprocessing.context.BaseContext.Pool,
        multiprocessing.context.BaseContext.cpu_count,
        multiprocessing.Lock,
        multiprocessing.RLock,
        multiprocessing.context.BaseContext.Lock,
        multiprocessing.context.BaseContext.RLock,
        os.cpu_count,
    ]
    if sys.version_info >= (3, 13):
        values.append(os.process_cpu_count)
    return values


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[object]]:
    before = names()
    monkeypatch.setattr(_install, "default_workers", lambda: 7)
    jupyterlite_pool.install()
    yield before
    jupyterlite_pool.uninstall()


def test_everything_is_replaced_and_put_back(installed: list[object]) -> None:
    ours: list[object] = [ProcessPoolExecutor, ProcessPoolExecutor, Pool, Pool]
    assert names()[:4] == ours
    assert os.cpu_count() == multiprocessing.cpu_count() == 7
    context = multiprocessing.get_context("spawn")
    assert context.cpu_count() == 7
    now = names()
    assert all(a is not b for a, b in zip(now, installed, strict=True))
    jupyterlite_pool.install()  # again, for nothing
    jupyterlite_pool.uninstall()
    assert names() == installed
    jupyterlite_pool.uninstall()  # again, for nothing
    assert names() == installed


JOBLIB_LATER = """
import importlib.util, sys

usual = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: None if name == "joblib" else usual(name, *rest)

import jupyterlite_pool
from jupyterlite_pool.stand_ins import install

install.default_workers = lambda: 7
jupyterlite_pool.install()
assert "joblib" not in sys.modules

import joblib

assert joblib.parallel.DEFAULT_BACKEND == "jupyterlite"
jupyterlite_pool.uninstall()
assert joblib.parallel.DEFAULT_BACKEND == "loky"
assert "jupyterlite" not in joblib.parallel.BACKENDS
jupyterlite_pool.install()
assert joblib.parallel.DEFAULT_BACKEND == "jupyterlite"
"""


def test_joblib_can_be_installed_later() -> None:
    done = subprocess.run([sys.executable, "-c", JOBLIB_LATER], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_context_makes_our_pools(installed: list[object]) -> None:
    pool = multiprocessing.get_context().Pool(1, backend=InProcessBackend(1))  # type: ignore[call-arg]
    assert isinstance(pool, Pool)
    pool.terminate()


def test_a_context_makes_our_locks(installed: list[object]) -> None:
    context = multiprocessing.get_context("spawn")
    assert isinstance(context.Lock(), Lock)
    assert isinstance(context.RLock(), RLock)
    assert isinstance(multiprocessing.RLock(), RLock)


def test_where_python_cannot_wait_there_are_no_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_install, "default_workers", lambda: 7)
    monkeypatch.setattr(_install, "can_block", lambda: False)
    before = [multiprocessing.Lock, multiprocessing.RLock]
    jupyterlite_pool.install()
    try:
        assert [multiprocessing.Lock, multiprocessing.RLock] == before
    finally:
        jupyterlite_pool.uninstall()


def test_elsewhere_than_in_a_browser_nothing_is_replaced() -> None:
    before = names()
    with pytest.raises(PoolStartError, match="outside of a browser"):
        jupyterlite_pool.install()
    assert names() == before


def test_a_process_pool_breaks_when_a_worker_dies() -> None:
    backend = InProcessBackend(2)
    executor = ProcessPoolExecutor(backend=backend)
    GATE.clear()
    futures = [executor.submit(wait_at_the_gate) for _ in range(5)]
    cancelled = futures[-1].cancel()
    while not any(worker.state == "busy" for worker in backend.workers()):
        concurrent.futures.wait(futures, timeout=0.01)
    backend.kill(0)
    concurrent.futures.wait(futures, timeout=30)
    GATE.set()
    assert cancelled
    errors = [future.exception() for future in futures[:-1]]
    broken = concurrent.futures.process.BrokenProcessPool
    assert [type(error) for error in errors] == [broken] * 4
    with pytest.raises(broken):
        executor.submit(abs, -1)
    executor.shutdown()


def test_a_process_pool_outlives_the_worker_of_a_call_that_was_cancelled() -> None:
    backend = InProcessBackend(2)
    with ProcessPoolExecutor(backend=backend) as executor:
        GATE.clear()
        futures = [executor.submit(wait_at_the_gate) for _ in range(5)]
        while sum(worker.state == "busy" for worker in backend.workers()) < 2:
            concurrent.futures.wait(futures, timeout=0.01)
        assert futures[0].cancel(running=True)
        GATE.set()
        assert not concurrent.futures.wait(futures, timeout=30).not_done
        assert [future.cancelled() for future in futures] == [True, *[False] * 4]
        assert [future.exception() for future in futures[1:]] == [None] * 4
        assert executor.submit(abs, -1).result(30) == 1


def test_a_process_pool_breaks_on_what_cannot_be_read() -> None:
    executor = ProcessPoolExecutor(backend=InProcessBackend(2))
    error = executor.submit(Unreadable).exception(30)
    assert isinstance(error, concurrent.futures.process.BrokenProcessPool)
    assert isinstance(error.__cause__, RemoteUnpicklingError)
    executor.shutdown()


class Unreadable:
    """Can be pickled, but not read."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return int, ("x7",)


def test_an_initializer_that_fails_is_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    executor = ProcessPoolExecutor(initializer=int, initargs=("x7",), backend=InProcessBackend(2))
    with pytest.raises(concurrent.futures.process.BrokenProcessPool, match="ValueError"):
        executor.submit(abs, -1).result(30)
    [first, *_] = caplog.records
    assert (first.name, first.message) == ("concurrent.futures", "Exception in initializer:")
    executor.shutdown()


def test_a_process_pool_takes_the_arguments_of_the_standard_librarys() -> None:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(
        2, context, abs, (1,), max_tasks_per_child=3, backend=InProcessBackend(2)
    ) as executor:
        assert list(executor.map(abs, [-1, -2])) == [1, 2]


def test_tqdm_gets_a_lock_though_it_has_shown_a_bar_before(monkeypatch: pytest.MonkeyPatch) -> None:
    class TqdmDefaultWriteLock:
        """As in a tqdm that has found no lock for many processes."""

        mp_lock = None

    module = types.SimpleNamespace(TqdmDefaultWriteLock=TqdmDefaultWriteLock)
    monkeypatch.setitem(sys.modules, "tqdm.std", module)
    monkeypatch.setattr(_install, "default_workers", lambda: 7)
    jupyterlite_pool.install()
    try:
        assert isinstance(TqdmDefaultWriteLock.mp_lock, RLock)
    finally:
        jupyterlite_pool.uninstall()
    assert TqdmDefaultWriteLock.mp_lock is None


@pytest.mark.parametrize("names", [{}, {"mp_lock": "its own"}])
def test_a_lock_of_tqdms_own_is_left_to_it(
    monkeypatch: pytest.MonkeyPatch, names: dict[str, object]
) -> None:
    kind = type("TqdmDefaultWriteLock", (), dict(names))
    module = types.SimpleNamespace(TqdmDefaultWriteLock=kind)
    monkeypatch.setitem(sys.modules, "tqdm.std", module)
    monkeypatch.setattr(_install, "default_workers", lambda: 7)
    jupyterlite_pool.install()
    jupyterlite_pool.uninstall()
    assert {name: value for name, value in vars(kind).items() if name == "mp_lock"} == names
