"""The progress of a job: counts, rate and time left. The card shows them."""

from __future__ import annotations

import time
from concurrent.futures import CancelledError
from typing import NamedTuple

from ..jobs.job import MapJob

#: The phases whose names are not what people are told.
_WORDS = {
    "warming": "starting workers",
    "preparing": "preparing workers",
    "waiting": "waiting for a worker",
    "collecting": "finishing",
    "stopping": "cancelling",
    "gone": "stopped: the kernel is gone",
}

#: A sign for each phase, so that colour is not all that tells them apart.
_SIGNS = {
    "warming": "◌",
    "preparing": "◌",
    "waiting": "◌",
    "running": "▶",
    "collecting": "▶",
    "stopping": "▶",
    "done": "✓",
    "failed": "✗",
    "cancelled": "■",
    "gone": "■",
}

#: The phases in which nothing changes any more.
ENDED = frozenset(("done", "failed", "cancelled", "gone"))


class Progress(NamedTuple):
    """The state of a job at one moment: counts of items, and times in seconds."""

    label: str
    #: "warming", "preparing", "waiting", "running", "collecting", "stopping", "done", "failed",
    #: "cancelled"; "gone" where the kernel went while it ran.
    phase: str
    done: int
    running: int
    failed: int
    cancelled: int
    #: None if the number of items is not known.
    total: int | None
    elapsed: float
    #: Time since the first item went to a worker.
    working: float
    #: Whether the job is one call, whose items nobody counts.
    single: bool = False

    @classmethod
    def of(cls, job: MapJob, label: str, workers: int) -> Progress:
        """The progress of a job now.

        Args:
            workers: how many workers are ready.
        """
        outcomes = job.outcomes
        return cls(
            label=label,
            phase=_phase(job, workers),
            done=outcomes.succeeded,
            running=job.running,
            failed=len(outcomes.failures),
            cancelled=len(outcomes.cancelled),
            total=_total(job),
            elapsed=outcomes.timings.elapsed(),
            working=outcomes.timings.working(),
            single=job.options.single,
        )

    @property
    def ended(self) -> bool:
        """Whether nothing of it changes any more."""
        return self.phase in ENDED

    @property
    def words(self) -> str:
        """The phase in words for people."""
        if self.phase == "done" and self.failed:
            return "done, with failures"
        return _WORDS.get(self.phase, self.phase)

    def words_now(self) -> str:
        """The phase in words that stay true: whoever reads them later learns when it was so."""
        return self.words if self.ended else f"{self.words} at {time.strftime('%H:%M:%S')}"

    @property
    def sign(self) -> str:
        """A sign for the phase. Where something has failed, it is none of success."""
        return "⚠" if self.phase == "done" and self.failed else _SIGNS[self.phase]

    @property
    def rate(self) -> float | None:
        """Items per second; None before the first has ended."""
        ended = self.done + self.failed
        return ended / self.working if ended and self.working > 0 else None

    @property
    def left(self) -> float | None:
        """Seconds until the end at this rate; None if nobody can tell."""
        if self.rate is None or self.total is None or self.phase != "running":
            return None
        return (self.total - self.done - self.failed - self.cancelled) / self.rate

    def gone(self) -> Progress:
        """The same if the kernel goes now: what is left when a notebook is opened again."""
        return self if self.ended else self._replace(phase="gone", running=0)

    def text(self) -> str:
        """One line: `42/100 · 3.1/s · 0:14 elapsed · 0:19 left · 2 failed`."""
        if self.single:
            return f"{clock(self.elapsed)} elapsed"
        parts = [f"{self.done:,}" + (" so far" if self.total is None else f"/{self.total:,}")]
        if self.rate is not None:
            parts.append(rate_text(self.rate))
        parts.append(f"{clock(self.elapsed)} elapsed")
        if self.left is not None:
            parts.append(f"{clock(self.left)} left")
        if self.failed:
            parts.append(f"{self.failed:,} failed")
        if self.cancelled:
            parts.append(f"{self.cancelled:,} cancelled")
        return " · ".join(parts)


def rate_text(rate: float) -> str:
    """Items per second as people read them: `5,210/s`, `3.1/s`, `1.5 s an item`."""
    if rate >= 10:
        return f"{rate:,.0f}/s"
    if rate >= 1:
        return f"{rate:.2g}/s"
    seconds = 1 / rate
    if seconds >= 60:
        return f"{clock(seconds)} an item"
    return f"{seconds:.0f} s an item" if seconds >= 10 else f"{seconds:.2g} s an item"


def clock(seconds: float) -> str:
    """Seconds as `0:14` or `1:02:03`."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _total(job: MapJob) -> int | None:
    """How many items there are; while an iterable does not say, what the user has said."""
    total, said = job.items.total, job.options.total
    if total is None and said is not None and job.outcomes.finished + job.running <= said:
        return said
    return total


def _phase(job: MapJob, workers: int) -> str:
    finished, total = job.outcomes.finished, job.items.total
    if not job.active:
        error = job.settled.exception() if job.settled.done() else None
        if isinstance(error, TimeoutError):
            return "failed"
        if isinstance(error, CancelledError) or job.aborted:
            return "cancelled"
        if error is None:
            return "cancelled" if job.outcomes.cancelled else "done"
        return "failed"
    if job.aborted:
        return "stopping"
    if not finished and not job.running and not workers:
        return "warming"
    if job.preparing and not finished:
        return "preparing"
    if job.options.single:
        return "running" if job.running else "waiting"
    if job.stopping or (total is not None and finished + job.running >= total):
        return "collecting"
    return "running"
