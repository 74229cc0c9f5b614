"""Options of a wrong type or out of their range: the error names the option, and nothing runs."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from jupyterlite_pool import WorkerPoolExecutor
from jupyterlite_pool.api.map_result import MapResult
from jupyterlite_pool.api.pool_map import pool_map
from jupyterlite_pool.api.shared import set_reusable_executor
from jupyterlite_pool.backends.threads import InProcessBackend
from jupyterlite_pool.stand_ins.multiprocessing_pool import Pool
from jupyterlite_pool.stand_ins.process_executor import ProcessPoolExecutor


@pytest.fixture(scope="module")
def executor() -> Iterator[WorkerPoolExecutor]:
    executor = WorkerPoolExecutor(backend=InProcessBackend(2))
    set_reusable_executor(executor)
    yield executor
    set_reusable_executor(None)
    executor.terminate_workers()


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    with Pool(2, backend=InProcessBackend(2)) as pool:
        yield pool


@pytest.fixture
def waiting(executor: WorkerPoolExecutor) -> Iterator[MapResult[Any]]:
    """A result that never comes."""
    result: MapResult[Any] = pool_map(abs, iter(int, 1), block=False, progress=False)
    yield result
    result.cancel()


NO_INTEGER: list[Any] = ["a", 1.5, math.nan, []]
NO_SECONDS: list[Any] = ["a", [], 1j]

#: For each option: values of a wrong type, and values that are out of range.
COUNT = (NO_INTEGER, [0, -1])
MUST_BE_COUNT = ([*NO_INTEGER, None], [0, -1])
SECONDS = (NO_SECONDS, [0, -0.5, math.nan])
MAYBE_NO_TIME = (NO_SECONDS, [math.nan])  # 0 seconds only look
NATURAL = (NO_INTEGER, [-1])

Options = dict[str, tuple[list[Any], list[Any]]]

OF_EXECUTOR: Options = {
    "max_workers": COUNT,
    "max_tasks_per_child": COUNT,
    "max_worker_memory": COUNT,
    "idle_timeout": SECONDS,
    "packages": (["numpy", 7, None], []),
    "initializer": (["a", 7], []),
}
OF_PROCESS_POOL: Options = {"max_workers": COUNT, "max_tasks_per_child": COUNT}
OF_POOL: Options = {"processes": COUNT, "maxtasksperchild": COUNT}
OF_EXECUTORS_MAP: Options = {
    "chunksize": MUST_BE_COUNT,
    "buffersize": COUNT,
    "timeout": MAYBE_NO_TIME,
}
OF_POOLS_MAP: Options = {"chunksize": COUNT}
OF_POOL_MAP: Options = {
    "max_workers": COUNT,
    "chunksize": ([], [*NO_INTEGER, None, 0, -1]),  # "auto" is a text, too
    "timeout": SECONDS,
    "task_timeout": SECONDS,
    "retries": ([*NO_INTEGER, None], [-1]),
    "seed": NATURAL,
    "group_outputs": ([], ["a", 7, []]),
}


def wrong(options: Options) -> list[Any]:
    """Name, value and error of all wrong values."""
    return [
        pytest.param(name, value, error, id=f"{name}={value!r}")
        for name, values in options.items()
        for error, some in zip((TypeError, ValueError), values, strict=True)
        for value in some
    ]


def refuse(call: Callable[..., object], name: str, value: object, error: type[Exception]) -> None:
    with pytest.raises(error, match=rf"^{name} must be "):
        call(**{name: value})


@pytest.mark.parametrize(("name", "value", "error"), wrong(OF_EXECUTOR))
def test_an_executor_names_it(name: str, value: object, error: type[Exception]) -> None:
    refuse(lambda **o: WorkerPoolExecutor(backend=InProcessBackend(1), **o), name, value, error)


@pytest.mark.parametrize(("name", "value", "error"), wrong(OF_PROCESS_POOL))
def test_a_process_pool_names_it(name: str, value: object, error: type[Exception]) -> None:
    refuse(lambda **o: ProcessPoolExecutor(backend=InProcessBackend(1), **o), name, value, error)


@pytest.mark.parametrize(("name", "value", "error"), wrong(OF_POOL))
def test_a_pool_of_multiprocessing_names_it(
    name: str, value: object, error: type[Exception]
) -> None:
    refuse(lambda **o: Pool(backend=InProcessBackend(1), **o), name, value, error)


@pytest.mark.parametrize(("name", "value", "error"), wrong(OF_EXECUTORS_MAP))
def test_map_names_it_at_the_call(
    executor: WorkerPoolExecutor, name: str, value: object, error: type[Exception]
) -> None:
    refuse(lambda **o: executor.map(abs, [-1], **o), name, value, error)
    assert executor._pool.dispatcher.jobs() == []


@pytest.mark.parametrize("method", ["map", "imap", "imap_unordered", "map_async", "starmap"])
@pytest.mark.parametrize(("name", "value", "error"), wrong(OF_POOLS_MAP))
def test_every_map_of_multiprocessing_names_it(
    pool: Pool, method: str, name: str, value: object, error: type[Exception]
) -> None:
    refuse(lambda **o: getattr(pool, method)(abs, [-1], **o), name, value, error)


@pytest.mark.parametrize(("name", "value", "error"), wrong(OF_POOL_MAP))
def test_pool_map_names_it(
    executor: WorkerPoolExecutor, name: str, value: object, error: type[Exception]
) -> None:
    refuse(lambda **o: pool_map(abs, [-1], progress=False, **o), name, value, error)
    assert executor._pool.dispatcher.jobs() == []


@pytest.mark.parametrize(("name", "value", "error"), wrong({"max_workers": MUST_BE_COUNT}))
def test_scale_names_it(
    executor: WorkerPoolExecutor, name: str, value: object, error: type[Exception]
) -> None:
    refuse(executor.scale, name, value, error)
    assert executor.max_workers == 2


@pytest.mark.parametrize(("name", "value", "error"), wrong({"timeout": MAYBE_NO_TIME}))
def test_a_wait_names_it(
    waiting: MapResult[Any], name: str, value: object, error: type[Exception]
) -> None:
    refuse(waiting.wait, name, value, error)
    with pytest.raises(TimeoutError):
        waiting.wait(0)


def test_the_pool_goes_on(executor: WorkerPoolExecutor) -> None:
    values = executor.map(abs, [-1, -2], chunksize=True, timeout=60.5)
    assert list(values) == [1, 2]
    assert executor.submit(abs, -3).result(10) == 3
