"""The contract of an executor, kept by a pool whose workers are threads of this process."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from jupyterlite_pool import WorkerPoolExecutor
from jupyterlite_pool.testing import InProcessBackend
from tests.contract import contract

PROMISES = [value for name, value in vars(contract).items() if name.startswith("contract_")]


@pytest.fixture(params=["in process"])
def executor_factory() -> Iterator[Callable[[], WorkerPoolExecutor]]:
    """Makes executors with two workers, and stops them in any case."""
    made: list[WorkerPoolExecutor] = []

    def make() -> WorkerPoolExecutor:
        made.append(WorkerPoolExecutor(backend=InProcessBackend(2)))
        return made[-1]

    yield make
    for executor in made:
        executor.terminate_workers()


@pytest.mark.timeout(60)
@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise.__name__[9:])
def test_contract(
    promise: Callable[..., Any], executor_factory: Callable[[], WorkerPoolExecutor]
) -> None:
    outcome = promise(executor_factory)
    if inspect.iscoroutine(outcome):
        asyncio.run(outcome)


def test_every_promise_is_found() -> None:
    assert len(PROMISES) > 30
