"""What became of the last jobs: a few short texts of each, and none of its values."""

from __future__ import annotations

import itertools
import weakref
from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from ..dispatch.pool import Pool, observe_jobs
from ..jobs.job import MapJob, short_arguments
from ..notebook.progress import Progress
from ..notebook.state import ENDED, FAILURES, FailureState, JobState, shortened
from ..tracebacks import error_line
from .failures import error_text

#: At most this many characters of a traceback are kept; its end says most.
TEXT = 10_000


class _Ended(NamedTuple):
    """A job that has ended."""

    state: JobState
    #: The errors of its first failures, with their tracebacks.
    texts: list[str]


class JobLog:
    """The last jobs that have ended, on any pool of this kernel."""

    def __init__(self) -> None:
        self._ended: deque[_Ended] = deque(maxlen=ENDED)

    def follow(self, job: MapJob, pool: Pool) -> None:
        """Note what becomes of a job when it ends."""
        # The job itself is not kept: it has the values of its items.
        seen, number = weakref.ref(job), pool.number
        job.ended.add_done_callback(lambda _: self._note(seen(), number))

    def _note(self, job: MapJob | None, pool: int) -> None:
        if job is not None:  # nobody has read it to its end
            self._ended.append(_Ended(job_state(job, pool, 1), list(_texts(job))))

    def states(self) -> list[JobState]:
        """The jobs, the newest first."""
        return [entry.state for entry in reversed(self._ended)]

    def text(self, number: int, place: int) -> str | None:
        """The error of a failure of a job, with its traceback; None if it is not known.

        Args:
            place: the place of the failure among those of the job.
        """
        for state, texts in self._ended:
            if state.number == number and place < len(texts):
                return texts[place]
        return None


def job_state(job: MapJob, pool: int, workers: int) -> JobState:
    """A job as it is now.

    Args:
        pool: the number of its pool.
        workers: how many workers of that are ready.
    """
    progress = Progress.of(job, job.label, workers)
    failures = [
        FailureState(job.items.number(index), _arguments(job, index), error_line(error))
        for index, error in _first(job)
    ]
    return JobState.of(job.number, pool, progress, active=job.active, failures=failures)


def failure_text(job: MapJob, place: int) -> str | None:
    """The error of a failure of a job that runs, with its traceback; see `JobLog.text`."""
    return next(itertools.islice(_texts(job), place, None), None)


def _first(job: MapJob) -> list[tuple[int, BaseException]]:
    return list(itertools.islice(job.outcomes.failures.items(), FAILURES))


def _texts(job: MapJob) -> Iterator[str]:
    for _, error in _first(job):
        text = error_text(error)
        yield text if len(text) <= TEXT else f"…{text[-TEXT:]}"


def _arguments(job: MapJob, index: int) -> str:
    kept = job.items.kept(index)
    return "" if kept is None else shortened(short_arguments(kept))


#: The jobs of this kernel.
job_log = JobLog()
observe_jobs(job_log.follow)
