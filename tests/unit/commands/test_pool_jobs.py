"""`%pool jobs` and `%pool job N`: what became of the last jobs."""

from __future__ import annotations

import concurrent.futures
import gc
import re
from typing import Any

import pytest
from IPython.core.error import UsageError

from jupyterlite_pool.api.map_result import MapResult
from jupyterlite_pool.api.pool_map import pool_map
from jupyterlite_pool.commands.background import BackgroundCells
from jupyterlite_pool.commands.magics import PoolMagics
from tests.support.gate import GATE, wait_at_the_gate
from tests.support.settled import callbacks_have_run

pytestmark = pytest.mark.usefixtures("pool", "history")


@pytest.fixture
def magics() -> PoolMagics:
    return PoolMagics(None, BackgroundCells())


def invert(x: int) -> float:
    return 1 / x


def ended(result: MapResult[Any]) -> MapResult[Any]:
    for run in result._runs.all:
        concurrent.futures.wait([run.ended], 10)
    callbacks_have_run()
    return result


def table(magics: PoolMagics) -> list[list[str]]:
    """The cells of the table that `%pool jobs` shows."""
    return [re.split(r"  +", line) for line in repr(magics.pool("jobs")).splitlines()]


def test_jobs_are_listed_with_what_became_of_them(magics: PoolMagics) -> None:
    assert table(magics) == [["no job was started so far"]]
    good = ended(pool_map(invert, [1, 2], label="good", progress=False))
    bad = ended(pool_map(invert, [1, 0], return_exceptions=True, progress=False))
    ended(pool_map(invert, [4], label="nobody has it", progress=False))
    gc.collect()
    running = pool_map(wait_at_the_gate, iter([1]), block=False, progress=False)
    numbers = [result._job.number for result in (good, bad, running)]
    head, *rows = table(magics)
    assert head == ["job", "name", "state", "time", "items", "failed", "result"]
    assert rows == [
        [f"{numbers[0]}", "good", "done", "0:00", "2/2", "0", f"%pool job {numbers[0]}"],
        [f"{numbers[1]}", "invert", "done", "0:00", "1/2", "1", f"%pool job {numbers[1]}"],
        [f"{numbers[1] + 1}", "nobody has it", "done", "0:00", "1/1", "0", "gone"],
        [f"{numbers[2]}", "wait_at_the_gate", rows[3][2], "0:00", rows[3][4], "0", "runs"],
    ]
    assert rows[3][2] in ("running", "collecting")


def test_a_job_gives_its_result_back(magics: PoolMagics) -> None:
    result = pool_map(invert, [1, 2], progress=False)
    assert magics.pool(f"job {result._job.number}") is result


def test_a_result_that_nobody_has_is_said_to_be_gone(magics: PoolMagics) -> None:
    result = ended(pool_map(invert, [1, 2], progress=False))
    number = result._job.number
    del result
    gc.collect()
    with pytest.raises(UsageError, match=f"the result of job {number} is gone"):
        magics.pool(f"job {number}")


@pytest.mark.parametrize("number", ["0", "x"])
def test_a_job_that_is_none_is_named(magics: PoolMagics, number: str) -> None:
    with pytest.raises(UsageError, match=f"there is no job {number}. `%pool jobs` shows"):
        magics.pool(f"job {number}")


def test_items_that_run_again_are_cancelled_by_the_number_of_their_job(
    magics: PoolMagics,
) -> None:
    result = ended(pool_map(invert, [1, 0], return_exceptions=True, progress=False))
    result.retry_failed(fn=wait_at_the_gate, block=False, progress=False)
    assert not result.done()
    magics.pool(f"cancel {result._job.number}")
    assert ended(result).done()
    assert not GATE.is_set()
    with pytest.raises(UsageError, match="there is no job '0'"):
        magics.pool("cancel 0")


def test_the_magics_take_the_options_of_pool_map() -> None:
    from jupyterlite_pool.commands.magic_lines import parse_options

    line = "--total 3 --starmap --seed 5 --timeout 1.5 f xs"
    options = {"total": 3, "starmap": True, "seed": 5, "timeout": 1.5}
    assert parse_options(line) == (options, "f xs")
