"""Executors of each engine but the browser's, for the tests of the contract."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from jupyterlite_pool import WorkerPoolExecutor
from tests.contract.engines import NAMES, backend_of, dask_client

if TYPE_CHECKING:
    from distributed import Client


@pytest.fixture(scope="module")
def dask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A client of a cluster that the tests share."""
    with dask_client(tmp_path_factory.mktemp("dask")) as client:
        yield client


@pytest.fixture
def engine() -> str:
    """The engine of a test that names none."""
    return NAMES[0]


@pytest.fixture
def executor_factory(
    engine: str, request: pytest.FixtureRequest
) -> Iterator[Callable[[], WorkerPoolExecutor]]:
    """Makes executors with two workers, and stops them in any case."""
    made: list[WorkerPoolExecutor] = []
    client = request.getfixturevalue("dask") if engine == "dask" else None

    def make(**options: Any) -> WorkerPoolExecutor:
        executor = WorkerPoolExecutor(backend=backend_of(engine, client), **options)
        made.append(executor)
        return executor

    make.made = made  # type: ignore[attr-defined]
    yield make
    for executor in made:
        executor.terminate_workers()
