"""Decides how many tasks travel together in a batch.

A batch costs about as much as a task of a millisecond, so short tasks are sent many at a time.
Batches begin with one task, so that every worker gets something at once. They grow until each takes
a fixed time. Near the end they shrink, so that no worker idles while another has a long batch.
"""

from __future__ import annotations

#: Seconds that a batch should take: long compared with its cost, too short for people to notice.
TARGET_SECONDS = 0.05

#: A job that is handed over ahead is cut into about this many batches for each worker, and into
#: smaller ones near its end.
SHARES = 16

#: Seconds that a batch which is handed over ahead should take at most.
LONGEST_SECONDS = 1.0

#: The same in tasks, if nobody knows how long they take.
MOST_UNKNOWN = 1000

#: A batch is at most this many times larger than the one before: the first few measurements are
#: not reliable.
GROWTH = 8

#: In seconds. To send a batch that takes no longer than this costs more time than to run it. So
#: batches of a fixed size are joined as long as the whole takes no longer, up to this many.
BRIEF_SECONDS = 0.00025
MOST_JOINED = 16

#: Seconds of a batch that was handed over ahead and is cut anew once it is known how long its tasks
#: take.
TOO_LONG = 2.0

#: Weight of the newest task in the running mean.
WEIGHT = 0.3


class ChunkSizer:
    """Decides the size of the next batch of a job."""

    def __init__(
        self, fixed: int | None = None, seconds: float = TARGET_SECONDS, *, alone: bool = False
    ) -> None:
        """Begin without measurements.

        Args:
            fixed: the size that the user wants of batches; None to adapt it.
            seconds: how long a batch should take.
            alone: whether a batch is never joined with others, nor waits at a worker behind one.
        """
        self._fixed = fixed
        self._seconds = seconds
        self._alone = alone
        self._mean: float | None = None
        self._last = 1

    @property
    def is_fixed(self) -> bool:
        """Whether the user has chosen a size."""
        return self._fixed is not None

    @property
    def brief(self) -> bool:
        """Whether batches have a fixed size and end at once."""
        if self._fixed is None or self._mean is None or self._alone:
            return False
        return self._fixed * self._mean <= BRIEF_SECONDS

    def observe(self, seconds: float, tasks: int) -> None:
        """Learn that some tasks took some seconds together."""
        mean = seconds / tasks
        weight = 1 - (1 - WEIGHT) ** tasks  # the same as one call for each task
        self._mean = mean if self._mean is None else self._mean + weight * (mean - self._mean)

    def is_too_long(self, tasks: int, seconds: float) -> bool:
        """Whether this many tasks, of this many seconds each, make too long a batch.

        Batches that were joined are to be no hindrance if their tasks turn out to take long.
        """
        if self._fixed is not None:
            return tasks > self._fixed and tasks * seconds > self._seconds
        return tasks > 1 and tasks * seconds > TOO_LONG

    def ahead(self, workers: int, remaining: int, *, joins: bool = False) -> int:
        """How many tasks to send for later; the arguments are those of `next`.

        The kernel may hear of nothing for long, so all tasks that remain may be sent like this:
        in few batches, and none so long that another worker would wait for it in the end.
        """
        if self._fixed is not None:
            return self._fixed_size(self._fixed, workers, remaining, joins)
        share = max(1, remaining // (SHARES * workers))
        if self._mean is None:
            return min(share, MOST_UNKNOWN)
        mean = max(self._mean, 1e-7)
        usual = min(int(self._seconds / mean), max(1, remaining // (2 * workers)))
        return max(1, usual, min(share, int(LONGEST_SECONDS / mean)))

    def next(self, workers: int, remaining: int | None, *, joins: bool = False) -> int:
        """How many tasks to send now.

        Args:
            workers: how many workers there are.
            remaining: how many tasks have not been sent; None if nobody knows.
            joins: whether batches of a fixed size that end at once are joined.
        """
        if self._fixed is not None:
            return self._fixed_size(self._fixed, workers, remaining, joins)
        if self._mean is None:
            return 1
        size = int(self._seconds / max(self._mean, 1e-7))
        size = min(size, self._last * GROWTH)
        if remaining is not None:
            size = min(size, remaining // (2 * workers))
        self._last = max(1, size)
        return self._last

    def _fixed_size(self, fixed: int, workers: int, remaining: int | None, joins: bool) -> int:
        """The tasks of as many batches of a fixed size as are joined: fewer near the end."""
        if not joins or not self.brief or self._mean is None:
            return fixed
        most = int(min(MOST_JOINED, BRIEF_SECONDS / max(fixed * self._mean, 1e-7)))
        if remaining is not None:
            most = min(most, remaining // (2 * workers * fixed))
        return fixed * max(1, most)
