"""How far a job is: counts, rate and time left. Knows nothing of how it is shown."""

from __future__ import annotations

from concurrent.futures import CancelledError
from typing import NamedTuple

from ..jobs.job import MapJob


class Progress(NamedTuple):
    """A job at one moment, in items; times in seconds."""

    label: str
    #: "warming", "preparing", "running", "collecting", "done", "failed" or "cancelled".
    phase: str
    done: int
    running: int
    failed: int
    cancelled: int
    #: None where nobody knows how many items there are.
    total: int | None
    elapsed: float
    #: The part of it in which workers had something to do.
    working: float

    @classmethod
    def of(cls, job: MapJob, label: str, workers: int) -> Progress:
        """Look at a job.

        Args:
            workers: how many workers are ready.
        """
        return cls(
            label=label,
            phase=_phase(job, workers),
            done=len(job.outcomes.values),
            running=job.running,
            failed=len(job.outcomes.failures),
            cancelled=len(job.outcomes.cancelled),
            total=job.items.total,
            elapsed=job.outcomes.timings.elapsed(),
            working=job.outcomes.timings.working(),
        )

    @property
    def rate(self) -> float | None:
        """Items per second; None before the first has ended."""
        ended = self.done + self.failed
        return ended / self.working if ended and self.working > 0 else None

    @property
    def left(self) -> float | None:
        """Seconds until the end at this rate; None where that cannot be told."""
        if self.rate is None or self.total is None or self.phase != "running":
            return None
        return (self.total - self.done - self.failed - self.cancelled) / self.rate

    def text(self) -> str:
        """One line: `42/100 · 3.1 items/s · 0:14 elapsed · 0:19 left · 2 failed`."""
        parts = [f"{self.done}/{'?' if self.total is None else self.total}"]
        if self.rate is not None:
            parts.append(f"{self.rate:.3g} items/s")
        parts.append(f"{clock(self.elapsed)} elapsed")
        if self.left is not None:
            parts.append(f"{clock(self.left)} left")
        if self.failed:
            parts.append(f"{self.failed} failed")
        if self.cancelled:
            parts.append(f"{self.cancelled} cancelled")
        return " · ".join(parts)


def clock(seconds: float) -> str:
    """Seconds as `0:14` or `1:02:03`."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _phase(job: MapJob, workers: int) -> str:
    if not job.active:
        error = job.settled.exception() if job.settled.done() else None
        if (
            isinstance(error, CancelledError)
            or job.aborted
            or (error is None and job.outcomes.cancelled)
        ):
            return "cancelled"
        return "done" if error is None else "failed"
    if not job.outcomes.finished and not job.running and not workers:
        return "warming"
    if job.preparing and not job.outcomes.finished:
        return "preparing"
    if job.stopping or (
        job.items.total is not None and job.outcomes.finished + job.running >= job.items.total
    ):
        return "collecting"
    return "running"
