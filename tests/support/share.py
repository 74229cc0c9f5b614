"""A share of the long tests: as many of their files as fit into the seconds of a run.

All of them take the better part of an hour. So the run for a change does some of them, which the
seed decides, and says how many it has left. `make test-all` leaves none.
"""

from __future__ import annotations

import math
import os
import random
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

#: Tests begin only within this many seconds from the start of a run. The others are skipped, with
#: `LEFT` as the reason.
SECONDS = float(os.environ.get("SHARE", "inf"))

#: When the run has begun, by the clock that its processes share.
BEGAN = float(os.environ.setdefault("SHARE_BEGAN", str(time.time())))

LEFT = "left to another run: `make test-all` has them all, SHARE=… more of them"

Test = TypeVar("Test")


def described() -> str:
    """What this run does of its tests, in words."""
    if math.isinf(SECONDS):
        return "all tests"
    return f"tests begin for {SECONDS:g} s, file by file, in an order that SEED decides"


def in_order(tests: Iterable[tuple[Path, Test]], seed: int) -> list[Test]:
    """Tests in the order of their files that a seed decides; those of a file stay together.

    Args:
        tests: each with its file, in an order that is kept within the file.
        seed: the same in all processes of a run.
    """
    files: dict[Path, list[Test]] = {}
    for file, test in tests:
        files.setdefault(file, []).append(test)
    names = sorted(files)
    random.Random(seed).shuffle(names)
    return [test for name in names for test in files[name]]


def over() -> bool:
    """Whether the seconds of this run are over."""
    return time.time() - BEGAN > SECONDS
