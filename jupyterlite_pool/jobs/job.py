"""A job: one function over many items, its tasks made when there is room for them."""

from __future__ import annotations

import itertools
import re
import reprlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import CancelledError, Future, InvalidStateError
from contextlib import suppress
from typing import Any, TypeAlias, cast

from ..errors import PoolStartError, TerminatedWorkerError
from ..tracebacks import add_note, fold
from .arrivals import Arrivals
from .items import Items
from .options import DEFAULTS, MapOptions
from .outcomes import outcomes_of
from .plain_tasks import PlainTasks
from .tasks import Held, Outcome, Task

#: At most this many characters of an argument in a message.
ARGUMENT_WIDTH = 60

#: A hint for a function that was given one tuple where it wants several arguments.
ONE_TUPLE = (
    "the function was given one tuple as its only argument; "
    "`pool_map(f, pairs, starmap=True)` gives it the parts of each tuple as arguments"
)

#: How functions of Python and of C say that they were given too few arguments.
_TOO_FEW = re.compile(
    r"missing (\d+ )?required (positional )?argument"
    r"|expected (at least )?\d+ arguments?, got [01]$"
    r"|takes (exactly|at least) \w+ (positional )?arguments? \([01] given\)"
)

_numbers = itertools.count(1)

#: Runs what is left of a job where no worker can start.
Takeover: TypeAlias = "Callable[[MapJob, PoolStartError], None]"


