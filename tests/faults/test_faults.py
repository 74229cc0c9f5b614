"""Each fault, once or many times, at instants drawn at random, to a pool that has work to do."""

from __future__ import annotations

import ast

import pytest

from tests.support.kernel import Kernel

from . import ROUNDS, SEED
from .conftest import INSIDE
from .report import Record

#: Names of the faults: this process never runs them.
FAULTS = [
    node.name
    for node in ast.parse((INSIDE / "faults.py").read_text("utf-8")).body
    if isinstance(node, ast.AsyncFunctionDef)
    and any(isinstance(d, ast.Call) and d.func.id == "fault" for d in node.decorator_list)  # type: ignore[attr-defined]
]

#: As shares of an ordinary start: until a fault is known, and until all workers are back, with a
#: spare at hand. What a machine does beside may cost more than all that, so single rounds are given
#: these seconds besides.
KNOWN, BACK, BESIDE = 0.02, 0.05, 2.0

#: These take their time before anything is wrong, or start a pool.
SLOW = {"fills_memory", "is_shut_down", "has_too_much_to_do"}


@pytest.mark.timeout(60 + 30 * ROUNDS)
@pytest.mark.parametrize("name", FAULTS)
def test_fault(ill_treated: Kernel, boot: float, record: Record, name: str) -> None:
    for number in range(ROUNDS):
        seed = (SEED + 1_000_003 * number) % 2**32
        outcome = ill_treated.value(f"await run_round(executor, {name!r}, {seed})")
        record.rounds.append({**outcome, "boot": boot})
        assert outcome["lost"] == 0
        assert outcome["duplicated"] == 0
        assert outcome["failed elsewhere"] == []
        assert outcome["next"] is True
        assert outcome["tasks"] > 3
        if name not in SLOW:
            assert outcome["detect"] <= KNOWN * boot + BESIDE
            assert outcome["recover"] <= BACK * boot + BESIDE


def test_every_fault_is_found() -> None:
    assert len(FAULTS) >= 24
    assert set(FAULTS) >= SLOW
