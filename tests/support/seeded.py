"""Random numbers of items that have a seed: the same on every engine."""

from __future__ import annotations

import random

SEED, ITEMS = 7, 3


def draw(_: int) -> float:
    return random.random()


#: What the items draw.
DRAWN = [0.7014016190307873, 0.9892911693150237, 0.2514189165270887]
