"""How many tasks travel together.

A batch costs about as much as a task of a millisecond, so short tasks are sent many at a time.
The size follows the tasks: it starts at one, so that every worker gets something at once, and aims
at batches of a fixed duration. Near the end it shrinks, so that no worker idles while another still
has a long batch.
"""

from __future__ import annotations

#: Seconds that a batch should take: long against its cost, short against what people notice.
TARGET_SECONDS = 0.05

#: A batch may be at most this many times larger than the one before: the first few durations
#: measured say little.
GROWTH = 8

#: A batch that takes no longer than this costs more on its way than at its worker.
BRIEF_SECONDS = 0.00025

#: Weight of the newest measurement in the running mean.
WEIGHT = 0.3


class ChunkSizer:
    """The size of a job's next batch."""

    def __init__(self, fixed: int | None = None) -> None:
        self._fixed = fixed
        self._mean: float | None = None
        self._last = 1

    @property
    def brief(self) -> bool:
        """Whether batches of the size that was asked for are over in next to no time."""
        if self._fixed is None or self._mean is None:
            return False
        return self._fixed * self._mean <= BRIEF_SECONDS

    def observe(self, seconds: float, tasks: int) -> None:
        """Take into account that `tasks` tasks took `seconds` seconds."""
        mean = seconds / tasks
        weight = 1 - (1 - WEIGHT) ** tasks  # as if each of them had been told
        self._mean = mean if self._mean is None else self._mean + weight * (mean - self._mean)

    def next(self, workers: int, remaining: int | None) -> int:
        """How many tasks to send now.

        Args:
            workers: how many workers there are.
            remaining: how many tasks have not been sent; None where nobody knows.
        """
        if self._fixed is not None:
            return self._fixed
        if self._mean is None:
            return 1
        size = int(TARGET_SECONDS / max(self._mean, 1e-7))
        size = min(size, self._last * GROWTH)
        if remaining is not None:
            size = min(size, remaining // (2 * workers))
        self._last = max(1, size)
        return self._last
