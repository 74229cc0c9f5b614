"""What the timeline of a page asks a kernel."""

from __future__ import annotations

import concurrent.futures
from typing import Any

import pytest

from jupyterlite_pool import WorkerPoolExecutor
from jupyterlite_pool.api.history import History
from jupyterlite_pool.api.pool_map import pool_map
from jupyterlite_pool.commands.page_questions import answer
from tests.support.settled import callbacks_have_run, workers_are_ready


@pytest.fixture(autouse=True)
def _history(monkeypatch: pytest.MonkeyPatch, history: History) -> None:
    monkeypatch.setattr("jupyterlite_pool.api.item_details.history", history)


def asked(what: str, **fields: Any) -> Any:
    return answer({"what": what, **fields})["value"]


def invert(x: int) -> float:
    return 1 / x


def test_a_timeline_is_drawn_clicked_and_an_item_runs_again(pool: WorkerPoolExecutor) -> None:
    items = [1, 0]
    workers_are_ready(pool)
    result = pool_map(invert, items, progress=False, return_exceptions=True)
    concurrent.futures.wait([result._job.ended], 10)
    callbacks_have_run(pool)
    number = pool._pool.number
    bars = asked("bars", pool=number, since=0)
    job = result._job.number
    assert [job, "invert"] in bars["works"]
    assert asked("bars", pool=number, since=bars["next"])["micros"] == []
    found = asked("details", job=job, item=1)
    assert (found["arguments"], found["retry"]) == ("0", True)
    assert "ZeroDivisionError" in found["error"]
    assert asked("retry", job=job, item=1) == "Item 1 runs again."
    concurrent.futures.wait([result._runs.last.ended], 10)
    again = result._runs.last.number
    assert [again, "invert"] in asked("bars", pool=number, since=bars["next"])["works"]


@pytest.mark.parametrize(
    "question",
    [
        {"what": "bars", "pool": 1.5, "since": 0},
        {"what": "bars", "pool": 10**9, "since": 0},
        {"what": "details", "job": "1", "item": 0},
        {"what": "retry", "job": 1},
    ],
)
def test_what_makes_no_sense_is_answered_with_a_text(
    pool: WorkerPoolExecutor, question: dict[str, Any]
) -> None:
    assert set(answer(question)) == {"error"}
