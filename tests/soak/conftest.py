"""How much of it there is time for, and what came of it."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.conftest import ROOT

#: Minutes that the whole may take; 0 for a small part of each.
MINUTES = float(os.environ.get("MINUTES", "0"))

FILE = ROOT / "build" / "soak.json"


class Effort:
    """How often to do something: as often as it was asked, as far as there is time."""

    def __init__(self, kept: dict[str, Any]) -> None:
        self._kept = kept

    def times(self, full: int, share: float, least: int) -> Iterator[int]:
        """Numbers from 0, up to `full`, for a share of the minutes; at least `least`."""
        deadline = time.monotonic() + MINUTES * 60 * share
        for number in range(full if MINUTES else least):
            if number >= least and time.monotonic() > deadline:
                return
            yield number

    def keep(self, words: str, **figures: Any) -> None:
        """Keep what came of it."""
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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Each may take the whole time there is."""
    for item in items:
        if "/soak/" in str(item.path):
            item.add_marker(pytest.mark.timeout(240 + 60 * MINUTES))
