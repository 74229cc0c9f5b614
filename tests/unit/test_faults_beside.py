"""What is read from the calls of a pool after a fault."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.faults.beside import outcome
from tests.faults.beside.outcome import HEAD, Beside, judge, table


def call(at: float | None, worker: str = "a", error: str | None = None) -> dict[str, Any]:
    return {"at": at, "value": None if error else worker, "error": error, "message": error}


def told(faulty: dict[str, Any], others: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    common = {"start": 2.0, "instant": 1.0, "next": [call(9.0)], "calls": others}
    return {**common, "faulty": faulty, "others": others, **more}


def test_both_workers_are_back_when_the_second_one_is_heard_of() -> None:
    others = [call(0.9, "b"), call(1.1, "a"), call(1.2, "a"), call(1.5, "b"), call(1.4, "b")]
    assert judge(told(call(1.0, error="ValueError"), others)).back == pytest.approx(0.4)


def test_one_worker_alone_is_never_both() -> None:
    others = [call(0.9, "b"), call(1.1, "a"), call(1.2, "b", error="Lost"), call(None, "b")]
    found = judge(told(call(None), others))
    assert found.back is None
    assert (found.ends, found.failed, found.unended) == ("never", 1, 1)


def test_next_calls_count_only_with_a_value() -> None:
    after = [call(9.0), call(9.1, error="Lost"), call(None)]
    assert judge(told(call(1.0), [], next=after)).ran == 1


def test_the_table_has_a_line_for_each_pool_and_says_who_is_absent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outcome, "FILE", tmp_path / "beside.json")
    run = Beside()
    workers = [call(1.1, "a"), call(1.5, "b")]
    for pool in (outcome.CPYTHON, outcome.OURS):
        run.add(pool, "raises", lambda _: told(call(1.0, error="ValueError"), workers))
    run.absent[outcome.LOKY] = "it is not installed"
    run.write()
    later = Beside()
    later.add(outcome.CPYTHON, "raises", lambda _: told(call(None), [call(None)]))
    later.write()

    lines = table(json.loads(outcome.FILE.read_text("utf-8"))).splitlines()
    ours, native = lines[2:4]
    assert outcome.OURS in ours
    assert ours.endswith("| `ValueError` | 0 | 1 | 0.50 s (0.25) |")
    assert native.startswith("|  | CPython | never |")
    assert native.endswith("| 0, and 1 never ended | 1 | never |")
    assert {line.count("|") for line in lines[2:4]} == {HEAD.splitlines()[0].count("|")}
    assert lines[-1] == "loky could not be had: it is not installed."
