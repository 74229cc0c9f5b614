"""A result is a list: when its job has ended, while it runs, and with failures."""

from __future__ import annotations

import array
import asyncio
import concurrent.futures
import copy
import gc
import json
import pickle
import threading
import weakref
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
from IPython.lib.pretty import pretty

from jupyterlite_pool import WorkerPoolExecutor
from jupyterlite_pool.api.late_list import NOT_THERE
from jupyterlite_pool.api.map_result import MapResult
from jupyterlite_pool.api.pool_map import pool_map
from tests.support.gate import GATE, open_later
from tests.support.settled import callbacks_have_run

pytestmark = pytest.mark.usefixtures("pool")


def double(x: int) -> int:
    return 2 * x


def double_behind_the_gate(x: int) -> int:
    GATE.wait(30)
    return 2 * x


def invert(x: int) -> float:
    return 1 / x


#: Each gives something of all values of [0, 2, 4].
USES: list[Any] = [
    pytest.param(lambda r: r == [0, 2, 4], True, id="r == list"),
    pytest.param(lambda r: r + [6], [0, 2, 4, 6], id="r + list"),  # noqa: RUF005
    pytest.param(lambda r: [6] + r, [6, 0, 2, 4], id="list + r"),  # noqa: RUF005
    pytest.param(lambda r: json.dumps(r), "[0, 2, 4]", id="json"),
    pytest.param(lambda r: pickle.loads(pickle.dumps(r)), [0, 2, 4], id="pickle"),
    pytest.param(lambda r: copy.deepcopy(r), [0, 2, 4], id="deepcopy"),
    pytest.param(lambda r: [*r], [0, 2, 4], id="star"),
    pytest.param(lambda r: sorted(r, reverse=True), [4, 2, 0], id="sorted"),
    pytest.param(lambda r: 4 in r, True, id="in"),
    pytest.param(lambda r: np.array(r).tolist(), [0, 2, 4], id="numpy"),
    pytest.param(lambda r: pd.Series(r).tolist(), [0, 2, 4], id="pandas"),
    pytest.param(lambda r: (r.append(6), r[:])[1], [0, 2, 4, 6], id="append"),
]


@pytest.mark.parametrize(("use", "value"), USES)
def test_a_finished_result_is_used_as_a_list(use: Any, value: object) -> None:
    result = pool_map(double, range(3), progress=False)
    assert list.__eq__(result, [0, 2, 4])  # C code that looks into it sees the values
    assert use(result) == value


@pytest.mark.parametrize(("use", "value"), USES)
def test_a_running_result_is_waited_for(use: Any, value: object) -> None:
    result = pool_map(double_behind_the_gate, range(3), block=False, progress=False)
    open_later()
    assert use(result) == value


@pytest.mark.parametrize(("use", "value"), USES)
def test_a_failed_result_raises_wherever_it_is_used(use: Any, value: object) -> None:
    result = pool_map(invert, [1, 0, 2], block=False, progress=False)
    with pytest.raises(ZeroDivisionError):
        use(result)
    concurrent.futures.wait([result._job.ended], 10)
    with pytest.raises(ZeroDivisionError):
        use(result)
    assert list.__len__(result) == 3
    assert all(each is NOT_THERE for each in list.__iter__(result))


def test_returned_exceptions_are_values() -> None:
    result = pool_map(invert, [1, 0, 2], return_exceptions=True, progress=False)
    assert [type(each) for each in result] == [float, ZeroDivisionError, float]
    assert [type(each).__name__ for each in pickle.loads(pickle.dumps(result))] == [
        "float",
        "ZeroDivisionError",
        "float",
    ]


def test_the_storage_is_filled_though_nobody_waits() -> None:
    result = pool_map(double, iter(range(3)), block=False, progress=False)
    concurrent.futures.wait([result._job.ended], 10)
    callbacks_have_run()
    assert list.__eq__(result, [0, 2, 4])


def test_an_array_of_a_result_whose_size_is_not_known_is_whole_or_an_error() -> None:
    """`array` asks for the size of the storage, and then for each value."""
    result = pool_map(
        double_behind_the_gate, iter(range(90)), chunksize=1, block=False, progress=False
    )
    assert result._job.items.total is None
    open_later()
    with pytest.raises(IndexError):
        array.array("i", result)
    assert array.array("i", result).tolist() == [*range(0, 180, 2)]


