"""Calls to a pool before its JavaScript is loaded."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from jupyterlite_pool.backends.pyodide.early import EarlyPool

POOL_TS = Path(__file__).parents[4] / "labextension" / "src" / "broker" / "brokeredPool.ts"


class Recorder:
    """A pool that notes what it is asked."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []

    def __getattr__(self, name: str) -> Any:
        return lambda *args: self.calls.append((name, *args))


def repeated(early: EarlyPool) -> list[tuple[Any, ...]]:
    pool = Recorder()
    early.repeat(pool)
    return pool.calls


def test_everything_is_repeated_once_in_its_order() -> None:
    early = EarlyPool()
    early.put("f", b"payload", [])
    early.submit(0, b"calls", None, ["f"], None, None)
    early.drop("f")
    early.submit(1, b"more", None, [], 3, None)
    assert repeated(early) == [
        ("put", "f", b"payload", []),
        ("submit", 0, b"calls", None, ["f"], None, None),
        ("drop", "f"),
        ("submit", 1, b"more", None, [], 3, None),
    ]
    assert repeated(early) == []


def test_a_batch_that_is_cancelled_is_never_submitted() -> None:
    early = EarlyPool()
    early.submit(0, b"")
    early.submit(1, b"")
    assert early.cancel(0) is True
    assert early.cancel(0) is False
    assert early.cancel(7) is False
    assert repeated(early) == [("submit", 1, b"")]
    assert early.cancel(1) is False  # the pool has it now


def test_there_are_no_workers_to_speak_of() -> None:
    early = EarlyPool()
    early.kill(0, "terminated", "stopped by its owner", None)
    early.wake()
    early.scale(3)
    assert list(early.workers) == []
    assert early.spares == 0
    assert repeated(early) == []


def test_after_the_end_nothing_is_repeated() -> None:
    early = EarlyPool()
    early.submit(0, b"")
    early.terminate()
    assert repeated(early) == []


def test_the_pool_itself_has_the_same_members() -> None:
    text = POOL_TS.read_text("utf-8")
    stood_in_for = {name for name in vars(EarlyPool) if not name.startswith("_")} - {"repeat"}
    assert "submit" in stood_in_for
    for name in stood_in_for:
        assert re.search(rf"^  (get )?{name}\(", text, re.MULTILINE), name
