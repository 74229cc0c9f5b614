"""`estimate`: how long a job will take here, in a loop, and on other engines."""

from __future__ import annotations

import pickle
import time
from collections.abc import Callable, Generator, Iterable, Sequence, Sized
from typing import Any, TypeGuard

from ..errors import PoolStartError
from ..jobs.cost_model import COSTS, Costs, Sample, predict
from ..jobs.options import Again, MapOptions
from ..notebook.progress import clock
from ..waiting.browser import IN_BROWSER, can_block
from ..wire.payload import encode
from .history import keep
from .map_result import MapResult
from .options import check_count
from .pool_map import check_items, run_again, start
from .shared import get_reusable_executor

#: A machine of this many cores is named beside the time here.
CORES = 16

#: The first items may be slow because a worker imports something. Others are measured after them,
#: unless the first ones took more seconds than that.
LONG = 5.0

#: Seconds that the others should take on all workers together, and how many there are at most.
SECONDS, MOST = 1.0, 1000

#: Seconds that reading items may take, of an iterable without a length.
READING = 1.0

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
        measured: on how many items the estimate is based.
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

        The figures of other engines are of plain Python; code of numpy may gain more, or less.

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
        self._made: Estimate | None = None

    def __repr__(self) -> str:
        return "this browser cannot pause Python: write `await estimate(f, xs)`"

    def __await__(self) -> Generator[Any, None, Estimate]:
        if self._made is None:
            steps = self._steps
            try:
                result = next(steps)
                while True:
                    yield from result.__await__()
                    result = steps.send(result)
            except StopIteration as end:
                self._made = end.value
        assert self._made is not None
        return self._made


def estimate(
    fn: Callable[..., Any],
    /,
    *iterables: Iterable[Any],
    starmap: bool = False,
    total: int | None = None,
) -> Estimate:
    """How long `pool_map(fn, *iterables)` will probably take.

    Runs the function for a few items on the pool: one for each worker, and then some others, if
    there are any. So it takes as long as two items, or about two seconds, and does what the
    function does for them. No item runs twice. Items are measured while all workers are busy, as
    in the job. Where the browser cannot pause Python, write `await estimate(fn, xs)`, which works
    everywhere.

    Args:
        fn: what to call.
        *iterables: the items, as for `pool_map`. Of one without a length, the first items are
            taken out of it: a thousand of them, or as many as come within a second.
        starmap: take each item as a tuple of arguments.
        total: how many items there are, if an iterable does not say.

    Returns:
        The estimate. Its text says it in a line; `seconds` is the time here, and
        `on("local", 16)` the time on another engine.

    Raises:
        TypeError: an iterable has no length, and `total` is not given; or `fn` is no function, or
            there is nothing to map it over.
        ValueError: `total` is negative.
        Exception: what an item raised, as `pool_map` raises it.
    """
    __tracebackhide__ = True  # IPython leaves this frame out of tracebacks
    check_items(fn, iterables, starmap)
    check_count("total", total, 0, optional=True)
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
        #: Items that are at hand: a column for each argument.
        self._columns: list[Sequence[Any]]
        sized = all(isinstance(each, Sized) for each in iterables)
        if sized:
            self._columns = [each if _has_places(each) else list(each) for each in iterables]
        elif total is None:
            raise TypeError(
                "an iterable does not say how many items it has: write estimate(f, xs, total=…)"
            )
        else:
            self._columns = [*zip(*_first(zip(*iterables, strict=False)), strict=True)] or [[]]
        self._there = min(len(column) for column in self._columns)
        self.total = self._there if sized or total is None or not self._there else total

    def spread(self, count: int) -> list[int]:
        """The numbers of some items, evenly spread over those that are at hand."""
        there = min(self._there, self.total)
        count = min(count, there)
        return [(2 * i + 1) * there // (2 * count) for i in range(count)]

    def arguments(self, index: int) -> tuple[Any, ...]:
        """The arguments of a call."""
        row = tuple(column[index] for column in self._columns)
        return tuple(row[0]) if self._starmap else row


def _has_places(items: object) -> TypeGuard[Sequence[Any]]:
    """Whether its items can be had by their numbers; those of a pandas object have labels."""
    is_array = type(items).__module__ == "numpy" and hasattr(items, "__getitem__")
    return isinstance(items, (Sequence, MapResult)) or is_array


def _first(rows: Iterable[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """The first items of an iterable that may be slow."""
    until = time.perf_counter() + READING
    first: list[tuple[Any, ...]] = []
    for row in rows:
        first.append(row)
        if len(first) == MOST or time.perf_counter() > until:
            break
    return first


def _measure(fn: Callable[..., Any], items: _Items) -> Steps:
    """Run an item on each worker, and then others."""
    if not items.total:
        return Estimate(Sample(0, []), 1, _DEFAULT)
    size, costs = _engine()
    numbers = items.spread(size)
    calls = [items.arguments(number) for number in numbers]
    result = yield _run(fn, items, numbers, calls)
    seconds, size = _seconds(result), _workers(result, size)
    mean = sum(seconds) / len(seconds)
    count = min(MOST, max(size, int(SECONDS * size / max(mean, 1e-6))))
    others = [each for each in items.spread(len(numbers) + count) if each not in numbers][:count]
    if mean <= LONG and others:
        calls = [items.arguments(number) for number in others]
        result = yield _run(fn, items, others, calls)
        seconds = _seconds(result)
    weighed = list(zip(calls, result, strict=True))[:: max(1, len(calls) // WEIGHED)]
    sent = sum(_bytes(call) for call, _ in weighed) / len(weighed)
    returned = sum(_bytes(value) for _, value in weighed) / len(weighed)
    return Estimate(Sample(items.total, seconds, sent, returned), size, costs)


#: What is assumed of an engine that says nothing, or does not work.
_DEFAULT = COSTS["pyodide" if IN_BROWSER else "local"]


def _engine() -> tuple[int, Costs]:
    """How many workers there are, and what their engine costs."""
    try:
        backend = get_reusable_executor()._pool.backend
    except PoolStartError:  # the items run in the notebook's own Python, with a warning
        return 1, _DEFAULT
    return backend.size, getattr(backend, "costs", _DEFAULT)


def _workers(result: MapResult[Any], size: int) -> int:
    """How many workers run items: one, if the notebook runs them itself, as no worker starts."""
    timings = result._job.outcomes.timings.by_item().values()
    return size if any(timing.worker is not None for timing in timings) else 1


def _run(
    fn: Callable[..., Any], items: _Items, numbers: Sequence[int], calls: Sequence[Any]
) -> MapResult[Any]:
    """Run some items; errors name them by their own numbers."""
    options = MapOptions(starmap=True, waited=can_block(), again=Again(numbers, items.total))
    result: MapResult[Any] = MapResult(start(fn, [calls], options, None, None)[0], run_again)
    keep(result)  # an error says where to find what has finished
    return result


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
    if seconds >= 99.5:
        return clock(seconds + 0.5)
    if seconds >= 0.0995:
        return f"{seconds:.0f} s" if seconds >= 9.95 else f"{seconds:.2g} s"
    return f"{seconds * 1000:.2g} ms" if seconds >= 1e-5 else "less than 0.01 ms"
