"""What the backend tells: results come back, workers come and go."""

from __future__ import annotations

import time
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from ..backends.base import ON_PURPOSE, Backend, WorkerEnd
from ..errors import PoolPerformanceWarning, PoolStartError, RemoteError, RemoteUnpicklingError
from ..jobs.tasks import Outcome, Task, TaskSource
from ..tracebacks import causes_of
from .batch import Batch
from .dispatcher import Dispatcher
from .reading import read_results


class Output(Protocol):
    """Shows what tasks print and display."""

    def take(
        self, worker: int, task: Task | None, source: TaskSource | None, stream: str, text: str
    ) -> None:
        """Show the output of a task, or of the worker itself where no task is named."""


class PoolListener:
    """Hears what the backend tells, and passes it on to the sources of the tasks.

    Its methods are those of `backends.base.Listener`. They can be called from any thread.
    """

    def __init__(self, dispatcher: Dispatcher, backend: Backend, output: Output) -> None:
        self._dispatcher = dispatcher
        self._ledger = dispatcher.ledger
        self._log = dispatcher.log
        self._lock = dispatcher.lock
        self._backend = backend
        self._output = output
        #: How many tasks each worker has run.
        self.tasks_run: Counter[int] = Counter()
        #: Since when each worker is ready, by the clock that never goes back.
        self.ready_since: dict[int, float] = {}
        #: Whether other pools have some of the workers that this one should have.
        self.limited = False

    def show_with(self, output: Output) -> None:
        """Show what tasks print and display in another way from now on."""
        self._output = output

    # A batch and its tasks.

    def on_dispatched(self, worker: int, batch: int) -> None:
        """A worker was given a batch."""
        with self._lock:
            entry = self._ledger.get(batch)
            if entry is None:
                return
            self._ledger.start(entry, worker)
            if entry.doomed:
                self._backend.kill(worker, batch=batch)

    def on_cancelled(self, batch: int, taken: bool) -> None:
        """Whether a batch that was cancelled was still waiting for a worker."""
        with self._lock:
            entry = self._ledger.get(batch)
            if entry is not None:
                self._dispatcher.cancels.hear(entry, taken)
                self._dispatcher.pump()

    def on_expired(self, worker: int, batch: int) -> None:
        """A task has exceeded its time limit; the end of its batch follows."""
        with self._lock:
            entry = self._ledger.get(batch)
            if entry is not None and entry.worker == worker:
                entry.expire()

    def on_result(
        self, worker: int, batch: int, payload: bytes, buffers: Sequence[Any], done: bool
    ) -> None:
        """Pass results on to the source of their tasks."""
        with self._lock:
            entry = self._ledger.get(batch)
            if entry is None:  # it was given up, with all its tasks
                return
            try:
                values, errors, seconds = read_results(entry, payload, buffers, done)
            except ValueError as forged:
                end = WorkerEnd("protocol", str(forged))
                self._lose(entry, worker, end)
                self._backend.kill(worker, end, batch)
                self._dispatcher.pump()
                return
            if errors and self._dispatcher.breaks_when_a_worker_is_lost:
                for error in errors.values():
                    if isinstance(error, RemoteUnpicklingError):
                        self._dispatcher.break_all(str(error), error)
                        return
            if done:
                self._ledger.remove(entry)
                if entry.target is not None:
                    self._log.prepared(worker, entry.begun)
            self.tasks_run[worker] += len(values)
            tasks = entry.pop(len(values))
            if not errors:
                entry.source.finish_all(tasks, worker, values, seconds)
            else:
                for place, task in enumerate(tasks):
                    outcome = Outcome(worker, seconds[place], values[place], errors.get(place))
                    if _was_stopped(entry, outcome.error):
                        self._retry_or_fail(entry, [task], outcome, entry.obeyed)
                    else:
                        entry.source.finish(task, outcome)
            if done and entry.tasks:  # its worker was told to start no more of it
                self._dispatcher.cancels.give_back(entry)
            if seconds and not done:
                self._dispatcher.cancels.cut_long(entry, sum(seconds) / len(seconds))
            self._dispatcher.pump()

    def on_batch_error(
        self, worker: int | None, batch: int, type_name: str, message: str, traceback: str
    ) -> None:
        """A worker could not run any task of a batch: all of them fail."""
        with self._lock:
            entry = self._ledger.get(batch)
            if entry is None:
                return
            self._ledger.remove(entry)
            for task in entry.tasks:
                error = RemoteError(
                    f"{type_name}: {message}", type_name=type_name, traceback_text=traceback
                )
                entry.source.finish(task, Outcome(worker, 0.0, error=error))
            self._dispatcher.pump()

    def on_output(self, worker: int, task: int, stream: str, text: str) -> None:
        """Show what a task printed or displayed, and keep with the task what it printed."""
        with self._lock:
            found = self._ledger.find(worker, task)
            source, printing = (None, None) if found is None else found
            if stream == "phase":
                self._log.prepares(worker, text == "preparing")
                if source is not None:
                    source.prepares(worker, text == "preparing")
                return
            if source is not None and printing is not None and stream != "display":
                source.printed(printing, stream, text)
        self._output.take(worker, printing, source, stream, text)

    # Workers and the pool.

    def on_worker_ready(self, worker: int) -> None:
        """Give a new worker the calls that every worker makes first, then batches."""
        with self._lock:
            self.ready_since[worker] = time.monotonic()
            self._log.ready(worker)
            for call in self._dispatcher.set_ups.worker_ready(worker):
                self._dispatcher.submit(call, [call.task()], worker)
            self._dispatcher.pump()

    def on_worker_ended(
        self,
        worker: int,
        batch: int | None,
        end: WorkerEnd,
        behind: Sequence[int] = (),
        untaken: Sequence[int] = (),
    ) -> None:
        """Fail the tasks that ran on a worker that is gone, and run elsewhere the others."""
        with self._lock:
            self._dispatcher.set_ups.worker_ended(worker)
            self.ready_since.pop(worker, None)
            self._log.ended(worker, replaced=end.reason != "retired")
            running = None if batch is None else self._ledger.get(batch)
            ours = end.reason in ON_PURPOSE or (running is not None and running.doomed)
            if not ours and self._dispatcher.breaks_when_a_worker_is_lost:
                self._dispatcher.break_all(end.message)
                return
            # The batch that is put back last runs first.
            for number in reversed((batch, *behind, *untaken)):
                entry = None if number is None else self._ledger.get(number)
                if entry is not None:
                    entry.lose(behind=number in behind, untaken=number in untaken)
                    self._lose(entry, worker, end)
            for entry in self._ledger.all():
                if entry.target == worker:  # its replacement is given its own
                    self._ledger.remove(entry)
            self._dispatcher.pump()

    def on_limited(self, workers: int) -> None:
        """Warn that other pools of the site leave room for only a few workers; once."""
        if not self.limited:
            self.limited = True
            warnings.warn(
                f"this pool has {workers} of {self._backend.size} workers: other notebooks of this "
                "site have the rest. It gets more when they end.",
                PoolPerformanceWarning,
                stacklevel=2,
            )

    def on_broken(self, message: str) -> None:
        """No worker can start any more: everything fails."""
        self._dispatcher.lose_all(PoolStartError(message))

    # Tasks that were stopped.

    def _lose(self, batch: Batch, worker: int, end: WorkerEnd) -> None:
        """A batch is lost with its worker."""
        self._ledger.remove(batch)
        on_purpose = end.reason in (*ON_PURPOSE, "terminated")
        if batch.target is not None and (on_purpose or batch.untaken):
            return  # the worker's replacement makes the call again
        started, waiting = batch.divide(end)
        if waiting:
            self._run_again(batch.source, waiting)
        if started:
            ran = 0.0 if batch.behind else time.monotonic() - batch.begun
            lost = Outcome(worker, ran)
            self._retry_or_fail(batch, started, lost, lambda worker: batch.loss(worker, end))

    def _retry_or_fail(
        self,
        batch: Batch,
        tasks: Sequence[Task],
        ran: Outcome,
        error: Callable[[int], Exception],
    ) -> None:
        """Run tasks again that were stopped, as often as their source allows, or let them fail.

        Args:
            ran: where the first of them ran, and for how long.
            error: makes the error of each, given its worker.
        """
        worker, seconds = ran.worker, ran.seconds
        assert worker is not None, "it was stopped there"
        source = batch.source
        again = [task for task in tasks if source.retries >= task.attempt]
        if again:
            for task in again:
                task.retry()
            self._run_again(source, again)
        for task in tasks:
            if task not in again:
                took = seconds if task is tasks[0] else 0.0
                source.finish(task, Outcome(worker, took, error=error(worker)))

    def _run_again(self, source: TaskSource, tasks: Sequence[Task]) -> None:
        """Let tasks run that were with a worker, before others of their source."""
        for task in tasks:
            task.hurry()
        source.put_back(tasks)
        self._dispatcher.offer(source)


def _was_stopped(batch: Batch, error: BaseException | None) -> bool:
    """Whether a task has ended because its worker was asked to end it."""
    if error is None:
        return False
    if batch.doomed and batch.size == 1:
        return True  # whatever it made of that
    asked = batch.doomed or batch.timed_out
    return asked and any(isinstance(e, KeyboardInterrupt) for e in causes_of(error, contexts=True))
