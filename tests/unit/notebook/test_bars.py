"""The bars of a timeline, as a page is told of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from jupyterlite_pool.jobs.work_log import Kind, Running, State, Work, WorkLog
from jupyterlite_pool.notebook import bars
from jupyterlite_pool.notebook.bars import bars_of

F, G = Work(1, "f"), Work(2, "g")


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> tuple[WorkLog, list[float]]:
    """A log, and the clock that it reads."""
    now = [0.0]
    time = SimpleNamespace(monotonic=lambda: now[0])
    for module in ("jobs.work_log", "notebook.bars"):
        monkeypatch.setattr(f"jupyterlite_pool.{module}.time", time)
    return WorkLog(), now


def said(log: WorkLog, running: Sequence[Running] = (), since: int = 0) -> dict[str, Any]:
    answer = bars_of(log, running, since)
    assert json.loads(json.dumps(answer)) == answer
    return answer


def test_stretches_are_told_in_columns(log: tuple[WorkLog, list[float]]) -> None:
    work, now = log
    now[0] = 1.0
    work.ready(0)
    now[0] = 3.0
    work.add(0, F, State.DONE, [0, 1, 2], [0.25, 0.25, 0.5])
    work.add(None, G, State.FAILED, [7], [1.5])
    answer = said(work)
    assert answer["stretches"] == {
        "worker": [0, 0, -1],
        "end": [1.0, 3.0, 3.0],
        "work": [-1, 0, 1],
        "kind": [1, 0, 0],
        "state": [1, 1, 2],
        "count": [1, 3, 1],
        "first": [0, 0, 7],
    }
    assert answer["items"] == []
    assert answer["micros"] == [1_000_000, 250_000, 250_000, 500_000, 1_500_000]
    assert answer["works"] == [[1, "f"], [2, "g"]]
    assert answer["workers"] == [[0, 1.0, None]]
    assert (answer["now"], answer["next"], answer["more"]) == (3.0, 3, False)


def test_items_that_do_not_follow_one_another_are_listed(
    log: tuple[WorkLog, list[float]],
) -> None:
    work, _ = log
    work.add(0, F, State.DONE, [0, 2, 4], [0.1] * 3)
    work.add(0, F, State.DONE, [5, 6], [0.1] * 2)
    work.add(0, F._replace(numbers=[40, 20]), State.DONE, [0, 1], [0.1] * 2)
    answer = said(work)
    assert answer["stretches"]["first"] == [-1, 5, -1]
    assert answer["items"] == [0, 2, 4, 40, 20], "by the numbers of the first run"
    assert answer["works"] == [[1, "f"]]


def test_only_what_is_new_is_told(log: tuple[WorkLog, list[float]]) -> None:
    work, _ = log
    work.add(0, F, State.DONE, [0], [0.1])
    first = said(work)
    assert said(work, since=first["next"])["micros"] == []
    work.add(0, F, State.DONE, [1], [0.2])
    assert said(work, since=first["next"])["micros"] == [200_000]
    # What was seen of another log says nothing of this one.
    assert said(work, since=1000)["micros"] == [100_000, 200_000]


def test_an_answer_has_a_limit(
    log: tuple[WorkLog, list[float]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bars, "AT_ONCE", 5)
    work, _ = log
    for first in (0, 4, 8):
        work.add(0, F, State.DONE, range(first, first + 4), [0.1] * 4)
    seen, since = [], 0
    while True:
        answer = said(work, since=since)
        seen.append(answer["stretches"]["first"])
        since = answer["next"]
        if not answer["more"]:
            break
    assert seen == [[0], [4], [8]]
    work.add(0, F, State.DONE, range(50), [0.1] * 50)
    assert said(work, since=since)["stretches"]["count"] == [50], "one is never divided"


def test_what_was_forgotten_is_counted(log: tuple[WorkLog, list[float]]) -> None:
    work = WorkLog(most=4)
    for first in (0, 3, 6):
        work.add(0, F, State.DONE, range(first, first + 3), [0.1] * 3)
    answer = said(work)
    assert answer["forgotten"] == 6
    assert answer["stretches"]["first"] == [6]
    assert answer["next"] == 3


def test_what_is_heard_late_and_at_once_lies_one_behind_the_other(
    log: tuple[WorkLog, list[float]],
) -> None:
    work, now = log
    now[0] = 10.0
    work.add(0, F, State.DONE, [0], [2.0])
    work.add(1, F, State.DONE, [1], [3.0])
    work.add(0, F, State.DONE, [2], [4.0])
    assert said(work)["stretches"]["end"] == [6.0, 10.0, 10.0]


def test_what_runs_now_is_told_each_time(log: tuple[WorkLog, list[float]]) -> None:
    work, now = log
    now[0] = 5.0
    running = [
        Running(4.0, 0, F._replace(numbers=[9, 8]), Kind.ITEM, 1),
        Running(2.0, 1, None, Kind.PREPARING, 0),
    ]
    for since in (0, 0):
        answer = said(work, running, since)
        assert answer["running"] == {
            "worker": [0, 1],
            "begin": [4.0, 2.0],
            "work": [0, -1],
            "kind": [0, 2],
            "item": [8, 0],
        }
    assert answer["works"] == [[1, "f"]]


def test_a_hundred_thousand_items_are_told_in_a_few_bytes_each(
    log: tuple[WorkLog, list[float]],
) -> None:
    work, now = log
    for batch in range(100):
        now[0] += 0.05
        work.add(batch % 4, F, State.DONE, range(batch * 1000, batch * 1000 + 1000), [5e-5] * 1000)
    size = count = since = 0
    while True:
        answer = said(work, since=since)
        size += len(json.dumps(answer))
        count += len(answer["micros"])
        since = answer["next"]
        if not answer["more"]:
            break
    assert count == 100_000
    assert size < 6 * count
