"""`BackgroundJob`: a cell that runs on a worker while the next cells of the notebook run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import CancelledError, Future
from typing import Any

from ..jobs.job import MapJob
from ..jobs.options import MapOptions
from ..jobs.outcomes import PulledOutcomes
from ..notebook.background_output import show_error, show_value
from ..notebook.cell import current_cell, in_cell
from ..notebook.markup import card_html
from ..notebook.progress import Progress
from ..tracebacks import error_line, fold
from ..waiting.futures import PoolFuture, short
from ..wire.exceptions import RemoteTraceback
from ..worker.cell_bodies import BackgroundCell
from ..worker.notebook_cell import NotebookCell
from .failures import error_text
from .history import history
from .map_result import MapResult
from .options import check_map_options
from .pool_map import run_again, start

#: Is given the names that a cell has assigned, with their values.
Deliver = Callable[[Mapping[str, Any]], object]

#: Makes the job's value of what the cell has sent.
Take = Callable[[Any], Any]


class BackgroundJob(PoolFuture[Any]):
    """A cell that runs on a worker while other cells run: a future of the cell's value.

    Its output appears in its own cell, and so does its error. Wait for it with `job.result()` or
    `await job`.
    """

    def __init__(self, job: MapJob, show: bool, deliver: Deliver, take: Take) -> None:
        """Follow a job of one item. Made by `run_in_background`.

        Args:
            show: whether to show the value in the cell when it has ended.
            deliver: is given the names that the cell brings, before the job is done.
            take: makes the job's value of the cell's; what it raises is the job's error.
        """
        super().__init__()
        self._job = job
        self._show = show
        self._deliver = deliver
        self._take = take
        self._cell = current_cell()
        #: Keeps its line in the list of jobs as long as somebody has the future.
        self._entry: MapResult[Any] = MapResult(job, run_again)
        history.add(self._entry, self)
        job.settled.add_done_callback(self._settle)

    @property
    def number(self) -> int:
        """The number of the job, as in `%pool jobs`."""
        return self._job.number

    @property
    def stdout(self) -> str:
        """What the cell has printed so far."""
        return self._job.outcomes.printed(0)

    def running(self) -> bool:
        """Whether a worker runs the cell now."""
        return not self.done() and self._job.running > 0

    def cancel(self, running: bool = False) -> bool:
        """Cancel the cell if no worker runs it yet.

        Args:
            running: stop it also if a worker runs it; another worker takes that one's place.

        Returns:
            Whether the cell was cancelled.
        """
        if self.done():
            return self.cancelled()
        if self.running() and not running:
            return False
        self._job.abort(CancelledError(f"background job {self.number} was cancelled"))
        return True

    def _settle(self, settled: Future[None]) -> None:
        error = settled.exception(0)
        # What the cell itself has raised comes with its traceback, and is an error as any other.
        raised = error is not None and isinstance(error.__cause__, RemoteTraceback)
        if (isinstance(error, CancelledError) and not raised) or (
            self._job.aborted and _is_stop(error)
        ):
            Future.cancel(self)
            self.set_running_or_notify_cancel()
        elif error is not None:
            self.set_exception(error)
            show_error(self._cell, error_text(error))
        else:
            outcomes = self._job.outcomes
            if isinstance(outcomes, PulledOutcomes):
                self._deliver(outcomes.pulled[0])
            self._end_with(outcomes.values.pop(0))

    def _end_with(self, given: Any) -> None:
        outcomes = self._job.outcomes
        try:
            with in_cell(self._cell):
                value = self._take(given)
        except Exception as error:
            outcomes.fail(0, error)
            self.set_exception(error)
            show_error(self._cell, error_line(error))
            return
        outcomes.values[0] = value  # not what else the cell has brought
        self.set_result(value)
        if self._show:
            show_value(self._cell, value)

    def _outcome(self) -> Any:
        __tracebackhide__ = True  # IPython leaves this frame out of tracebacks
        if self.cancelled():
            raise fold(CancelledError(f"background job {self.number} was cancelled"))
        return super()._outcome()

    def __repr__(self) -> str:
        return f"<background job {self.number}: {self._state_in_words()}>"

    def _repr_html_(self) -> str:
        """The card of the job, as it is now."""
        label = f"{self._job.label} (job {self.number})"
        return card_html(Progress.of(self._job, label, 1))

    def _state_in_words(self) -> str:
        if not self.done():
            now = Progress.of(self._job, "", 1)
            return f"{now.words}, {now.text()}"
        if self.cancelled():
            return "cancelled"
        error = self.exception()
        return (
            f"failed with {error_line(error)}" if error else f"done, value {short(self.result(0))}"
        )


def run_in_background(
    body: BackgroundCell | NotebookCell,
    *,
    label: str,
    timeout: float | None = None,
    show: bool = True,
    deliver: Deliver = lambda _: None,
    take: Take = lambda given: given,
    **options: Any,
) -> BackgroundJob:
    """Run the body of a cell on a worker, and wait for nothing.

    Args:
        label: its name on its card.
        timeout: seconds that it may take, the wait for a worker included.
        show: whether the cell shows its value when it has ended.
        deliver: is given the names that the cell brings, when it has ended.
        take: makes the job's value of what the cell has sent.
        **options: `seed`, `retries` and `task_timeout`, as of `pool_map`.

    Raises:
        TypeError: an option is not a number.
        ValueError: an option is out of its range.
        pickle.PicklingError: the cell reads something that cannot be sent to a worker.
    """
    __tracebackhide__ = True
    check_map_options({**options, "timeout": timeout})
    chosen = MapOptions(label=label, single=True, chunksize=1, **options)
    job, _ = start(body, [[None]], chosen, timeout, progress=True)
    return BackgroundJob(job, show, deliver, take)


def _is_stop(error: BaseException | None) -> bool:
    return isinstance(error, KeyboardInterrupt)