def test_a_result_that_was_awaited_is_the_same_list() -> None:
    async def program() -> Any:
        result = pool_map(double, range(3), block=False, progress=False)
        awaited = await result
        assert awaited is result
        return awaited

    awaited = asyncio.run(program())
    assert isinstance(awaited, MapResult)
    assert list.__eq__(awaited, [0, 2, 4])


def test_results_are_gathered() -> None:
    async def program() -> list[Any]:
        results = [pool_map(double, [x], block=False, progress=False) for x in (1, 2)]
        return list(await asyncio.gather(*results))

    assert asyncio.run(program()) == [[2], [4]]


def test_a_job_that_was_stopped_gives_no_short_list() -> None:
    read = threading.Event()

    def items() -> Iterator[int]:
        yield from range(1000)
        read.set()
        yield from iter(int, 1)  # endless

    result = pool_map(double, items(), block=False, progress=False)
    assert read.wait(30)
    values = iter(result)
    assert [next(values) for _ in range(3)] == [0, 2, 4]
    result.cancel()
    done, _ = concurrent.futures.wait([result._job.ended], 30)
    assert done
    assert result.partial()[:3] == [0, 2, 4]
    for use in (list, sorted, json.dumps, lambda r: r == [0, 2, 4]):
        with pytest.raises(IndexError, match=r"not read|was cancelled"):
            use(result)


def test_an_index_out_of_range_is_one_as_in_a_list() -> None:
    result = pool_map(double_behind_the_gate, range(3), block=False, progress=False)
    for index in (3, -4):
        with pytest.raises(IndexError, match="the job has 3 items"):
            result[index]
    GATE.set()
    result.wait()
    for index in (3, -4):
        with pytest.raises(IndexError):
            result[index]
    assert result[-1] == 4


def test_a_list_with_failures_says_how_many_and_where_to_look() -> None:
    result = pool_map(invert, [1, 0, 2], return_exceptions=True, progress=False)
    said = "  # 1 of 3 items failed: see `.failed`"
    assert repr(result) == repr(list(result)) + said
    shown = pretty(result)
    assert " ".join(shown.split()) == " ".join(repr(result).split())
    assert "ZeroDivisionError('division by zero')" in repr(result)


def test_a_long_list_is_printed_as_ipython_prints_lists() -> None:
    result = pool_map(double, range(2000), progress=False)
    assert pretty(result) == pretty(list(result))
    assert pretty(result).endswith("...]")
    assert repr(result) == repr(list(result))


def test_a_retry_puts_new_values_into_the_list() -> None:
    result = pool_map(invert, [1, 0, 2], return_exceptions=True, progress=False)
    assert result.retry_failed(fn=double, progress=False) is result
    assert list.__eq__(result, [1.0, 0, 0.5])


def test_a_changed_list_is_not_retried() -> None:
    result = pool_map(invert, [1, 0, 2], return_exceptions=True, progress=False)
    result.pop(0)
    with pytest.raises(RuntimeError, match="this list was changed"):
        result.retry_failed(progress=False)
    assert len(result) == 2


def test_nothing_holds_a_result_that_nobody_has(pool: WorkerPoolExecutor) -> None:
    class Value:
        pass

    result = pool_map(lambda _: Value(), range(2), progress=False)
    here = weakref.ref(result)
    concurrent.futures.wait([result._job.ended], 10)
    callbacks_have_run(pool)
    del result
    gc.collect()
    assert here() is None


def test_a_task_may_return_a_result_and_take_one() -> None:
    def inner(n: int) -> Any:
        from jupyterlite_pool import pool_map

        return pool_map(lambda x: (x, bytes([x]) * 10), range(n))

    outer = pool_map(inner, [2, 3], progress=False)
    assert [type(each) for each in outer] == [list, list]
    assert outer[1] == [(x, bytes([x]) * 10) for x in range(3)]
    given = pool_map(double, range(3), progress=False)
    assert pool_map(lambda r: [type(r).__name__, r], [given], progress=False) == [
        ["list", [0, 2, 4]]
    ]
    assert pool_map(lambda x: given[x], range(3), progress=False) == [0, 2, 4]
