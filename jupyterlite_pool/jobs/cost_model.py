"""How long a job takes on an engine: a model of what starts, batches, items and bytes cost.

The costs are figures of `python -m benchmarks.predictions`, which also compares predictions with
runs. In a browser, the start of four workers lies between rows 1 and 17 of the benchmark: some
sites have a snapshot. `docs/scaling.md` says what follows from the model.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from .chunks import GROWTH, TARGET_SECONDS

#: A prediction looks at about this many pieces of a job, or this many for each worker. Each is of
#: one batch or more.
PIECES, PIECES_PER_WORKER = 4096, 8

#: After this many batches one can be as large as any job is.
MOST_GROWTH = 20


class Costs(NamedTuple):
    """What an engine costs beside the work itself, in seconds."""

    #: Until the first batch of a job begins.
    trip: float
    #: Of the notebook's processor for each batch and item, each byte there, and each byte back.
    batch: float
    item: float
    sent: float
    returned: float
    #: Until workers are ready: once, and for each worker if it has a core of its own.
    start: float
    start_worker: float
    #: How long Python takes there for what CPython does in a second.
    pace: float
    #: How many seconds a batch should take.
    batch_seconds: float = TARGET_SECONDS


#: The costs of the engines, by their names.
COSTS: dict[str, Costs] = {
    "pyodide": Costs(0.001, 0.0006, 3.5e-6, 1.1e-9, 2e-9, 1.0, 0.2, 2.0),
    "local": Costs(0.0005, 0.0002, 1.8e-6, 0.9e-9, 1.1e-9, 0.3, 0.03, 1.0),
    "dask": Costs(0.02, 0.012, 8e-6, 3.1e-9, 2.5e-9, 0.0, 0.0, 1.0, 0.5),
}


class Sample(NamedTuple):
    """What is known of the items of a job."""

    #: How many items the job has.
    items: int
    #: Seconds that some of the items take, in the order of the items and evenly spread over them.
    seconds: Sequence[float]
    #: Bytes of an item, and of its result.
    sent: float = 0.0
    returned: float = 0.0

    @property
    def mean(self) -> float:
        """Seconds of an item."""
        return sum(self.seconds) / len(self.seconds)

    def like(self, first: int, count: int) -> float:
        """Seconds of some items: each takes as long as the nearest one that is known."""
        known = len(self.seconds)
        places = (place * known // self.items for place in (first, first + count // 2))
        before, middle = (self.seconds[min(place, known - 1)] for place in places)
        return count * (before + middle) / 2


def predict(
    sample: Sample, workers: int, costs: Costs, *, pace: float = 1.0, started: bool = True
) -> float:
    """Seconds that a job takes.

    Batches go to workers as they become free, as the pool does it. The notebook prepares them one
    after the other, and takes their results; workers have so much less of the processor.

    Args:
        sample: the job.
        workers: how many workers there are, each with a core of its own.
        costs: those of the engine.
        pace: how long Python takes there for what takes a second where the sample was taken.
        started: whether the workers are ready.
    """
    if not sample.items:
        return 0.0
    size = max(1, int(costs.batch_seconds / max(sample.mean * pace, 1e-9)))
    each = costs.item + sample.sent * costs.sent + sample.returned * costs.returned
    free = [0.0] * min(workers, sample.items)
    notebook = 0.0
    for first, count in _pieces(sample.items, size, workers):
        handling = count * each + max(1.0, count / size) * costs.batch
        notebook += handling
        begins = max(heapq.heappop(free), notebook)
        heapq.heappush(free, begins + sample.like(first, count) * pace + handling)
    start = 0.0 if started else costs.start + workers * costs.start_worker
    return start + costs.trip + max(free)


def _pieces(items: int, size: int, workers: int) -> Iterator[tuple[int, int]]:
    """The first item and the number of items of each piece of a job.

    They grow at the beginning and shrink near the end, as batches do. Batches of a long job are
    taken together: it is in the same state for most of its time.

    Args:
        size: how many items a batch has otherwise.
    """
    most = max(PIECES, PIECES_PER_WORKER * workers)
    first = 0
    for i in itertools.count():
        left = items - first
        if not left:
            return
        grown = GROWTH ** min(i, MOST_GROWTH)
        count = max(1, min(size, grown, left // (2 * workers)), left // max(1, most - i))
        yield first, min(left, count)
        first += min(left, count)
