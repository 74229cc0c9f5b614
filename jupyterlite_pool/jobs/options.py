"""The options of a job."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

from .chunks import TARGET_SECONDS

#: How to show what items print: as it comes, item by item, or worker by worker.
Grouping = Literal["order", "item", "worker"]

GROUPINGS: tuple[Grouping, ...] = get_args(Grouping)


class Again(NamedTuple):
    """Which items of an earlier run a job runs again; they keep numbers and random streams."""

    #: Their indices in the first run, in the order of this one.
    indices: Sequence[int]
    #: How many items the first run had; None if that is not known.
    total: int | None


@dataclass(frozen=True)
class MapOptions:
    """How to run a function over items; `pool_map` says what each option does."""

    #: Whether iterables of different lengths are an error.
    strict: bool = False
    #: How many items travel together; None to adapt it to how long they take.
    chunksize: int | None = None
    #: Whether every item runs, although some fail.
    return_exceptions: bool = False
    #: How often an item runs again whose worker was lost.
    retries: int = 0
    #: Seconds that one item may take; None for no limit.
    task_timeout: float | None = None
    #: From which each item's random numbers follow; None to leave them alone.
    seed: int | None = None
    #: At most this many workers run the job at once; None for all.
    max_workers: int | None = None
    #: How many workers the pool had, if these were fewer than `max_workers`; None otherwise.
    granted: int | None = None
    #: How many chunks of items to read ahead of the values that were asked for; None to read items
    #: as the pool has room for them.
    buffersize: int | None = None
    group_outputs: Grouping = "order"
    #: Whether each item is a tuple of arguments.
    starmap: bool = False
    #: How many items there will probably be: shown where an iterable does not say.
    total: int | None = None
    #: The name of the job for people; None for the function's.
    label: str | None = None
    #: Whether it is one call, such as a cell in the background: nobody speaks of its items.
    single: bool = False
    #: Whether each item travels alone, since a worker is replaced after this many batches.
    alone: bool = False
    #: Seconds that a batch of adapted size should take; the backend knows.
    batch_seconds: float = TARGET_SECONDS
    #: Whether the caller waits for the job, and reads its items if that takes long.
    waited: bool = False
    #: The items that run again; None for a first run.
    again: Again | None = None


#: What holds where nobody says otherwise.
DEFAULTS = MapOptions()
