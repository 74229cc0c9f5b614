"""The table of faults beside other pools: how it reads outcomes from calls, and its lines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.faults.beside import outcome
from tests.faults.beside.driving import CALLS, OUTSIDE
from tests.faults.beside.outcome import FAULTS, HEAD, OURS_ALONE, Beside, faults_of, judge, table
from tests.faults.beside.tasks import INITIALIZERS, JUNK, TASKS
from tests.faults.beside.test_beside import PROMISES
from tests.faults.test_faults import FAULTS as INSIDE


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


def test_what_is_called_off_or_forged_is_told_apart() -> None:
    others = [call(1.1), call(1.2, error="CancelledError"), call(1.2, error="Lost")]
    found = judge(told(call(1.0, JUNK), others))
    assert (found.ends, found.failed, found.cancelled) == (outcome.FORGED, 1, 1)


def test_the_faults_are_those_that_are_done_to_the_pool_alone_in_their_order() -> None:
    assert [name for name in FAULTS if name in INSIDE] == [
        name for name in INSIDE if name not in OURS_ALONE
    ]


def test_every_fault_has_what_does_it_and_a_promise() -> None:
    assert TASKS.keys() | CALLS.keys() == {*FAULTS, "other"}
    assert PROMISES.keys() == FAULTS.keys()
    assert faults_of(outcome.OURS) == list(FAULTS)
    assert OUTSIDE.keys() | INITIALIZERS.keys() <= FAULTS.keys()
    script = Path(outcome.__file__).with_name("workerpool.js").read_text("utf-8")
    assert [name for name in OUTSIDE if f"{name}: callAnd" not in script] == []


def test_a_pool_that_cannot_have_a_fault_has_no_figures() -> None:
    found = {"start": 2.0, **judge(told(call(1.0), []))._asdict()}
    pools = {
        outcome.OURS: {"waits_within_a_wait": found, "is_shut_down": {**found, "cancelled": 3}},
        outcome.WORKERPOOL: {"is_shut_down": found},
    }
    lines = table({"pools": pools, "absent": {}}).splitlines()
    assert f"|  | {outcome.WORKERPOOL} | – | – | – | – |" in lines
    # A pool that was shut down gets no more calls.
    words = FAULTS["is_shut_down"].words
    assert f"| {words} | {outcome.OURS} | its value | 0, and 3 cancelled | – | – |" in lines


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
