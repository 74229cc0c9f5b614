"""`estimate`: how long a job will take here, in a loop, and on other engines."""

from __future__ import annotations

import itertools
import pickle
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence, Sized
from typing import Any

from ..errors import PoolStartError
from ..jobs.cost_model import COSTS, Costs, Sample, predict
from ..jobs.options import Again, MapOptions
from ..notebook.progress import clock
from ..waiting.browser import can_block
from ..wire.payload import encode
from .map_result import MapResult
from .pool_map import run_again, start
from .shared import get_reusable_executor

#: A machine of so many cores is named beside the time here.
CORES = 16

#: The first items may be slow because a worker imports something. Others are measured after them,
#: unless the first ones took more seconds than that.
LONG = 5.0

#: Seconds that the others should take on all workers together, and how many there are at most.
SECONDS, MOST = 1.0, 1000

#: How many items and results are looked at for their sizes.
WEIGHED = 8

#: Waits for one result after the other: where the browser can pause Python, and where it cannot.
Steps = Generator[MapResult[Any], MapResult[Any], "Estimate"]


class Estimate:
    """How long a job will probably take; its text says it in one line.

    Attributes:
        items: how many items the job has.
        seconds: how long it will take here, on the workers that there are.
        serial: how long a loop over the items would take here.
        workers: how many workers there are.
        measured: how many items have run for the estimate.
    """

    def __init__(self, sample: Sample, workers: int, costs: Costs) -> None:
        self.items = sample.items
        self.workers = workers
        self.measured = len(sample.seconds)
        self.seconds = predict(sample, workers, costs)
        self.serial = sample.items * sample.mean if sample.items else 0.0
        self._sample = sample
        self._costs = costs

    def on(self, engine: str, workers: int) -> float:
        """Seconds that the job would take on an engine, with the start of its workers.

        How fast Python is there, is known of plain Python; code of numpy may be faster or slower.

        Args:
            engine: "pyodide", "local" or "dask".
            workers: how many workers there would be, each with a core of its own.

        Raises:
            ValueError: there are no figures of this engine, or there would be no worker.
        """
        if engine not in COSTS:
            known = ", ".join(map(repr, COSTS))
            raise ValueError(f"there are no figures of an engine {engine!r}, only of {known}")
        if workers < 1:
            raise ValueError(f"workers must be at least 1, not {workers}")
        costs = COSTS[engine]
        pace = costs.pace / self._costs.pace
        return predict(self._sample, workers, costs, pace=pace, started=False)

    def __repr__(self) -> str:
        if not self.items:
            return "nothing to do: there are no items"
        workers = "1 worker" if self.workers == 1 else f"{self.workers} workers"
        text = (
            f"about {in_words(self.seconds)} here on {workers}, {in_words(self.serial)} in a loop"
        )
        if self._costs is not COSTS["local"] or self.workers < CORES:
            text += f"; {in_words(self.on('local', CORES))} on {CORES} cores of a machine"
        return f"{text} ({self.measured:,} of {self.items:,} items were measured)"

    def __await__(self) -> Generator[Any, None, Estimate]:
        return self
        yield


class _Measuring:
    """An estimate that is being made where the browser cannot pause Python."""

    def __init__(self, steps: Steps) -> None:
        self._steps = steps

    def __repr__(self) -> str:
        return "this browser cannot pause Python: write `await estimate(f, xs)`"

    def __await__(self) -> Generator[Any, None, Estimate]:
        steps = self._steps
        try:
            result = next(steps)
            while True:
                yield from result.__await__()
                result = steps.send(result)
        except StopIteration as end:
            estimate: Estimate = end.value
            return estimate


def estimate(
    fn: Callable[..., Any],
    /,
    *iterables: Iterable[Any],
    starmap: bool = False,
    total: int | None = None,
) -> Estimate:
    """How long `pool_map(fn, *iterables)` will probably take.

    Runs the function for a few items on the pool: one for each worker, and more if that ends at
    once. So it takes as long as one item, or about two seconds. Where the browser cannot pause
    Python, write `await estimate(fn, xs)`, which works everywhere.

    Args:
        fn: what to call.
        *iterables: the items, as for `pool_map`. Of one without a length the first items are taken
            out of it.
        starmap: take each item as a tuple of arguments.
        total: how many items there are, if an iterable does not say.

    Returns:
        The estimate. Its text says it in a line; `seconds` is the time here, and
        `on("local", 16)` the time on another engine.

    Raises:
        TypeError: an iterable has no length, and `total` is not given.
        Exception: what an item raised, as `pool_map` raises it.
    """
    __tracebackhide__ = True  # IPython leaves this frame out of tracebacks
    steps = _measure(fn, _Items(iterables, starmap, total))
    if not can_block():
        return _Measuring(steps)  # type: ignore[return-value] # it is one when it was awaited
    try:
        result = next(steps)
        while True:
            result = steps.send(result.wait())
    except StopIteration as end:
        made: Estimate = end.value
        return made