class MapJob:
    """Runs a function over items; a source of tasks for the dispatcher.

    Its items are read when the pool has room, so that an iterable may be endless. A job has
    *settled* when its caller need not wait any longer: every item has ended, or the first one has
    failed and failures are not to be collected. It has *ended* when nothing of it runs any more;
    what was running when it settled still adds its result.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        iterables: Sequence[Iterable[Any]],
        options: MapOptions = DEFAULTS,
        *,
        held: Held | None = None,
        cell: Any = None,
        wake: Callable[[], None] = lambda: None,
        stop: Callable[[MapJob], None] = lambda _: None,
        ended: Future[None] | None = None,
        takeover: Takeover | None = None,
    ) -> None:
        """Describe a job; nothing of it runs until its tasks are taken.

        Args:
            held: what a worker must hold to run the function.
            cell: where the output of its items is shown.
            wake: called when the job starts no more items: its batches that wait can be taken back.
            stop: stops the workers that run items of the job.
            ended: is resolved when nothing of the job runs any more; None to make one.
            takeover: runs what is left where no worker can start; None to let the job fail.

        Raises:
            ValueError: `strict` is set, and the lengths of the iterables are known to differ.
        """
        self.function = function
        self.options = options
        #: Its name for people: jobs are counted.
        self.number = next(_numbers)
        self.items = Items(function, iterables, options, held or Held(), cell)
        self.outcomes = outcomes_of(function)
        self.arrivals = Arrivals(self.outcomes)
        #: Resolves with None when the job settles; fails with the first error otherwise.
        self.settled: Future[None] = Future()
        #: Resolves with None when nothing of the job runs any more.
        self.ended: Future[None] = ended or Future()
        #: How many batches of it run.
        self.running = 0
        #: Workers that are being prepared for it.
        self.preparing: set[int] = set()
        #: Whether it starts no more items.
        self.stopping = False
        #: Whether it was cancelled, including its running items.
        self.aborted = False
        self._wake = wake
        self._stop = stop
        self._takeover = takeover
        self._check_end()  # there may be no items

    @property
    def label(self) -> str:
        """Its name for people: that of the function, unless it was given one."""
        named = getattr(self.function, "__name__", type(self.function).__name__)
        return self.options.label or str(named)

    @property
    def active(self) -> bool:
        """Whether it can still change."""
        return not self.ended.done()

    # What the dispatcher asks and tells: see `TaskSource`.

    @property
    def retries(self) -> int:
        """How often an item is run again after its worker was lost."""
        return self.options.retries

    @property
    def task_timeout(self) -> float | None:
        """Seconds that an item may take; None for as long as it likes."""
        return self.options.task_timeout

    @property
    def max_workers(self) -> int | None:
        """At most this many workers run it at once; None for all."""
        return self.options.max_workers

    @property
    def brief(self) -> bool:
        """Whether batches are so short that many may wait at a worker."""
        return self.items.chunks.brief

    @property
    def lane(self) -> int:
        """Its number: no other job has the same."""
        return self.number

    @property
    def ahead(self) -> bool:
        """Whether items are read long before a worker has room for them.

        Where a cell waits for the job, the notebook does not compute meanwhile.
        """
        return self.items.sized and not self.options.waited

    def is_too_long(self, tasks: int, seconds: float) -> bool:
        """Whether a batch was larger than it should be, as is known now."""
        chunks = self.items.chunks
        return (chunks.is_fixed or self.ahead) and chunks.is_too_long(tasks, seconds)

    def take(self, workers: int, *, ahead: bool = False) -> Sequence[Task]:
        """The tasks of the next batch; empty where there is none now."""
        workers = min(workers, self.options.max_workers or workers)
        size = self.items.size(workers, ahead=ahead)
        run = self.items.take_run(size)
        if run is not None:
            return run
        tasks: list[Task] = []
        self._fill(tasks, size)
        if self.stopping:  # an item could not be read, or not be sent
            self.put_back(tasks)
            return []
        return tasks

    def put_back(self, tasks: Sequence[Task]) -> None:
        """Take back tasks that never ran; they are the next to be taken."""
        if self.stopping:
            self.items.untake(tasks)
            self._cancel_tasks(tasks)
        else:
            self.items.put_back(tasks)
        self._check_end()

    def started(self, tasks: Sequence[Task]) -> None:
        """A worker runs a batch: one item of it at a time."""
        self.running += 1
        self.outcomes.timings.run()

    def stopped(self) -> None:
        """A worker has done with a batch."""
        self.running -= 1

    def finish(self, task: Task, outcome: Outcome) -> None:
        """Keep the outcome of an item."""
        worker, seconds, value, error = outcome
        if self.aborted and isinstance(error, TerminatedWorkerError):
            self.outcomes.timings.stop(worker, task.index, seconds, task.attempt)
            self.discard([task])
            return
        self.items.taken.remove(task.index)
        indices = [task.index]
        failed = error is not None
        self.outcomes.timings.add(worker, indices, [seconds], [task.attempt], failed=failed)
        if error is None:
            self.outcomes.add(indices, [value])
        else:
            self.outcomes.fail(task.index, fold(error))
            self.items.keep([task])
            with suppress(Exception):  # an error may be unable to show itself
                _explain(self, error, task, outcome)
            if not self.options.return_exceptions:
                self._settle(error)
                self.cancel()
        self.items.chunks.observe(seconds, 1)
        self.arrivals.tell(indices)
        if not self.items.taken:
            self._check_end()

    def finish_all(
        self, tasks: Sequence[Task], worker: int, values: Sequence[Any], seconds: Sequence[float]
    ) -> None:
        """Keep the values of a batch in which no item failed.

        Does as `finish` does for each, in a third of the time where there are many small tasks.
        """
        if not tasks:
            return
        taken = self.items.taken
        if isinstance(tasks, PlainTasks):
            indices: Sequence[int] = tasks.indices
            taken.remove_run(tasks.indices)
            attempts = [1] * len(tasks)
        else:
            indices = [task.index for task in tasks]
            for index in indices:
                taken.remove(index)
            attempts = [task.attempt for task in tasks]
        self.outcomes.add(indices, values)
        self.outcomes.timings.add(worker, indices, seconds, attempts)
        self.items.chunks.observe(sum(seconds), len(seconds))
        self.arrivals.tell(indices)
        if not taken:
            self._check_end()

    def discard(self, tasks: Sequence[Task]) -> None:
        """Cancel tasks that will not run after all."""
        self.items.untake(tasks)
        self._cancel_tasks(tasks)
        self._check_end()

    def cancel_waiting(self) -> None:
        """Start no more items; whoever waits for the job gets `CancelledError`."""
        self.fail(CancelledError())

    def broken(self, error: Exception) -> None:
        """No worker runs anything any more: the job fails, or is taken over."""
        taken = self.items.taken.tasks()
        # Where an initializer raised an error, it would raise one in the notebook's Python, too.
        untried = isinstance(error, PoolStartError) and error.__cause__ is None
        if untried and self._takeover is not None and not self.stopping:
            self.put_back(taken)
            self._takeover(self, cast(PoolStartError, error))
            return
        self.items.untake(taken)
        self._cancel_tasks(taken)
        self.fail(error)

    def printed(self, task: Task, stream: str, text: str) -> None:
        """Keep what an item that runs has printed."""
        self.outcomes.print(task.index, text)

    def prepares(self, worker: int, busy: bool) -> None:
        """A worker is being prepared for the job, or no longer so."""
        (self.preparing.add if busy else self.preparing.discard)(worker)

    def unfinished(self) -> list[Future[Any]]:
        """Futures that are done when all items that were read have ended."""
        if not self.items.on_demand:
            return [self.ended]
        return [self.arrivals.of(index) for index in self.items.taken]

    def abort(self, error: BaseException | None = None, *, cell: Any = None) -> None:
        """Cancel the job, including its running items: the workers that run them are stopped.

        Items that ran are cancelled, like those that had not started.

        Args:
            error: raised where somebody waits for the job; None for `CancelledError`.
            cell: if given, do nothing unless this cell has started the job.
        """
        if cell is not None and self.items.cell is not cell:
            return
        self.aborted = True
        self.fail(error or CancelledError("the job was cancelled"))
        self._stop(self)

    # What the owner of the job asks.

    def cancel(self) -> None:
        """Start no more items. Those that run go on to their end."""
        self.stopping = True
        waiting, unread = self.items.stop()
        self._cancel_tasks(waiting)
        self.outcomes.cancelled.add_range(unread)
        self._wake()
        self._check_end()

    def fail(self, error: BaseException) -> None:
        """Start no more items, and raise an error where somebody waits for the job."""
        self._settle(error)
        self.cancel()

    def take_all(self) -> Iterator[Task]:
        """Take the tasks that no worker has, one by one; each is to be given to `finish`."""
        tasks: list[Task] = []
        while self._fill(tasks, 1):
            yield tasks.pop()

    def _fill(self, tasks: list[Task], size: int) -> bool:
        """Take tasks until a list has `size` of them. Whether it has any.

        What an iterable has raised is raised when the items before it have ended.
        """
        while (refusal := self.items.take(tasks, size)) is not None:
            if refusal.task is not None:
                self.finish(refusal.task, Outcome(None, 0.0, error=refusal.error))
            elif not isinstance(refusal.error, Exception):  # somebody interrupts, or Python ends
                self.abort(refusal.error)
        if not tasks:
            self._check_end()
        return bool(tasks)

    def _cancel_tasks(self, tasks: Sequence[Task]) -> None:
        self.outcomes.cancel(task.index for task in tasks)
        self.items.keep(tasks)

    def _settle(self, error: BaseException | None) -> None:
        if self.settled.done():
            return
        feed = self.items.feed
        if feed is not None:
            self.settled.add_done_callback(lambda _: feed.close())
        with suppress(InvalidStateError):  # another thread has cancelled it in this moment
            if error is None:
                self.settled.set_result(None)
            elif isinstance(error, (CancelledError, KeyboardInterrupt)):
                self.settled.set_exception(error)  # is shown in a few lines anyway
            else:
                self.settled.set_exception(fold(error))

    def _check_end(self) -> None:
        # The future is asked last, since it takes a lock to answer, and this runs for every batch.
        if not self.items.done or self.ended.done():
            return
        self.outcomes.timings.end()
        self._settle(self.items.error)
        with suppress(InvalidStateError):  # as above
            self.ended.set_result(None)
        self.arrivals.close()


def _explain(job: MapJob, error: BaseException, task: Task, outcome: Outcome) -> None:
    """Say in the notes of an error which item failed, and what to do where that is known."""
    if job.options.single:
        add_note(error, f"{job.label} (job {job.number}){_where(task, outcome)}")
        return
    again = job.options.again
    total = job.items.total if again is None else again.total
    add_note(error, _note(job.items.number(task.index), task, outcome, total))
    if _lacks_arguments(job.function, error, task):
        add_note(error, ONE_TUPLE)


def _note(number: int, task: Task, outcome: Outcome, total: int | None) -> str:
    """A line for an error: which item failed, with which arguments, and where."""
    of = "" if total is None else f" of {total}"
    return f"item {number}{of} (args: {short_arguments(task.args)}){_where(task, outcome)}"


def _where(task: Task, outcome: Outcome) -> str:
    return "" if outcome.worker is None else f", worker {outcome.worker}, attempt {task.attempt}"


def _lacks_arguments(function: Callable[..., Any], error: BaseException, task: Task) -> bool:
    """Whether a function was given one tuple where it wants several arguments."""
    return (
        isinstance(error, TypeError)
        and len(task.args) == 1
        and isinstance(task.args[0], (tuple, list))
        and getattr(function, "__name__", "") in str(error)
        and _TOO_FEW.search(str(error)) is not None
    )


def short_arguments(args: Sequence[Any]) -> str:
    """The arguments of an item in a message."""
    return ", ".join(_short_repr(arg) for arg in args)


def _short_repr(value: object) -> str:
    short = reprlib.Repr()
    short.maxstring = short.maxother = ARGUMENT_WIDTH
    try:
        return short.repr(value)
    except Exception:
        return f"<{type(value).__name__}>"
