"""Causes each fault, once or many times, at random instants, in a pool that has tasks."""

from __future__ import annotations

import ast
import statistics
from typing import Any

import pytest

from tests.support.kernel import Kernel

from . import MANY, ROUNDS, SEED, rounds
from .conftest import INSIDE
from .report import Record

#: The names of the faults, read from the source: only kernels run them.
FAULTS = [
    node.name
    for node in ast.parse((INSIDE / "faults.py").read_text("utf-8")).body
    if isinstance(node, ast.AsyncFunctionDef)
    and any(isinstance(d, ast.Call) and d.func.id == "fault" for d in node.decorator_list)  # type: ignore[attr-defined]
]

#: Seconds that a single round may take beyond its targets: other work of the machine may take
#: longer than everything that is measured. With `MANY` rounds, the median gets no such seconds.
BESIDE = 2.0

#: The share of its time limit by which a task may exceed it.
OVERRUN = 0.1


@pytest.mark.timeout(60 + 30 * ROUNDS)
@pytest.mark.parametrize("name", FAULTS)
def test_fault(ill_treated: Kernel, boot: float, record: Record, name: str) -> None:
    outcomes: list[dict[str, Any]] = []
    for number in rounds():
        seed = (SEED + 1_000_003 * number) % 2**32
        outcome = ill_treated.value(f"await run_round(executor, {name!r}, {seed})")
        outcomes.append(outcome)
        record.rounds.append({**outcome, "boot": boot})
        assert outcome["lost"] == 0
        assert outcome["duplicated"] == 0
        assert outcome["failed elsewhere"] == []
        assert outcome["next"] is True
        assert outcome["tasks"] > 3
        if outcome["targets"]:
            known, back = outcome["targets"]
            assert outcome["detect"] <= known * boot + BESIDE
            assert outcome["recover"] <= back * boot + BESIDE
    if ROUNDS >= MANY and outcomes[0]["targets"]:
        known, back = outcomes[0]["targets"]
        assert statistics.median(outcome["detect"] for outcome in outcomes) <= known * boot
        assert statistics.median(outcome["recover"] for outcome in outcomes) <= back * boot
        assert statistics.median(outcome.get("overrun", 0) for outcome in outcomes) <= OVERRUN
        if outcomes[0]["must replace"] is None:  # most tasks stop in time, and their workers stay
            assert statistics.median(outcome["replaced"] for outcome in outcomes) == 0


#: Faults of each kind, while the notebook computes. A task that prints without end is none of them:
#: its words keep the broker busy, and on two cores the notebook and a worker leave it little time.
OF_EACH_KIND = ["raises", "exits", "vanishes", "loops", "throws_late"]


@pytest.mark.timeout(400)
@pytest.mark.parametrize("name", OF_EACH_KIND)
def test_fault_while_the_notebook_computes(ill_treated: Kernel, name: str) -> None:
    outcome = ill_treated.value(f"await run_round_while_computing(executor, {name!r}, {SEED})")
    assert outcome["lost"] == 0
    assert outcome["duplicated"] == 0
    assert outcome["failed elsewhere"] == []
    assert outcome["next"] is True


def test_every_fault_is_found() -> None:
    assert len(FAULTS) >= 24
    assert len(set(FAULTS)) == len(FAULTS)
