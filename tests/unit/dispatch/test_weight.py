"""A function that takes something large along says what it is."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from typing import Any

import pytest

from jupyterlite_pool import WorkerPoolExecutor
from jupyterlite_pool.backends.threads import InProcessBackend
from jupyterlite_pool.dispatch.weight import HEAVY
from jupyterlite_pool.errors import PoolPerformanceWarning
from jupyterlite_pool.worker.cell_bodies import BackgroundCell, EverywhereCell, ParallelCell

BIG = b"x" * HEAVY


def closure() -> Callable[[int], int]:
    small, table = b"y", b"x" * HEAVY
    return lambda i: len(table) + len(small) + i


class Model:
    def __init__(self) -> None:
        self.data = b"x" * HEAVY

    def fit(self, _: int) -> int:
        return len(self.data)


def count(data: bytes, i: int) -> int:
    return len(data) + i


@pytest.mark.parametrize(
    ("function", "named"),
    [
        (closure(), "'<lambda>' sends 10 MB with every job, most of them in 'table'"),
        (functools.partial(count, BIG), "most of them in 'argument 0'"),
        (Model().fit, "'fit' sends 10 MB with every job, most of them in 'self'"),
        (ParallelCell("i", "", "len(rows)", {"rows": BIG}, "<cell>"), "most of them in 'rows'"),
    ],
)
def test_it_is_named_and_the_job_runs(function: Callable[[int], Any], named: str) -> None:
    with WorkerPoolExecutor(backend=InProcessBackend(1)) as executor:
        with pytest.warns(PoolPerformanceWarning) as warned:
            value = executor.submit(function, 0).result(30)
        [warning] = [str(w.message) for w in warned]
        assert named in warning
        assert "executor.put(" in warning
        assert value is not None


def test_what_is_put_there_once_is_no_weight() -> None:
    with WorkerPoolExecutor(backend=InProcessBackend(1)) as executor:
        ref = executor.put(BIG)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert executor.submit(count, ref, 1).result(30) == HEAVY + 1


def test_a_cell_that_runs_once_may_take_its_data_along() -> None:
    names = {"rows": BIG}
    with WorkerPoolExecutor(backend=InProcessBackend(1)) as executor, warnings.catch_warnings():
        warnings.simplefilter("error")
        beside = BackgroundCell(None, "", "len(rows)", names, "<cell>")
        assert executor.submit(beside).result(30) == HEAVY
        everywhere = EverywhereCell(None, "", "len(rows)", names, "<cell>")
        assert executor.submit_everywhere(everywhere).result(30) == [HEAVY]
