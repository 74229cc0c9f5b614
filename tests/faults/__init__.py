"""What can go wrong with a pool is done to it, under load, at instants drawn at random."""

from __future__ import annotations

import os
import random

#: How often each fault happens: `make faults ROUNDS=100`.
ROUNDS = int(os.environ.get("ROUNDS", "1"))

#: Decides all instants; printed, and given again by `SEED=…`.
SEED = int(os.environ.get("SEED", random.SystemRandom().randrange(2**32)))
