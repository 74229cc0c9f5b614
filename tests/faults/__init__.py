"""Faults that tests cause in a pool under load, at random instants."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator

#: How often each fault happens: `make faults ROUNDS=100`.
ROUNDS = int(os.environ.get("ROUNDS", "1"))

#: From this many rounds on, medians are judged and the machine's pace is measured for each fault.
MANY = 20

#: Seconds that all rounds but the first of each fault may take in one process.
BUDGET = float(os.environ.get("BUDGET", "inf"))

#: Decides all instants. It is printed, and `SEED=…` sets it again, in other processes of a run too.
SEED = int(os.environ.setdefault("SEED", str(random.SystemRandom().randrange(2**32))))

_spent = 0.0


def rounds() -> Iterator[int]:
    """The numbers of a fault's rounds: one in any case, others while the budget lasts."""
    global _spent
    yield 0
    for number in range(1, ROUNDS):
        if _spent >= BUDGET:
            return
        began = time.monotonic()
        yield number
        _spent += time.monotonic() - began
