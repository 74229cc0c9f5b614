"""Faults that tests cause in a pool under load, at random instants."""

from __future__ import annotations

import os
import random

#: How often each fault happens: `make faults ROUNDS=100`.
ROUNDS = int(os.environ.get("ROUNDS", "1"))

#: Decides all instants. It is printed, and `SEED=…` sets it again.
SEED = int(os.environ.get("SEED", random.SystemRandom().randrange(2**32)))
