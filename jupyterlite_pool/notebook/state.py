"""What the page is told of this kernel's pools and jobs: plain values of a bounded size.

The field names are those of `labextension/src/plugin/state/data.ts`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from .progress import Progress

#: At most so many workers of a pool, so many jobs that run, and so many that have ended, are named.
WORKERS, RUNNING, ENDED = 64, 20, 20

#: At most this many failures of a job are named.
FAILURES = 5

#: At most this many characters of a text that users choose.
WIDTH = 200


class Work(NamedTuple):
    """What a worker runs."""

    #: The name of the job or of the function.
    label: str
    #: The number of the job, and the item; None for a call.
    job: int | None = None
    item: int | None = None


class WorkerState(NamedTuple):
    """A worker as it is now."""

    id: int
    #: "starting", "preparing", "idle" or "busy".
    state: str
    #: What it runs; None if it runs nothing.
    runs: Work | None
    #: How many tasks it has run.
    tasks: int
    #: Bytes; 0 if that is not known.
    memory: int
    #: Seconds since it was ready; None if it is not.
    age: int | None


class ExecutorState(NamedTuple):
    """A pool as it is now."""

    #: Its number in this kernel.
    id: int
    #: Its name for people.
    name: str
    #: Whether it is the one that `pool_map` and the magics use.
    shared: bool
    #: How many workers it should have.
    size: int
    #: How many workers more stand by.
    spares: int
    workers: list[WorkerState]
    #: Why it cannot run anything any more; None while it can.
    problem: str | None = None


class FailureState(NamedTuple):
    """A failed item in three short texts."""

    item: int
    arguments: str
    error: str


class JobState(NamedTuple):
    """A job as it is now, or as it has ended."""

    #: Its number; 0 for the calls of `submit`, which have none.
    number: int
    #: The number of its pool.
    pool: int
    label: str
    #: As in `Progress`.
    phase: str
    done: int
    running: int
    failed: int
    cancelled: int
    #: None if nobody knows.
    total: int | None
    #: Seconds.
    elapsed: float
    #: Items per second, and seconds until the end; None if nobody can tell.
    rate: float | None
    left: float | None
    #: Whether something of it still runs.
    active: bool
    #: Whether it is one cell in the background.
    single: bool
    #: The first ones.
    failures: list[FailureState]

    @classmethod
    def of(
        cls,
        number: int,
        pool: int,
        progress: Progress,
        *,
        active: bool,
        failures: list[FailureState],
    ) -> JobState:
        """A job of which the progress is known."""
        rate, left = progress.rate, progress.left
        return cls(
            number,
            pool,
            shortened(progress.label),
            progress.phase,
            progress.done,
            progress.running,
            progress.failed,
            progress.cancelled,
            progress.total,
            round(progress.elapsed, 1),
            None if rate is None else round(rate, 3),
            None if left is None else round(left, 1),
            active,
            progress.single,
            failures,
        )


class KernelState(NamedTuple):
    """All pools of a kernel, the shared one first, and its jobs, the newest first."""

    pools: list[ExecutorState]
    jobs: list[JobState]
    #: How many jobs that run are not named.
    more: int = 0


def as_data(value: Any) -> Any:
    """A state as JSON can carry it: dictionaries by field name."""
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return {name: as_data(part) for name, part in value._asdict().items()}
    if isinstance(value, list):
        return [as_data(part) for part in value]
    return value


def shortened(text: str) -> str:
    """A text that is not too long for a list."""
    return text if len(text) <= WIDTH else f"{text[: WIDTH - 1]}…"