class _Items:
    """The items of the job, of which some are run."""

    def __init__(
        self, iterables: Sequence[Iterable[Any]], starmap: bool, total: int | None
    ) -> None:
        self._starmap = starmap
        columns: list[Any]
        if all(isinstance(each, Sized) for each in iterables):
            columns = [each if _has_places(each) else list(each) for each in iterables]
        elif total is None:
            raise TypeError(
                "an iterable does not say how many items it has: write estimate(f, xs, total=…)"
            )
        else:
            first = list(itertools.islice(zip(*iterables, strict=False), MOST))
            columns = [list(column) for column in zip(*first, strict=True)] or [[]]
        self._columns = columns
        self._there = min(len(column) for column in columns)
        self.total = self._there if total is None or not self._there else total

    def spread(self, count: int) -> list[int]:
        """The numbers of some items, evenly spread over those that are at hand."""
        count = min(count, self._there)
        return [(2 * i + 1) * self._there // (2 * count) for i in range(count)]

    def arguments(self, index: int) -> tuple[Any, ...]:
        """The arguments of a call."""
        row = tuple(column[index] for column in self._columns)
        return tuple(row[0]) if self._starmap else row


def _has_places(items: object) -> bool:
    return hasattr(items, "__getitem__") and not isinstance(items, Mapping)


def _measure(fn: Callable[..., Any], items: _Items) -> Steps:
    """Run an item on each worker, and then others."""
    if not items.total:
        return Estimate(Sample(0, []), 1, COSTS["local"])
    size, costs = _engine()
    numbers = items.spread(size)
    result = yield _run(fn, items, numbers)
    seconds = _seconds(result)
    mean = sum(seconds) / len(seconds)
    if mean <= LONG:
        numbers = items.spread(min(MOST, max(size, int(SECONDS * size / max(mean, 1e-6)))))
        result = yield _run(fn, items, numbers)
        seconds = _seconds(result)
    weighed = list(zip(numbers, result, strict=True))[:: max(1, len(numbers) // WEIGHED)]
    sent = sum(_bytes(items.arguments(number)) for number, _ in weighed) / len(weighed)
    returned = sum(_bytes(value) for _, value in weighed) / len(weighed)
    return Estimate(Sample(items.total, seconds, sent, returned), size, costs)


def _engine() -> tuple[int, Costs]:
    """How many workers there are, and what their engine costs."""
    try:
        backend = get_reusable_executor()._pool.backend
    except PoolStartError:  # the items run in the notebook's own Python, with a warning
        return 1, COSTS["local"]
    return backend.size, getattr(backend, "costs", COSTS["local"])


def _run(fn: Callable[..., Any], items: _Items, numbers: Sequence[int]) -> MapResult[Any]:
    """Run some items; errors name them by their own numbers."""
    arguments = [items.arguments(number) for number in numbers]
    options = MapOptions(starmap=True, waited=can_block(), again=Again(numbers, items.total))
    return MapResult(start(fn, [arguments], options, None, None)[0], run_again)


def _seconds(result: MapResult[Any]) -> list[float]:
    """What each item took, in the order of the items."""
    timings = result._job.outcomes.timings.by_item()
    return [timings[index].seconds for index in sorted(timings)]


def _bytes(value: object) -> int:
    try:
        return encode(value).nbytes
    except pickle.PicklingError:  # a value whose worker could send it, but not the notebook
        return 0


def in_words(seconds: float) -> str:
    """Seconds with two digits, and long times as clocks show them: `42 ms`, `3.1 s`, `2:05`."""
    if seconds >= 100:
        return clock(seconds)
    if seconds >= 0.1:
        return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.2g} s"
    return f"{seconds * 1000:.2g} ms"
