"""What a card is about: a job, or the calls that a cell has submitted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any, Protocol

from ..jobs.bursts import Burst
from ..jobs.insights import insights_of
from ..jobs.job import MapJob, short_arguments
from ..jobs.tasks import Task, TaskSource
from ..tracebacks import error_line
from .details import LISTED, Details, Failure, last_printed
from .progress import Progress


class Pool(Protocol):
    """What a card needs of the pool that runs its job."""

    @property
    def ready_workers(self) -> set[int]:
        """The workers that are ready to run tasks."""

    def running_tasks(self, source: TaskSource) -> Mapping[int, Task]:
        """What the workers run of a source: the task of each worker that runs any."""

    def call_later(self, seconds: float, action: Callable[[], None]) -> Callable[[], None]:
        """Call `action` after some time; returns what calls it off."""

    def let_cancel(self, job: MapJob, name: str, cancel: Callable[[], None]) -> None:
        """Let a page that knows this name stop a job while the notebook computes."""


class Subject(Protocol):
    """What a card is about."""

    @property
    def label(self) -> str:
        """Its name."""

    @property
    def cell(self) -> Any:
        """The cell that shows the card."""

    @property
    def active(self) -> bool:
        """Whether it can still change."""

    @property
    def single(self) -> bool:
        """Whether it is one call, whose items nobody counts."""

    def progress(self) -> Progress:
        """How far it is."""

    def details(self) -> Details:
        """What its card has folded away."""

    def cancel(self) -> None:
        """Stop it, including its running items."""

    def let_cancel(self, name: str) -> None:
        """Let a page that knows this name stop it, if possible also while the notebook computes."""


class JobSubject:
    """A job."""

    def __init__(self, job: MapJob, label: str, pool: Pool) -> None:
        """Look at a job.

        Args:
            label: its name on the card.
            pool: runs it.
        """
        self.job = job
        self.label = label
        self.cell = job.items.cell
        self._pool = pool

    @property
    def active(self) -> bool:
        """Whether it can still change."""
        return self.job.active

    @property
    def single(self) -> bool:
        """Whether it is a cell in the background."""
        return self.job.options.single

    def progress(self) -> Progress:
        """How far it is."""
        return Progress.of(self.job, self.label, len(self._pool.ready_workers))

    def details(self) -> Details:
        """What its card has folded away."""
        job = self.job
        outcomes, number = job.outcomes, job.items.number
        insights = None
        if not job.active and not self.single:
            insights = insights_of([(outcomes.timings, number)])
        printed = {} if self.single else last_printed(outcomes.output)
        return Details(
            {} if self.single else _workers(self._pool, job, lambda task: number(task.index)),
            tuple(self._failure(item, error) for item, error in self._failures()),
            {number(item): text for item, text in printed.items()},
            insights,
        )

    def cancel(self) -> None:
        """Stop it: whoever waits for it gets `KeyboardInterrupt`, as if interrupted."""
        if not self.job.active:  # the kernel may hear of a click late
            return
        word = "stopped" if self.single else "cancelled"
        self.job.abort(KeyboardInterrupt(f"the job was {word}: {self.label}"))

    def let_cancel(self, name: str) -> None:
        """Let a page that knows this name stop it, also while the notebook computes."""
        self._pool.let_cancel(self.job, name, self.cancel)

    def _failures(self) -> list[tuple[int, BaseException]]:
        failures = self.job.outcomes.failures
        return [] if self.single else list(islice(failures.items(), LISTED))

    def _failure(self, item: int, error: BaseException) -> Failure:
        items = self.job.items
        try:
            arguments = short_arguments(items.inputs([item])[0])
        except Exception:  # they are not kept any more
            arguments = "?"
        return Failure(items.number(item), arguments, error_line(error))


class BurstSubject:
    """The calls that one cell has submitted."""

    single = False

    def __init__(self, burst: Burst, pool: Pool) -> None:
        """Look at calls.

        Args:
            pool: runs them.
        """
        self._burst = burst
        self._pool = pool
        self.cell = burst.cell

    @property
    def label(self) -> str:
        """The names of their functions."""
        return self._burst.label

    @property
    def active(self) -> bool:
        """Whether some of them have not ended."""
        return self._burst.open > 0

    def progress(self) -> Progress:
        """How far they are."""
        burst = self._burst
        running = len(self._running())
        return Progress(
            self.label,
            self._phase(running),
            burst.done,
            running,
            burst.failed,
            burst.cancelled,
            burst.total if burst.counted or not burst.open else None,
            burst.elapsed(),
            burst.working(),
        )

    def details(self) -> Details:
        """What their card has folded away."""
        failures = (Failure(number, *texts) for number, texts in self._burst.failures.items())
        running = self._running()
        workers = {
            worker: running[worker].index if worker in running else None
            for worker in sorted(self._pool.ready_workers)
        }
        return Details(workers, tuple(failures))

    def cancel(self) -> None:
        """Cancel them with those that run."""
        self._burst.cancel()

    def let_cancel(self, name: str) -> None:
        """Do nothing: other cells' calls are among those that wait for workers with these."""

    def _running(self) -> dict[int, Task]:
        tasks = self._pool.running_tasks(self._burst.source)
        return {worker: task for worker, task in tasks.items() if task.cell is self.cell}

    def _phase(self, running: int) -> str:
        burst = self._burst
        if burst.open:
            if burst.stopped:
                return "stopping"
            begun = running or burst.done or burst.failed
            return "running" if begun or self._pool.ready_workers else "warming"
        if burst.stopped or (burst.cancelled and not burst.failed):
            return "cancelled"
        # Where some calls have failed and others were given up, as joblib does, all has failed.
        return "failed" if burst.failed and not (burst.done and not burst.cancelled) else "done"


def _workers(
    pool: Pool, source: TaskSource, number: Callable[[Task], int]
) -> dict[int, int | None]:
    """The item that each worker runs of a source, by its number; None if it runs none."""
    running = {worker: number(task) for worker, task in pool.running_tasks(source).items()}
    return {worker: running.get(worker) for worker in sorted(pool.ready_workers)}
