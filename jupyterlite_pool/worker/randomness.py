"""A random stream of its own for each item of a job."""

from __future__ import annotations

import random
import sys


def seed_item(seed: int, index: int) -> None:
    """Seed this worker's global generators for one item, whatever ran here before.

    Item `index` of a job with this seed always draws the same numbers, on whichever worker it runs.
    numpy's global generator is seeded where numpy has been imported, from a spawned `SeedSequence`
    (https://numpy.org/doc/stable/reference/random/parallel.html).
    """
    random.seed(f"{seed}:{index}")
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        sequence = numpy.random.SeedSequence(seed, spawn_key=(index,))
        numpy.random.seed(sequence.generate_state(8))
