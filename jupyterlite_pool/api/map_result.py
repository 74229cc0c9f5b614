"""`MapResult`: the results of a `pool_map`, and every way to wait for them."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import AsyncIterator, Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError, Future
from typing import Any, Generic, TypeVar

from ..jobs.arrivals import Completed
from ..jobs.job import MapJob
from ..jobs.options import Again
from ..jobs.runs import Rerun, Runs
from ..tracebacks import attach, notes_of, set_notes, shorten
from ..waiting.browser import can_block
from ..waiting.waits import EndOf, wait_done
from ..worker.current_worker import current_worker
from .failures import KEPT, what_is_kept
from .names_of_options import OF_RETRY, check_names_of_options
from .options import check_seconds
from .report import Report

T = TypeVar("T")

#: What to write where the browser cannot pause Python.
INSTEAD = "results = await pool_map(f, xs)"


class MapResult(Report[T]):
    """The results of a `pool_map`: a list, in the order of the items.

    While the job runs, `await`, `async for`, `repr`, `cancel`, `partial` and `as_completed` always
    work. Whatever reads or changes the list waits for what is not there yet, where the browser can
    pause Python. If an item has failed, reading its value raises its error, unless exceptions are
    returned. Copies, also by `pickle`, are plain lists of the values.
    """

    def __init__(self, job: MapJob, rerun: Rerun) -> None:
        """Show a job.

        Args:
            rerun: runs items again.
        """
        super().__init__(job.items.total)
        self._job = job
        self._runs = Runs(job)
        self._rerun = rerun
        self._return_exceptions = job.options.return_exceptions
        #: Are told when the job ends, and when items run again.
        self._observers: list[Callable[[MapResult[Any]], object]] = []
        self._fill_at_the_end_of(job)

    # What a `LateList` asks.

    def _size(self) -> int:
        __tracebackhide__ = True  # IPython leaves this frame out of tracebacks
        if self._job.items.total is None:
            self._wait_for(self._job.ended)
        return self._job.items.total or 0

    def _item(self, index: int) -> T:
        __tracebackhide__ = True
        total = self._job.items.total
        if index < 0 or (total is not None and index >= total):
            raise IndexError(f"there is no item {index}: the job has {total} items")
        self._wait_for(self._runs.arrival(index))
        return self._get(index)

    def _each(self) -> Iterator[T]:
        __tracebackhide__ = True
        index = 0
        while self._may_have(index):
            self._wait_for(self._runs.arrival(index))
            if not self._runs.is_there(index):
                break
            yield self._get(index)
            index += 1
        self._check_iterable()

    def _whole(self) -> None:
        __tracebackhide__ = True
        if not self._filled:
            self._wait_for(self._runs.last.settled)  # one wait for all items
            super()._whole()

    async def __aiter__(self) -> AsyncIterator[T]:
        __tracebackhide__ = True
        index = 0
        while self._may_have(index):
            await self._end_of(self._runs.arrival(index))
            if not self._runs.is_there(index):
                break
            yield self._get(index)
            index += 1
        self._check_iterable()

    def __await__(self) -> Generator[object, None, MapResult[T]]:
        return finished(self).__await__()

    def wait(self, timeout: float | None = None) -> MapResult[T]:
        """Wait for the end of the job.

        Args:
            timeout: seconds to wait; None for as long as it takes.

        Raises:
            TypeError: `timeout` is no number.
            TimeoutError: it did not end in time; it goes on.
            BlockingUnavailableError: it has not ended, and the browser cannot pause Python.
            KeyboardInterrupt: the kernel was interrupted, and the whole job is cancelled.
            Exception: the first one that an item raised, unless exceptions are returned.
        """
        __tracebackhide__ = True
        check_seconds("timeout", timeout, positive=False)
        settled = self._runs.last.settled
        self._wait_for(settled, timeout)
        self._check(settled)
        for run in self._runs.all[:-1]:  # of a failed run, some items may still have run
            self._wait_for(run.ended, timeout)
        self._fill_if_complete()
        return self

    def done(self) -> bool:
        """Whether nothing of the job runs or waits any more."""
        return not self._runs.active

    def cancel(self, running: bool = False) -> None:
        """Start no more items; whoever waits gets `CancelledError`.

        Those that run finish in the background.

        Args:
            running: cancel them, too. They get a `KeyboardInterrupt`; a worker whose item does not
                end within a second is replaced.
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
        if self._return_exceptions:
            values = {**failures, **values}
        return [values.get(i, default) for i in range(size)]

    def as_completed(self) -> AsCompleted[T]:
        """Pairs of index and value in the order in which they arrive; for `for` and `async for`."""
        return AsCompleted(self, self._runs.completed())

    def retry_failed(self, fn: Callable[..., T] | None = None, **options: Any) -> MapResult[T]:
        """Run the items again that failed or were cancelled, and nothing else.

        Args:
            fn: what to call in place of the function of the first run, such as a corrected one;
                None to call that function again.
            **options: options of `pool_map` for this run. Those that are not given are as in the
                first run, but for `timeout`, `progress` and `block`.

        Returns:
            This result, with the new outcomes of these items.

        Raises:
            TypeError: `fn` is not callable, or there is no such option.
            RuntimeError: the list was changed, so that a place says nothing of its item.
            Exception: the first one that an item raised this time, unless exceptions are returned.
        """
        __tracebackhide__ = True
        check_names_of_options("retry_failed", options, OF_RETRY)
        again = sorted({*self._runs.failures, *self._runs.cancelled})
        if not again:
            return self
        if self._changed:
            raise RuntimeError(
                "this list was changed, so `retry_failed` cannot put values into it: "
                "retry before you change it, or change a copy, `list(r)`"
            )
        self._retry(again, fn, {name: v for name, v in options.items() if name != "block"})
        return self.wait() if can_block() and options.get("block") is not False else self

    def _retry(
        self, again: Sequence[int], fn: Callable[..., T] | None, changes: Mapping[str, Any]
    ) -> None:
        """Start some items again, as `retry_failed` says."""
        __tracebackhide__ = True
        run = self._rerun(
            self._job,
            self._job.function if fn is None else fn,
            self._runs.inputs(again),
            Again(again, self._job.items.total),
            changes,
        )
        self._return_exceptions = run.options.return_exceptions
        self._runs.add(run, again)
        self._empty(self._job.items.total)
        self._tell()
        self._fill_at_the_end_of(run)

    def _may_have(self, index: int) -> bool:
        total = self._job.items.total
        return total is None or index < total

    def _get(self, index: int) -> T:
        """The result of an item that has ended."""
        __tracebackhide__ = True
        run, item = self._runs.place(index)
        values, failures = run.outcomes.values, run.outcomes.failures
        if item in values:
            return values[item]  # type: ignore[no-any-return]
        if item in failures:
            if self._return_exceptions:
                return failures[item]  # type: ignore[return-value]
            raise failures[item]
        self._raise_failure()
        raise IndexError(f"item {index} was cancelled before it ran; `retry_failed` runs it")

    def _check_iterable(self, cut_off: bool = True) -> None:
        """Raise an error if the iterables have, or may have, more items than were read.

        Args:
            cut_off: also if the job was stopped before their end.
        """
        __tracebackhide__ = True
        items = self._job.items
        if items.error is not None:
            raise self._attach_to(items.error)
        if items.cut_off and cut_off:
            self._raise_failure()
            raise IndexError(
                f"items from {items.total} on were not read, because the job was stopped first"
            )

    def _raise_failure(self) -> None:
        """Raise the error of an item for which the others were cancelled, if there is one."""
        __tracebackhide__ = True
        settled = self._runs.last.settled
        error = settled.exception(0) if settled.done() else None
        if error is not None and any(error is each for each in self._runs.failures.values()):
            raise self._attach_to(error) from error.__cause__

    def _fill_at_the_end_of(self, run: MapJob) -> None:
        here = weakref.ref(self)

        def fill(_: object) -> None:
            result = here()
            if result is not None:
                result._fill_if_complete()
                result._tell()

        run.ended.add_done_callback(fill)

    def _tell(self) -> None:
        """The job has ended, or goes on with items that run again."""
        for observer in self._observers:
            observer(self)

    def _fill_if_complete(self) -> None:
        """Put the values into the list if all of them are there."""
        runs, total = self._runs, self._job.items.total
        if self._filled or total is None:
            return
        outcomes, items = runs.values, self._job.items
        if self._return_exceptions and runs.failures:
            outcomes = {**runs.failures, **outcomes}
        whole = len(outcomes) == total and items.error is None and not items.cut_off
        if whole and all(run.items.done for run in runs.all):
            self._fill([*map(outcomes.__getitem__, range(total))])
        elif not runs.active:
            self._empty(total)  # the number of items may not have been known before

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
        error, own = settled.exception(0), self._job.items.error
        if isinstance(error, CancelledError) and not isinstance(own, (Exception, type(None))):
            error = own  # the cell was interrupted while it read the items
        if error is not None:
            raise self._attach_to(error) from error.__cause__

    def _attach_to(self, error: BaseException) -> BaseException:
        """The error, with these results and a line that says so."""
        attach(error, "map_result", self)
        if isinstance(error, (CancelledError, KeyboardInterrupt)):
            shorten(error)
        if current_worker() is None:  # nobody can have the result of a job inside a task
            notes = [text for text in notes_of(error) if KEPT not in text]
            set_notes(error, [*notes, what_is_kept(self._runs)])
        return error


async def finished(result: MapResult[T]) -> MapResult[T]:
    """A result when its job has settled: `MapResult.wait`, to be awaited."""
    __tracebackhide__ = True
    settled = result._runs.last.settled
    try:
        await result._end_of(settled)
        for run in result._runs.all[:-1]:
            await result._end_of(run.ended)
    except asyncio.CancelledError:  # the task that awaits it was cancelled
        result.cancel()
        raise
    result._check(settled)
    result._fill_if_complete()
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
        self._result._check_iterable(cut_off=False)

    async def __aiter__(self) -> AsyncIterator[tuple[int, T]]:
        __tracebackhide__ = True
        while (found := self._completed.look()) is not None:
            if isinstance(found, int):
                yield found, self._result._get(found)
            else:
                await self._result._end_of(found)
        self._result._check_iterable(cut_off=False)
