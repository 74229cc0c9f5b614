"""The items of a job: read from its iterables, and made into tasks."""

from __future__ import annotations

import itertools
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from ..tracebacks import add_note
from ..wire.calls import AS_THEY_ARE, are_plain, encode_call
from .chunks import ChunkSizer
from .feed import SLOW, Feed
from .options import MapOptions
from .plain_tasks import PlainTasks, TakenTasks
from .read_ahead import ReadAhead
from .tasks import Held, Task

#: Reading from these runs no code of the user's, and cannot fail.
AT_ONCE = (list, tuple, range)

#: This many tasks are not made one by one.
FEWEST_AT_ONCE = 16


class Refusal(NamedTuple):
    """Why an item became no task that a worker could run."""

    error: BaseException
    #: The task whose arguments cannot be sent; None where an iterable raised the error.
    task: Task | None = None


class Items:
    """Makes tasks of items when there is room for them, so that an iterable may be endless.

    Knows which tasks were taken, and takes back those that never ran. Keeps the arguments of items
    that failed or were cancelled, so that they can run again.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        iterables: Sequence[Iterable[Any]],
        options: MapOptions,
        held: Held,
        cell: Any,
    ) -> None:
        """Prepare to read the iterables; reads nothing yet unless `buffersize` says so.

        Raises:
            ValueError: `strict` is set, and the lengths are known to differ.
        """
        #: How many items there are; None until an iterable without a length has ended.
        self.total = _total(iterables, options.strict)
        #: How many tasks travel together. An item with a time limit travels alone.
        alone = options.alone or options.task_timeout is not None
        size = 1 if alone else options.chunksize
        self.chunks = ChunkSizer(size, options.batch_seconds, alone=alone)
        #: Tasks that were taken and have not ended.
        self.taken = TakenTasks()
        self._function = function
        self._held = held
        self._seed = options.seed
        #: Where the output of the items is shown: the cell that has started them.
        self.cell = cell
        #: What is still to be read; None when nothing is.
        self._rows: Iterator[tuple[Any, ...]] | None = zip(*iterables, strict=options.strict)
        self._ahead: ReadAhead[tuple[Any, ...]] | None = None
        #: What an iterable has raised; None if none has.
        self.error: BaseException | None = None
        #: Whether an iterable without a length was not read to its end.
        self.cut_off = False
        self._starmap = options.starmap
        self._again = options.again
        self._plain_iterables = all(type(each) in AT_ONCE for each in iterables)
        #: Whether many items may be read at once.
        self._at_once = self._plain_iterables and not (options.strict or options.starmap)
        if options.buffersize is not None:
            chunksize = options.chunksize or 1
            self._rows = self._ahead = ReadAhead(self._rows, options.buffersize, chunksize)
            self._at_once = False
        if self.total == 0:
            self._rows = None
        #: Lets whoever waits for the job read its items; None where no iterable can be slow.
        self.feed: Feed | None = None
        if options.waited and not self._plain_iterables:
            self.feed = Feed()
        self._read = 0
        self._returned: deque[Task] = deque()
        #: Arguments of items that failed or were cancelled, as far as they were read.
        self._inputs: dict[int, tuple[Any, ...]] = {}
        #: Gives the arguments of cancelled items that were not read; most are never asked for.
        self._unread: Iterator[tuple[int, tuple[Any, ...]]] = iter(())

    @property
    def done(self) -> bool:
        """Whether all tasks were made and have ended."""
        return self._rows is None and not self.taken and not self._returned

    @property
    def on_demand(self) -> bool:
        """Whether there are items left that are read only as values are asked for."""
        return self._ahead is not None and self._rows is not None

    @property
    def is_read_elsewhere(self) -> bool:
        """Whether whoever waits for the job reads its items; then more come without being taken."""
        return self.feed is not None and self.feed.started and self._rows is not None

    @property
    def sized(self) -> bool:
        """Whether reading runs no code of the user's, and comes to an end."""
        return self._plain_iterables and self._ahead is None

    def size(self, workers: int, *, ahead: bool = False) -> int:
        """How many tasks the next batch should have; `ahead` as of `TaskSource.take`."""
        remaining = None if self.total is None else self.total - self._read
        joins = self._at_once  # other items may be large, or take long to read
        if ahead and remaining is not None:
            return self.chunks.ahead(workers, remaining + len(self._returned), joins=joins)
        return self.chunks.next(workers, remaining, joins=joins)

    def take(self, tasks: list[Task], size: int) -> Refusal | None:
        """Add tasks to a list until it has `size` of them, or until there are no more now.

        Returns:
            Why it stopped at an item; the caller says what becomes of it, and may take again. None
            where it did not stop at one.
        """
        if self._at_once and not self._returned:
            self._take_plain(tasks, size - len(tasks))
        feed = self.feed
        started = 0.0 if feed is None else time.perf_counter()
        while len(tasks) < size:
            if self._returned:
                task = self._returned.popleft()
            elif self._rows is None or (self._ahead is not None and self._ahead.paused):
                return None
            elif feed is not None and feed.paused:
                feed.call()
                return None
            else:
                try:
                    args = next(self._rows)
                except StopIteration:
                    self._end()
                    return None
                except BaseException as error:  # the user's own generator, or zip(strict=True)
                    return self._end_with(error)
                task = Task(self._read, self._held, AS_THEY_ARE, args, None, self.cell)
                self._read += 1
                try:
                    self._complete(task)
                except KeyboardInterrupt as error:  # the item has not run, and can run again
                    self._returned.append(task)
                    return Refusal(error)
                except BaseException as error:  # an item may exit when it is pickled
                    self.taken.add(task)
                    return Refusal(error, task)
            tasks.append(task)
            self.taken.add(task)  # at once: reading the next item can run any code
            if feed is not None and self._is_slow(feed, started):
                return None
        return None

    def _is_slow(self, feed: Feed, started: float) -> bool:
        """Whether reading has taken long; then whoever waits for the job reads from now on."""
        if feed.started or time.perf_counter() - started <= SLOW:
            return False
        if self._rows is not None:
            feed.start(self._rows)
            self._rows = feed
        return True

    def _complete(self, task: Task) -> None:
        """Add to a task what is found out item by item."""
        if self._seed is not None:
            task.seed = self._seed, self.number(task.index)
        if self._starmap:
            task.args = _arguments(task.args[0])
        task.call = encode_call(self._function, task.args, {})

    def number(self, index: int) -> int:
        """The number of an item for people: its index in the first run of the job."""
        return index if self._again is None else self._again.indices[index]

    def take_run(self, size: int) -> PlainTasks | None:
        """The next tasks all at once, if there are many and their arguments are plain."""
        if size < FEWEST_AT_ONCE or not self._at_once or self._returned:
            return None
        rows = self._read_plain(size)
        if not rows:
            return None
        run = PlainTasks(self._read - len(rows), rows, self._held, self._seed, self.cell)
        self.taken.add_run(run)
        return run

    def _read_plain(self, count: int) -> list[tuple[Any, ...]]:
        """The arguments of the next items if they are plain; else none, now or later."""
        rows = list(itertools.islice(self._rows or (), count))
        if are_plain(itertools.chain.from_iterable(rows)):
            self._read += len(rows)
            return rows
        self._at_once = False
        if self._rows is not None:
            self._rows = itertools.chain(rows, self._rows)
        return []

    def _take_plain(self, tasks: list[Task], count: int) -> None:
        """Add the next items at once if their arguments are plain; else none, now or later."""
        rows = self._read_plain(count)
        for task in PlainTasks(self._read - len(rows), rows, self._held, self._seed, self.cell):
            tasks.append(task)
            self.taken.add(task)

    def put_back(self, tasks: Sequence[Task]) -> None:
        """These tasks never ran; they are the next to be taken."""
        self.untake(tasks)
        self._returned.extendleft(reversed(tasks))

    def untake(self, tasks: Iterable[Task]) -> None:
        """These tasks are with no worker any more."""
        for task in tasks:
            self.taken.remove(task.index)

    def stop(self) -> tuple[list[Task], range]:
        """Make no more tasks.

        Returns:
            The tasks that were made and not taken, and the indices of the items that were not
            read. Of iterables without a length, items that were not read count as not there.
        """
        waiting, self._returned = list(self._returned), deque()
        rows, self._rows = self._rows, None
        if rows is None:
            return waiting, range(0)
        if self.total is None or self._ahead is not None:
            self.total = self._read
            self.cut_off = True
        elif self._read < self.total:
            self._unread = enumerate(rows, self._read)
        return waiting, range(self._read, self.total)

    def keep(self, tasks: Iterable[Task]) -> None:
        """Keep the arguments of tasks that failed or were cancelled."""
        for task in tasks:
            self._inputs[task.index] = tuple(task.args)

    def forget(self, index: int) -> None:
        """Let go of the arguments of an item: it has a value now."""
        self._inputs.pop(index, None)

    def kept(self, index: int) -> tuple[Any, ...] | None:
        """The arguments of an item, if they are kept already; this reads nothing."""
        return self._inputs.get(index)

    def inputs(self, indices: Iterable[int]) -> list[tuple[Any, ...]]:
        """The arguments of items that failed or were cancelled.

        Raises:
            IndexError: an iterable has fewer items than it had.
            Exception: whatever an iterable raises.
        """
        wanted = list(indices)
        for index in wanted:
            while index not in self._inputs:
                place, args = next(self._unread, (index, None))
                if args is None:
                    raise IndexError(f"item {index} is not there any more: its iterable has ended")
                self._inputs[place] = _arguments(args[0]) if self._starmap else args
        return [self._inputs[index] for index in wanted]

    def ask(self, index: int) -> bool:
        """Say that an item's value is asked for. True where that lets more items be read."""
        return self._ahead is not None and self._rows is not None and self._ahead.ask(index)

    def forbid_reading(self, error: BaseException) -> None:
        """Raise an error where more items are read on demand; those that were read still run."""
        if self._ahead is not None:
            self._ahead.forbid(error)

    def _end(self) -> None:
        self._rows = None
        self.total = self._read

    def _end_with(self, error: BaseException) -> Refusal:
        if self._rows is not None:  # it was not stopped meanwhile
            self._end()
        self.error = error
        if self._ahead is None or error is not self._ahead.forbidden:
            add_note(error, f"raised by the iterable when item {self._read} was asked for")
        return Refusal(error)


def _arguments(item: Any) -> tuple[Any, ...]:
    """The arguments that an item of `starmap=True` consists of."""
    try:
        return tuple(item)
    except TypeError:
        kind = type(item).__name__
        raise TypeError(
            f"with starmap=True each item is a tuple of arguments, and this one is {kind!r}"
        ) from None


def _total(iterables: Sequence[Iterable[Any]], strict: bool) -> int | None:
    """How many items the iterables give together; None where one of them does not say."""
    sizes = [_size(iterable) for iterable in iterables]
    known = [size for size in sizes if size is not None]
    if strict and len(known) == len(sizes) and len(set(known)) > 1:
        raise ValueError(f"strict=True, but the iterables have different lengths: {known}")
    return min(known, default=0) if len(known) == len(sizes) else None


def _size(iterable: Iterable[Any]) -> int | None:
    try:
        return len(iterable)  # type: ignore[arg-type]
    except TypeError:
        return None
