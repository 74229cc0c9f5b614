"""`MapResult`: the results of a `pool_map`, and every way to wait for them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Generator, Iterator, Sequence
from concurrent.futures import CancelledError, Future
from typing import Any, Generic, TypeVar, overload

from ..jobs.arrivals import Completed
from ..jobs.job import MapJob
from ..jobs.runs import Runs
from ..jobs.timings import Timing
from ..tracebacks import attach, notes_of, set_notes, shorten
from ..waiting.browser import can_block
from ..waiting.waits import EndOf, wait_done
from .options import check_seconds

T = TypeVar("T")

#: What to write where the browser cannot pause Python.
INSTEAD = "results = await pool_map(f, xs)"


class MapResult(Sequence[T], Generic[T]):
    """The results of a `pool_map`, in the order of the items.

    While the job runs, `await`, `async for`, `repr`, `cancel`, `partial` and `as_completed` always
    work; indexing and iteration wait for what is not there yet, where the browser can pause Python.
    """

    def __init__(self, job: MapJob, rerun: Callable[..., MapResult[T]]) -> None:
        """Show a job.

        Args:
            rerun: runs items again; it is called like `pool_map`, and returns the same.
        """
        self._job = job
        self._runs = Runs(job)
        self._rerun = rerun

    def __len__(self) -> int:
        """How many items there are. Waits if that is not known yet."""
        if self._job.items.total is None:
            self.wait()
        return self._job.items.total or 0

    @overload
    def __getitem__(self, index: int) -> T: ...

    @overload
    def __getitem__(self, index: slice) -> list[T]: ...

    def __getitem__(self, index: int | slice) -> T | list[T]:
        __tracebackhide__ = True  # IPython leaves this frame out of tracebacks
        if isinstance(index, slice):
            return [self._item(i) for i in range(*index.indices(len(self)))]
        place = index + len(self) if index < 0 else index
        total = self._job.items.total
        if place < 0 or (total is not None and place >= total):
            raise IndexError(f"there is no item {index}: the job has {total} items")
        return self._item(place)

    def __iter__(self) -> Iterator[T]:
        __tracebackhide__ = True
        index = 0
        while self._may_have(index):
            arrival = self._runs.arrival(index)
            self._wait_for(arrival)
            if not arrival.result(0) and not self._runs.is_cancelled(index):
                return
            yield self._get(index)
            index += 1

    async def __aiter__(self) -> AsyncIterator[T]:
        __tracebackhide__ = True
        index = 0
        while self._may_have(index):
            arrival = self._runs.arrival(index)
            await self._end_of(arrival)
            if not arrival.result(0) and not self._runs.is_cancelled(index):
                return
            yield self._get(index)
            index += 1

    def __await__(self) -> Generator[object, None, list[T]]:
        return self._gather().__await__()

    def __repr__(self) -> str:
        runs, label, total = self._runs, self._job.label, self._job.items.total
        values, failures = runs.values, runs.failures
        if runs.active:
            failed = f", {len(failures)} failed" if failures else ""
            size = "?" if total is None else total
            return f"<MapResult of {label}: {len(values)}/{size} done{failed}>"
        if len(values) == total:
            return repr([values[i] for i in range(total)])
        return (
            f"<MapResult of {label}: {len(values)} of {total} done, "
            f"{len(failures)} failed, {len(runs.cancelled)} cancelled>"
        )

    def wait(self, timeout: float | None = None) -> MapResult[T]:
        """Wait for the end of the job.

        Args:
            timeout: seconds to wait; None for as long as it takes.

        Raises:
            TypeError: `timeout` is no number.
            TimeoutError: it did not end in time; it goes on.
            BlockingUnavailableError: it has not ended, and the browser cannot pause Python.
            KeyboardInterrupt: the kernel was interrupted; the job is cancelled with what runs.
            Exception: the first one that an item raised, unless exceptions are returned.
        """
        __tracebackhide__ = True
        check_seconds("timeout", timeout, positive=False)
        settled = self._runs.last.settled
        self._wait_for(settled, timeout)
        self._check(settled)
        return self

    def done(self) -> bool:
        """Whether nothing of the job runs or waits any more."""
        return not self._runs.active

    def cancel(self, running: bool = False) -> None:
        """Start no more items; whoever waits gets `CancelledError`.

        Those that run finish in the background.

        Args:
            running: cancel them, too; their workers are stopped and replaced.
        """
        if running:
            self._runs.abort()
        else:
            self._runs.last.fail(CancelledError("the job was cancelled"))

    def partial(self, default: Any = None) -> list[Any]:
        """The results so far, with `default` for every item that has none."""
        size = self._job.items.total
        values, failures = self._runs.values, self._runs.failures
        if size is None:
            size = max([-1, *values, *failures]) + 1
        if self._job.options.return_exceptions:
            values = {**failures, **values}
        return [values.get(i, default) for i in range(size)]

    def as_completed(self) -> AsCompleted[T]:
        """Pairs of index and value in the order in which they arrive; for `for` and `async for`."""
        return AsCompleted(self, self._runs.completed())

    @property
    def failed(self) -> dict[int, BaseException]:
        """The exceptions so far, by index."""
        return dict(sorted(self._runs.failures.items()))

    @property
    def stdout(self) -> dict[int, str]:
        """What items printed, by index; an item that printed nothing is not in it."""
        return dict(sorted(self._job.outcomes.output.items()))

    def retry_failed(self, **options: Any) -> MapResult[T]:
        """Run the items again that failed or were cancelled, and nothing else.

        Args:
            **options: options of `pool_map` for this run.

        Returns:
            This result, with the new outcomes of these items.

        Raises:
            Exception: the first one that an item raised this time, unless exceptions are returned.
        """
        __tracebackhide__ = True
        again = sorted({*self._runs.failures, *self._runs.cancelled})
        if not again:
            return self
        inputs = zip(*self._runs.inputs(again), strict=True)
        rerun = self._rerun(self._job.function, *inputs, **{**options, "block": False})
        self._runs.add(rerun._job, again)
        return self.wait() if can_block() and options.get("block") is not False else self

    def timeline(self) -> list[Timing]:
        """When and where each item ran, in the order in which they started."""
        timings = self._job.outcomes.timings.by_item()
        return sorted(timings.values(), key=lambda timing: timing.start)

    def insights(self) -> str:
        """In a sentence or two: how busy the workers were, and which items took longest."""
        timings = [timing for timing in self.timeline() if timing.worker is not None]
        if not timings:
            return "no item has run on a worker"
        workers = {timing.worker for timing in timings}
        busy = sum(timing.seconds for timing in timings)
        share = busy / max(self._job.outcomes.timings.working() * len(workers), 1e-9)
        slowest = sorted(timings, key=lambda timing: -timing.seconds)[:3]
        names = ", ".join(f"{timing.item} ({timing.seconds:.2g} s)" for timing in slowest)
        count = "1 worker" if len(workers) == 1 else f"{len(workers)} workers"
        return f"{count}, {min(share, 1):.0%} busy; slowest items: {names}"

    def _may_have(self, index: int) -> bool:
        total = self._job.items.total
        return total is None or index < total

    def _item(self, index: int) -> T:
        __tracebackhide__ = True
        self._wait_for(self._runs.arrival(index))
        return self._get(index)

    def _get(self, index: int) -> T:
        """The result of an item that has ended."""
        __tracebackhide__ = True
        run, item = self._runs.place(index)
        values, failures = run.outcomes.values, run.outcomes.failures
        if item in values:
            return values[item]  # type: ignore[no-any-return]
        if item in failures:
            if self._job.options.return_exceptions:
                return failures[item]  # type: ignore[return-value]
            raise failures[item]
        settled = self._runs.last.settled
        error = settled.exception(0) if settled.done() else None
        if error is not None and any(error is each for each in self._runs.failures.values()):
            raise self._attach_to(error) from error.__cause__  # the item was cancelled for it
        raise IndexError(f"item {index} was cancelled before it ran; `retry_failed` runs it")

    async def _gather(self) -> list[T]:
        __tracebackhide__ = True
        await finished(self)
        return [self._get(i) for i in range(len(self))]

    def _wait_for(
        self, future: Future[Any], timeout: float | None = None, instead: str = INSTEAD
    ) -> None:
        __tracebackhide__ = True
        try:
            wait_done(future, timeout, instead, self._runs.abort)
        except KeyboardInterrupt as error:
            self.cancel()
            self._attach_to(error)
            raise

    async def _end_of(self, future: Future[Any]) -> None:
        __tracebackhide__ = True
        try:
            await EndOf(future, self._runs.abort)
        except KeyboardInterrupt as error:
            self._attach_to(error)
            raise

    def _check(self, settled: Future[None]) -> None:
        """Raise the error with which a run has settled, if there is one."""
        __tracebackhide__ = True
        error = settled.exception(0)
        if error is not None:
            raise self._attach_to(error) from error.__cause__

    def _attach_to(self, error: BaseException) -> BaseException:
        """The error, with these results and a line that says so."""
        attach(error, "map_result", self)
        if isinstance(error, (CancelledError, KeyboardInterrupt)):
            shorten(error)
        count = len(self._runs.values)
        kept = "1 item finished and is" if count == 1 else f"{count} items finished and are"
        note = f"{kept} kept in `error.map_result`"
        notes = [text for text in notes_of(error) if not text.endswith("`error.map_result`")]
        set_notes(error, [*notes, note])
        return error


async def finished(result: MapResult[T]) -> MapResult[T]:
    """A result when its job has settled: `MapResult.wait`, to be awaited."""
    __tracebackhide__ = True
    settled = result._runs.last.settled
    try:
        await result._end_of(settled)
    except asyncio.CancelledError:  # the task that awaits it was cancelled
        result.cancel()
        raise
    result._check(settled)
    return result


class AsCompleted(Generic[T]):
    """Pairs of index and value as they arrive, for `for` and for `async for`."""

    def __init__(self, result: MapResult[T], completed: Completed) -> None:
        self._result = result
        self._completed = completed

    def __iter__(self) -> Iterator[tuple[int, T]]:
        __tracebackhide__ = True
        while (found := self._completed.look()) is not None:
            if isinstance(found, int):
                yield found, self._result._get(found)
            else:
                self._result._wait_for(found, instead="async for index, value in …")

    async def __aiter__(self) -> AsyncIterator[tuple[int, T]]:
        __tracebackhide__ = True
        while (found := self._completed.look()) is not None:
            if isinstance(found, int):
                yield found, self._result._get(found)
            else:
                await self._result._end_of(found)
