"""A job: one function over many items, its tasks made when there is room for them."""

from __future__ import annotations

import itertools
import reprlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import CancelledError, Future, InvalidStateError
from typing import Any, TypeAlias, cast

from ..errors import PoolStartError, TerminatedWorkerError
from ..tracebacks import add_note, fold
from .items import Items
from .options import DEFAULTS, MapOptions
from .outcomes import Outcomes
from .tasks import Held, Outcome, Task

#: At most this many characters of an item's arguments in a message.
ARGS_WIDTH = 60
_numbers = itertools.count(1)


#: Takes over what is left of a job where no worker can start.
Takeover: TypeAlias = "Callable[[MapJob, PoolStartError], None]"


class MapJob:
    """Items in, values out by index. Knows how many tasks wait, run, are done, failed, cancelled.

    Items are read from their iterables when the pool has room, so that an iterable may be endless.
    A job has *settled* when its caller need not wait any longer: every item has ended, or the first
    one has failed and failures are not to be collected. It has *ended* when nothing of it runs any
    more; what was running when it settled still adds its result.
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
        self.function = function
        #: What people call it: jobs are counted.
        self.number = next(_numbers)
        self.retries = options.retries
        self.task_timeout = options.task_timeout
        self.max_workers = options.max_workers
        self.return_exceptions = options.return_exceptions
        #: How its output is shown: in the "order" in which it comes, or by "item" or "worker".
        self.group_outputs = options.group_outputs
        #: Workers that are being prepared for it.
        self.preparing: set[int] = set()
        #: Resolves with None when the job settles; carries the first error otherwise.
        self.settled: Future[None] = Future()
        #: Resolves with None when nothing of the job runs any more.
        self.ended: Future[None] = ended or Future()
        self.outcomes = Outcomes()
        #: Whether it was told to start no more items.
        self.stopping = False
        self.items = Items(function, iterables, options, held or Held(), cell)
        self.running = 0
        #: Called with the index of every item that ended.
        self.item_observers: list[Callable[[int], None]] = []
        self._wake = wake
        self._stop = stop
        self._takeover = takeover
        self._aborted = False
        self._arrivals: dict[int, Future[bool]] = {}
        self._next_arrival: Future[None] | None = None
        #: The job whose end is ours.
        self._adopted: MapJob | None = None
        self._own_end = self.ended
        self._check_end()  # there may be no items

    # What people see of it.

    @property
    def label(self) -> str:
        """The function's name."""
        return getattr(self.function, "__name__", type(self.function).__name__)

    @property
    def aborted(self) -> bool:
        """Whether it was cancelled with what ran of it."""
        return self._aborted

    @property
    def active(self) -> bool:
        """Whether it can still change."""
        return not self.ended.done()

    @property
    def brief(self) -> bool:
        """See `TaskSource`. A batch with a time limit never waits at its worker."""
        return self.task_timeout is None and self.items.chunks.brief

    # What the executor asks and tells: see `TaskSource`.

    def take(self, workers: int) -> list[Task]:
        """The tasks of the next batch; empty where there is none now."""
        tasks: list[Task] = []
        self._fill(tasks, self.items.size(min(workers, self.max_workers or workers)))
        if self.stopping:  # an item could not be read, or not be sent
            self.put_back(tasks)
            return []
        return tasks

    def put_back(self, tasks: Sequence[Task]) -> None:
        """Tasks to take first: they were taken, but never ran."""
        if self.stopping:
            self.items.untake(tasks)
            self._cancel_tasks(tasks)
        else:
            self.items.put_back(tasks)
        self._check_end()

    def started(self) -> None:
        """A worker runs a batch: one item of it at a time."""
        self.running += 1
        self.outcomes.timings.run()
        self._check_end()

    def stopped(self) -> None:
        """A worker has done with a batch."""
        self.running -= 1

    def finish(self, task: Task, outcome: Outcome) -> None:
        """Keep what came of an item."""
        index = task.index
        worker, seconds, value, error = outcome
        if self._aborted and isinstance(error, TerminatedWorkerError):
            self.discard([task])
            return
        self.items.taken.pop(index, None)
        self.outcomes.timings.add(worker, [index], [seconds], [task.attempt])
        if error is None:
            self.outcomes.add([index], [value])
        else:
            self.outcomes.fail(index, fold(error))
            self.items.keep([task])
            add_note(error, self._note(task, outcome))
            if not self.return_exceptions:
                self._settle(error)
                self.cancel()
        self.items.chunks.observe(seconds, 1)
        self._tell_of(index)
        if not self.items.taken:
            self._check_end()

    def finish_all(
        self, tasks: Sequence[Task], worker: int, values: Sequence[Any], seconds: Sequence[float]
    ) -> None:
        """Keep what came of items that have not failed: as `finish`, but what can be is done once.

        With many small tasks in a batch this takes a third of the time.
        """
        if not tasks:
            return
        indices = [task.index for task in tasks]
        taken = self.items.taken
        for index in indices:
            taken.pop(index, None)
        self.outcomes.add(indices, values)
        attempts = [task.attempt for task in tasks]
        self.outcomes.timings.add(worker, indices, seconds, attempts)
        self.items.chunks.observe(sum(seconds), len(seconds))
        if self._arrivals or self._next_arrival is not None or self.item_observers:
            for index in indices:
                self._tell_of(index)
        if not taken:
            self._check_end()

    def discard(self, tasks: Sequence[Task]) -> None:
        """These tasks were cancelled before they ran."""
        self.items.untake(tasks)
        self._cancel_tasks(tasks)
        self._check_end()

    def cancel_waiting(self) -> None:
        """Start no more items; whoever waits for the job is told."""
        self.fail(CancelledError())

    def broken(self, error: Exception) -> None:
        """No task will run any more: what was taken and what was not is lost, or taken over."""
        # What an initializer has raised, the notebook's own Python is not tried with.
        untried = isinstance(error, PoolStartError) and error.__cause__ is None
        if untried and self._takeover is not None and not self.stopping:
            self.put_back(list(self.items.taken.values()))
            self._takeover(self, cast(PoolStartError, error))
            return
        lost = list(self.items.taken.values())
        self.items.untake(lost)
        self._cancel_tasks(lost)
        self._settle(error)
        self.cancel()
        self._check_end()

    def printed(self, task: Task, stream: str, text: str) -> None:
        """Keep an item's output."""
        self.outcomes.print(task.index, text)

    def prepares(self, worker: int, busy: bool) -> None:
        """A worker is being prepared for it, or is so no more."""
        (self.preparing.add if busy else self.preparing.discard)(worker)

    # What its owner asks.

    def cancel(self) -> None:
        """Start no more items. Those that run end as they would."""
        if self._adopted is not None:
            self._adopted.cancel()
            return
        self.stopping = True
        waiting, unread = self.items.stop()
        self._cancel_tasks(waiting)
        self.outcomes.cancelled.add_range(unread)
        self._wake()  # what is queued but not started can be taken back
        self._check_end()

    def next_arrival(self) -> Future[None]:
        """Resolves when one more item has ended, or all have."""
        if not self.active:
            return self.ended
        if self._next_arrival is None or self._next_arrival.done():  # a wait was given up
            self._next_arrival = Future()
        return self._next_arrival

    def adopt(self, other: MapJob, indices: Sequence[int]) -> None:
        """Let another job's items end these items of ours, in order, and its end be ours."""
        self.settled, self.ended = other.settled, other.ended
        self._adopted = other

        def arrived(place: int) -> None:
            index = indices[place]
            self.outcomes.failures.pop(index, None)
            self.outcomes.cancelled.discard(index)
            if place in other.outcomes.values:
                self.outcomes.values[index] = other.outcomes.values[place]
            else:
                self.outcomes.failures[index] = other.outcomes.failures[place]
            self._arrive(index)
            for observer in self.item_observers:
                observer(index)

        for place in [*other.outcomes.values, *other.outcomes.failures]:
            arrived(place)
        other.item_observers.append(arrived)
        other.ended.add_done_callback(lambda _: self._wake_waiting())

    def forbid_reading(self, error: BaseException) -> None:
        """Let what was read run; where more is asked for and there is more, raise an error."""
        self.items.forbid_reading(error)

    def unfinished(self) -> list[Future[Any]]:
        """What is done when all that was read has ended."""
        if not self.items.on_demand:
            return [self.ended]
        return [self.arrival(index) for index in self.items.taken]

    def take_all(self) -> Iterator[Task]:
        """Take what no worker has, one by one; each is to be given to `finish`."""
        tasks: list[Task] = []
        while self._fill(tasks, 1):
            yield tasks.pop()

    def fail(self, error: BaseException) -> None:
        """End the job with an error that is no item's."""
        self._settle(error)
        self.cancel()

    def abort(self, error: BaseException | None = None) -> None:
        """Cancel the job with what runs of it: the workers that run its items are stopped.

        Items that ran are cancelled, like those that had not started.

        Args:
            error: what those get who wait for it; CancelledError by default.
        """
        if self._adopted is not None:
            self._adopted.abort(error)
            return
        self._aborted = True
        self.fail(error or CancelledError("the job was cancelled"))
        self._stop(self)

    def arrival(self, index: int) -> Future[bool]:
        """Resolves when an item has ended: True, or False where it never will."""
        future = self._arrivals.setdefault(index, Future())
        if future.cancelled():  # a wait was given up
            future = self._arrivals[index] = Future()
        if not future.done() and (self.outcomes.has(index) or not self.active):
            _resolve(future, self.outcomes.has(index))
        return future

    def _arrive(self, index: int) -> None:
        future = self._arrivals.pop(index, None)
        if future is not None and not future.done():
            _resolve(future, self.outcomes.has(index))
        waiting, self._next_arrival = self._next_arrival, None
        if waiting is not None and not waiting.done():
            waiting.set_result(None)

    def _tell_of(self, index: int) -> None:
        """Wake those who wait for an item that has ended."""
        if self._arrivals or self._next_arrival is not None:
            self._arrive(index)
        for observer in self.item_observers:
            observer(index)

    def _fill(self, tasks: list[Task], size: int) -> bool:
        """Take tasks until a list has `size` of them. Whether there is any."""
        while (refusal := self.items.take(tasks, size)) is not None:
            if refusal.task is None:
                self.fail(refusal.error)
            else:
                self.finish(refusal.task, Outcome(None, 0.0, error=refusal.error))
        if not tasks:
            self._check_end()
        return bool(tasks)

    def _cancel_tasks(self, tasks: Sequence[Task]) -> None:
        self.outcomes.cancel(task.index for task in tasks)
        self.items.keep(tasks)

    def _settle(self, error: BaseException | None) -> None:
        if not self.settled.done():
            if error is None:
                self.settled.set_result(None)
            else:
                # What says that somebody has cancelled it is shown in a few lines, by itself.
                told = isinstance(error, (CancelledError, KeyboardInterrupt))
                shown = error if told else fold(error)
                self.settled.set_exception(shown)

    def _check_end(self) -> None:
        # The future last: it takes a lock to answer, and this is asked for every batch.
        if not self.items.done or self._own_end.done():
            return
        self.outcomes.timings.end()
        if self._adopted is None:  # or else its end settles ours
            self._settle(None)
        self._own_end.set_result(None)
        if self._adopted is None:
            self._wake_waiting()

    def _wake_waiting(self) -> None:
        """Nothing more arrives."""
        for index in [*self._arrivals, -1]:
            self._arrive(index)

    def _note(self, task: Task, outcome: Outcome) -> str:
        of = "" if self.items.total is None else f" of {self.items.total}"
        where = ""
        if outcome.worker is not None:
            where = f", worker {outcome.worker}, attempt {task.attempt}"
        args = ", ".join(_short_repr(arg) for arg in task.args)
        return f"item {task.index}{of} (args: {args}){where}"


def _short_repr(value: object) -> str:
    short = reprlib.Repr()
    short.maxstring = short.maxother = ARGS_WIDTH
    try:
        return short.repr(value)
    except Exception:
        return f"<{type(value).__name__}>"


def _resolve(future: Future[bool], value: bool) -> None:
    """Say what both the one who asks and the one who brings an item may come to say."""
    try:
        future.set_result(value)
    except InvalidStateError:  # only where there are threads
        pass
