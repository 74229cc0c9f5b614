"""The contract of an executor, kept by a Dask cluster.

A file of its own, so that engines are tried side by side.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from jupyterlite_pool import WorkerPoolExecutor
from tests.contract.engines import cases, keep


@pytest.mark.timeout(90)
@pytest.mark.parametrize(("engine", "promise"), cases("dask"))
def test_contract(
    promise: Callable[..., Any], executor_factory: Callable[[], WorkerPoolExecutor]
) -> None:
    keep(promise, executor_factory)
