"""What a click on an item's bar shows, and running the item again."""

from __future__ import annotations

import concurrent.futures
import json
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from jupyterlite_pool import WorkerPoolExecutor
from jupyterlite_pool.api.background import run_in_background
from jupyterlite_pool.api.history import History
from jupyterlite_pool.api.item_details import TEXT, details_of, retry_item
from jupyterlite_pool.api.map_result import MapResult
from jupyterlite_pool.api.pool_map import pool_map
from jupyterlite_pool.jobs.work_log import Kind, State
from jupyterlite_pool.notebook.bars import bars_of
from jupyterlite_pool.worker.cell_bodies import BackgroundCell
from tests.support.gate import GATE, wait_at_the_gate

FIXED: list[int] = []

#: Is set when a task has begun.
BEGUN = threading.Event()


def begin_and_wait(n: int) -> int:
    BEGUN.set()
    return wait_at_the_gate(n)


@pytest.fixture(autouse=True)
def _history(monkeypatch: pytest.MonkeyPatch, history: History, pool: WorkerPoolExecutor) -> None:
    monkeypatch.setattr("jupyterlite_pool.api.item_details.history", history)
    FIXED.clear()
    BEGUN.clear()


def odd(n: int) -> int:
    if n % 2 == 0 and n not in FIXED:
        raise ValueError(f"{n} is even")
    return n


def run(function: Any = odd, items: Any = (1, 2, 3, 4), **options: Any) -> MapResult[Any]:
    return pool_map(function, items, progress=False, return_exceptions=True, **options)


def details(result: MapResult[Any], item: int) -> dict[str, Any]:
    found = details_of(result._job.number, item)
    assert json.loads(json.dumps(found)) == found
    return found


def test_of_a_failed_item_everything_is_kept() -> None:
    result = run()
    result._job.outcomes.output[1] = "looks at 2\n"
    found = details(result, 1)
    assert found["arguments"] == "2"
    assert found["output"] == "looks at 2\n"
    assert "in odd" in found["error"], "it has the traceback of the worker"
    assert "ValueError: 2 is even" in found["error"]
    assert "item 1 of 4" in found["error"]
    assert found["retry"]


def test_of_an_item_with_a_value_the_arguments_are_not_kept() -> None:
    found = details(run(), 0)
    assert found == {
        "known": True,
        "arguments": None,
        "output": "",
        "error": None,
        "retry": False,
    }


def test_an_item_that_runs_shows_its_arguments() -> None:
    result = pool_map(wait_at_the_gate, [5, 6], progress=False, block=False)
    found = details(result, 0)
    assert found["arguments"] == "5"
    assert not found["retry"]
    assert retry_item(result._job.number, 0) == "Item 0 has neither failed nor been cancelled."
    GATE.set()
    result.wait()


def test_long_texts_show_their_end() -> None:
    result = run()
    result._job.outcomes.output[0] = "x" * (2 * TEXT) + "end"
    output = details(result, 0)["output"]
    assert len(output) == TEXT + 1
    assert output.startswith("…x")
    assert output.endswith("xend")


def test_nothing_is_known_of_a_job_that_is_gone() -> None:
    assert details_of(10**9, 0) == {
        "known": False,
        "arguments": None,
        "output": "",
        "error": None,
        "retry": False,
    }
    assert retry_item(10**9, 0).startswith(f"Nothing of job {10**9} is kept")


def test_one_item_runs_again_and_the_others_do_not() -> None:
    result = run()
    FIXED.extend([2, 4])
    assert retry_item(result._job.number, 3) == "Item 3 runs again."
    concurrent.futures.wait([result._runs.last.ended], 10)
    assert result.partial()[3] == 4
    assert [*result.failed] == [1]
    # The run of the item is a job of its own, whose items have the numbers of the first one.
    again = result._runs.last.number
    assert details_of(again, 3)["known"]
    assert not details_of(again, 1)["known"]
    assert retry_item(again, 3) == "Item 3 has neither failed nor been cancelled."


def test_what_cannot_run_again_says_why() -> None:
    number = run()._job.number  # nobody has the result, but the history keeps it: it has failures
    assert retry_item(number, 0) == "Item 0 has neither failed nor been cancelled."
    result = run()
    result[0] = 10
    assert "changed" in retry_item(result._job.number, 1)


def test_a_cell_in_the_background_runs_again_in_the_notebook() -> None:
    job = run_in_background(BackgroundCell(None, "", "1 / 0", {}, "<cell>"), label="cell")
    concurrent.futures.wait([job], 10)
    assert retry_item(job.number, 0) == "A cell runs again where it stands in the notebook."


def test_a_pool_knows_what_its_workers_did_and_do(pool: WorkerPoolExecutor) -> None:
    result = run()
    gate = pool_map(begin_and_wait, [0, 1], progress=False, block=False, chunksize=1)
    assert BEGUN.wait(30)
    call = pool.submit(abs, -1)
    answer = bars_when(pool, lambda answer: len(answer["running"]["worker"]) == 2)
    labels = [label for _, label in answer["works"]]
    assert "odd" in labels
    states = {
        (number, state)
        for work, state, kind in zip(
            *(answer["stretches"][name] for name in ("work", "state", "kind")), strict=True
        )
        for number in [answer["works"][work][0]]
        if kind == Kind.ITEM
    }
    number = result._job.number
    assert {(number, State.DONE), (number, State.FAILED)} <= states
    assert answer["stretches"]["kind"].count(Kind.STARTING) >= 1
    now = [answer["works"][work] for work in answer["running"]["work"]]
    assert [gate._job.number, "begin_and_wait"] in now
    assert len(answer["running"]["worker"]) == len(set(answer["running"]["worker"]))
    GATE.set()
    gate.wait()
    assert call.result() == 1
    assert (0, "abs") in [work[:2] for work in _works(pool)]


def bars_when(
    pool: WorkerPoolExecutor, condition: Callable[[dict[str, Any]], bool]
) -> dict[str, Any]:
    """The bars of a pool as soon as they are as expected: workers report from their threads."""
    deadline = time.monotonic() + 10
    while True:
        with pool._pool.dispatcher.lock:
            answer = bars_of(*pool._pool.work())
        if condition(answer):
            return answer
        assert time.monotonic() < deadline, answer
        time.sleep(0.001)


def _works(pool: WorkerPoolExecutor) -> list[Any]:
    return [each.work for each in pool._pool.work()[0].since(0) if each.work is not None]
