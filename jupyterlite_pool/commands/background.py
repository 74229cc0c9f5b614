"""The cells that run in the background, by the cells that started them."""

from __future__ import annotations

from typing import NamedTuple

from ..api.background import BackgroundJob


class Origin(NamedTuple):
    """Where a background job comes from."""

    #: The id of the cell; None where nobody says.
    cell: str | None
    #: The cell's text.
    text: str
    #: The name that the job has in the notebook.
    out: str | None

    def takes_the_place_of(self, other: Origin) -> bool:
        """Whether this is another run of the same cell, or takes its name."""
        if self.out is not None and self.out == other.out:
            return True  # nobody could stop the other one any more
        if self.cell is not None and other.cell is not None:
            return self.cell == other.cell
        return self.text == other.text


class BackgroundCells:
    """The background cells of a notebook that run. Those that have ended are the notebook's."""

    def __init__(self) -> None:
        self._running: dict[BackgroundJob, Origin] = {}

    def make_room(self, origin: Origin) -> list[BackgroundJob]:
        """Cancel the runs whose place a new one takes; returns them."""
        running = list(self._running.items())
        stopped = [job for job, other in running if origin.takes_the_place_of(other)]
        return [job for job in stopped if not job.done() and job.cancel(running=True)]

    def tell_cancelled(self, origin: Origin) -> None:
        """Cancel the runs whose place a new one takes, and say so in the cell that runs."""
        for old in self.make_room(origin):
            print(f"Job {old.number}, an earlier run that had not ended, was cancelled.")

    def add(self, origin: Origin, job: BackgroundJob) -> None:
        """Remember a run until it has ended."""
        self._running[job] = origin
        job.add_done_callback(lambda _: self._running.pop(job, None))
