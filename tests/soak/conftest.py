"""How much the long tests do in the time that they have, and the record of their figures."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.conftest import ROOT

#: Minutes that all long tests may take together; 0 for a small part of each.
MINUTES = float(os.environ.get("MINUTES", "0"))

FILE = ROOT / "build" / "soak.json"


class Effort:
    """Counts repetitions, up to the time that there is, and keeps figures."""

    def __init__(self, kept: dict[str, Any]) -> None:
        self._kept = kept

    def times(self, full: int, share: float, least: int) -> Iterator[int]:
        """Count from 0.

        Args:
            full: how many numbers to give if there is time.
            share: the share of all minutes after which to stop.
            least: how many numbers to give in any case, and the only ones without `MINUTES`.
        """
        deadline = time.monotonic() + MINUTES * 60 * share
        for number in range(full if MINUTES else least):
            if number >= least and time.monotonic() > deadline:
                return
            yield number

    def keep(self, words: str, **figures: Any) -> None:
        """Keep the figures of a test, under the words of the table."""
        self._kept[words] = {**figures, "minutes": MINUTES}
        print(words, figures)


@pytest.fixture(scope="session")
def effort() -> Iterator[Effort]:
    kept: dict[str, Any] = {}
    yield Effort(kept)
    if kept and MINUTES:
        FILE.parent.mkdir(exist_ok=True)
        others = json.loads(FILE.read_text("utf-8")) if FILE.exists() else {}
        FILE.write_text(json.dumps({**others, **kept}, indent=1) + "\n", "utf-8")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let each long test take the whole time."""
    for item in items:
        if "/soak/" in str(item.path):
            item.add_marker(pytest.mark.timeout(240 + 60 * MINUTES))
            item.add_marker("long")
