"""Which engine a pool has, and how another one is written."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from jupyterlite_pool import WorkerPoolExecutor, get_reusable_executor, pool_map, use
from jupyterlite_pool.api import default_backend, shared
from jupyterlite_pool.backends.base import ANY, STOPPED, Backend, Listener, NoPage, Terms, WorkerEnd
from jupyterlite_pool.backends.base import WorkerLimits as Limits
from jupyterlite_pool.backends.base import WorkerStatus as Status
from jupyterlite_pool.backends.threads import InProcessBackend
from jupyterlite_pool.errors import PoolFallbackWarning, PoolStartError
from jupyterlite_pool.surroundings.notebook import SentSurroundings
from jupyterlite_pool.wire.buffers import in_heap
from jupyterlite_pool.wire.payload import Encoded
from jupyterlite_pool.worker.runner import Runner
from jupyterlite_pool.worker.surroundings.surroundings import WorkerSurroundings


class Fourth(NoPage):
    """An engine with one worker: a thread of a `ThreadPoolExecutor`, which is also its queue."""

    size, batch_seconds = 1, 0.05

    def start(self, listener: Listener, limits: Limits) -> None:
        self.listener, self.threads = listener, ThreadPoolExecutor(1)
        self.runner = Runner(self, 0, 1, WorkerSurroundings(), rests=False)
        self.waiting: dict[int, Any] = {}
        self.threads.submit(listener.on_worker_ready, 0)

    def put(self, key: str, encoded: Encoded) -> None:
        self.runner.put(key, encoded.payload, in_heap(encoded.buffers))

    def drop(self, key: str) -> None:
        self.threads.submit(self.runner.drop, key)

    def submit(
        self, batch: int, payload: bytes, buffers: Any, needs: Sequence[str], terms: Terms = ANY
    ) -> None:
        copies = in_heap(buffers)
        self.waiting[batch] = self.threads.submit(self.run, batch, payload, copies)

    def run(self, batch: int, *rest: Any) -> None:
        self.listener.on_dispatched(0, batch)
        with pytest.raises(StopIteration):  # no task here awaits anything
            self.runner.run(batch, *rest).send(None)

    def cancel(self, batch: int) -> bool:
        self.runner.cancel(batch)
        return bool(self.waiting.pop(batch).cancel())

    def result(self, batch: int, payload: bytes, buffers: Any, done: bool) -> None:
        self.listener.on_result(0, batch, payload, in_heap(buffers), done)

    def error(self, batch: int, *about: str) -> None:
        self.listener.on_batch_error(0, batch, *about)

    def call_later(self, seconds: float, action: Callable[[], None]) -> Callable[[], None]:
        timer = threading.Timer(seconds, action)
        timer.start()
        return timer.cancel

    def limit_lane(self, lane: int, seconds: float, expired: Callable[[], None]) -> Any:
        return self.call_later(seconds, expired)

    def workers(self) -> list[Status]:
        return [Status(0, 1, "idle", 0, 0)]

    def shutdown(self) -> None:
        self.threads.shutdown(wait=False)

    # What it has no need of.
    def spares(self) -> int: return 0  # fmt: skip

    def surroundings(self) -> SentSurroundings | None: return None  # fmt: skip

    def kill(self, worker: int, end: WorkerEnd = STOPPED, batch: int | None = None) -> None: ...
    def set_ups(self, needed: bool) -> None: ...
    def wake(self) -> None: ...
    def scale(self, size: int) -> None: ...
    def begin(self, batch: int) -> None: ...
    def worn(self, message: str) -> None: ...
    def task(self, task: int) -> None: ...
    def retire(self, reason: str) -> None: ...


@pytest.fixture(autouse=True)
def _as_at_first(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv(default_backend.VARIABLE, raising=False)
    monkeypatch.setattr(default_backend.chosen, "engine", default_backend.Engine())
    monkeypatch.setattr(shared, "_shared", None)
    yield
    running = shared.running_executor()
    if running is not None:
        running.terminate_workers()


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What was asked of the engine "threads", which a package offers."""
    asked: list[dict[str, Any]] = []

    def make(max_workers: int | None, packages: Sequence[str], **options: Any) -> Backend:
        asked.append({"max_workers": max_workers, "packages": packages, **options})
        return InProcessBackend(max_workers or 3)

    class Point:
        name = "threads"

        def load(self) -> object:
            return make

    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: [Point()])
    return asked


def test_a_fourth_engine_is_soon_written() -> None:
    backend: Backend = Fourth()
    with WorkerPoolExecutor(backend=backend) as executor:
        assert list(executor.map(abs, range(-50, 0), chunksize=7)) == list(range(50, 0, -1))
        with pytest.raises(ZeroDivisionError):
            executor.submit(divmod, 1, 0).result(10)
        assert executor.submit(sum, executor.put([1, 2])).result(10) == 3
        assert executor.run_everywhere(abs, -1) == [1]
        gate = threading.Event()
        first = executor.submit(lambda gate=None: sum(range(10)))
        assert first.result(10) == 45
        gate.set()


def test_a_package_can_offer_an_engine(made: list[dict[str, Any]]) -> None:
    use("threads", nodes=2)
    assert list(pool_map(abs, [-1, -2], progress=False)) == [1, 2]
    assert made == [{"max_workers": None, "packages": (), "nodes": 2}]
    assert get_reusable_executor().max_workers == 3
    with WorkerPoolExecutor(5, packages=["x"], backend="threads") as executor:
        assert executor.max_workers == 5
    assert made[1] == {"max_workers": 5, "packages": ["x"]}


def test_in_with_the_engine_before_comes_back_with_its_pool(made: list[dict[str, Any]]) -> None:
    use("threads")
    before = get_reusable_executor()
    with use("threads", inner=True) as using:
        inside = get_reusable_executor()
        assert inside is not before
        assert repr(using) == "<jupyterlite_pool uses threads>"
    assert get_reusable_executor() is before
    assert inside.closed
    assert len(made) == 2


def test_the_environment_names_the_engine(
    made: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUPYTERLITE_POOL_BACKEND", "threads")
    assert list(pool_map(abs, [-1], progress=False)) == [1]
    assert len(made) == 1
    monkeypatch.setenv("JUPYTERLITE_POOL_BACKEND", "nothing")
    with pytest.raises(ValueError, match=r"no engine 'nothing'.*'dask', 'local', .*'threads'"):
        WorkerPoolExecutor()


@pytest.mark.parametrize(("engine", "error"), [("nothing", ValueError), (5, TypeError)])
def test_what_is_no_engine_is_refused_and_changes_nothing(
    engine: object, error: type[Exception]
) -> None:
    for call in (use, lambda engine: WorkerPoolExecutor(backend=engine)):
        with pytest.raises(error, match="engine"):
            call(engine)
    assert default_backend.chosen.engine.what is None


def test_a_pool_without_its_extra_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("jupyterlite_pool.backends.lo")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "loky", None)
    said = r'pip install "jupyterlite-pool\[local\]"'
    with pytest.raises(PoolStartError, match=said):
        WorkerPoolExecutor()
    with pytest.warns(PoolFallbackWarning, match=said):
        assert list(pool_map(abs, [-1, -2], progress=False)) == [1, 2]


def test_no_engine_is_imported_before_it_is_needed() -> None:
    program = (
        "import sys, jupyterlite_pool as p\n"
        "p.pool_map, p.WorkerPoolExecutor, p.use, p.get_reusable_executor\n"
        "print([n for n in ('loky', 'distributed', 'dask', 'multiprocessing') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr
