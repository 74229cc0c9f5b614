"""A random stream of its own for each item of a job."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager


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


def unseed() -> None:
    """Let this worker draw numbers again that nobody can foresee, after seeded items."""
    random.seed()
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        numpy.random.seed()


@contextmanager
def own_stream(seed: int, index: int) -> Iterator[None]:
    """`seed_item` for the body alone: what the notebook draws after it is as if it had not been."""
    state = random.getstate()
    numpy = sys.modules.get("numpy")
    others = None if numpy is None else numpy.random.get_state()
    seed_item(seed, index)
    try:
        yield
    finally:
        random.setstate(state)
        if numpy is not None:
            numpy.random.set_state(others)
