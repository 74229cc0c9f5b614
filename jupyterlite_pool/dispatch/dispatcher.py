"""The way of tasks to workers and back: batches made of tasks, and results handed to their sources.

`pump` asks the sources in turn for a batch whenever the backend has room for one. The backend's
words come in as `on_…` calls, which decode results and hand them to the source of their task.
"""

from __future__ import annotations

import threading
import warnings
import weakref
from collections import Counter, deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any, Protocol

from ..backends.base import ON_PURPOSE, Backend, WorkerEnd
from ..errors import (
    AFTER_SHUTDOWN,
    PoolPerformanceWarning,
    PoolStartError,
    RemoteError,
    RemoteUnpicklingError,
)
from ..jobs.call_queue import CallQueue
from ..jobs.job import MapJob
from ..jobs.set_up import SetUp
from ..jobs.tasks import Outcome, Task, TaskSource
from ..waiting.time_limits import call_after_beats
from .batch import Batch
from .reading import read_results

#: Batches that a backend holds for each worker: one that runs and one that waits.
BATCHES_PER_WORKER = 2

#: The same of batches that are over before the next one could be fetched.
BRIEF_BATCHES_PER_WORKER = 16

#: A task that is overdue and was asked to stop has this share of its limit to do so, and at least
#: so many seconds; then its worker is stopped.
GRACE, LEAST_GRACE = 0.05, 0.02


_dispatchers: weakref.WeakSet[Dispatcher] = weakref.WeakSet()


def all_dispatchers() -> list[Dispatcher]:
    """Those of this kernel, also of executors that nobody holds but that have work left."""
    return list(_dispatchers)


class Shows(Protocol):
    """Shows what tasks print and display."""

    def take(
        self, worker: int, task: Task | None, source: TaskSource | None, stream: str, text: str
    ) -> None:
        """Show what a worker's task, or the worker itself, has to show."""


class Dispatcher:
    """Knows which tasks the backend has, and what to do with what it says of them."""

    def __init__(
        self,
        backend: Backend,
        output: Shows,
        break_with: Callable[[str], Exception] | None = None,
    ) -> None:
        """Serve a backend.

        Args:
            output: shows what tasks print and display.
            break_with: makes the error with which everything ends when a worker is lost; without
                it, a worker that is lost is replaced.
        """
        self._backend = backend
        self._break_with = break_with
        #: Held by whoever changes anything: the in-process backend speaks from other threads.
        self.lock = threading.RLock()
        #: Why nothing can run any more; None while something can.
        self.broken: Exception | None = None
        #: Whether no more tasks are taken; the backend stops when those that were taken have ended.
        self.closed = False
        #: Workers that are ready to run tasks.
        self.ready_workers: set[int] = set()
        #: How many tasks each worker has run.
        self.tasks_run: Counter[int] = Counter()
        #: Shows what tasks print and display.
        self.output = output
        #: Jobs whose items are read only as their values are asked for.
        self.streams: weakref.WeakSet[MapJob] = weakref.WeakSet()
        #: Whether other pools have some of the workers that this one should have.
        self.limited = False
        self._sources: deque[TaskSource] = deque()
        self._batches: dict[int, Batch] = {}
        #: How many of them are for whichever worker is free.
        self._open = 0
        self._set_ups: list[SetUp] = []
        #: How many sources are being asked for tasks.
        self._asking = 0
        self._next_task = 0
        self._next_batch = 0
        _dispatchers.add(self)

    # What the executor asks.

    @property
    def active_sources(self) -> list[TaskSource]:
        """Where tasks come from that have not ended; one source can be named several times."""
        return [*self._sources, *(batch.source for batch in self._open_batches())]

    def unfinished(self) -> list[Future[Any]]:
        """What is done when all that was taken has ended."""
        with self.lock:
            sources = {id(source): source for source in [*self.active_sources, *self._set_ups]}
            return [future for source in sources.values() for future in source.unfinished()]

    def jobs(self) -> list[MapJob]:
        """The jobs that have not ended, oldest first."""
        with self.lock:
            sources = {id(source): source for source in self.active_sources}
        jobs = [source for source in sources.values() if isinstance(source, MapJob)]
        return sorted(jobs, key=lambda job: job.number)

    def cancel_all(self) -> None:
        """Cancel all jobs and calls, also those that run: their workers are replaced."""
        with self.lock:
            sources = {id(source): source for source in self.active_sources}
            for source in sources.values():
                if isinstance(source, MapJob):
                    source.abort()
                elif isinstance(source, CallQueue):
                    source.stop_all()

    def count_batches(self) -> tuple[int, int]:
        """How many batches run, and how many wait for a worker."""
        batches = self._open_batches()
        running = sum(batch.worker is not None for batch in batches)
        return running, len(batches) - running

    def add(self, source: TaskSource) -> None:
        """Take tasks from a source, now and until it has none."""
        self._offer(source)
        self.pump()

    def _offer(self, source: TaskSource) -> None:
        """Take tasks from a source when there is room for them."""
        if source not in self._sources:
            self._sources.append(source)

    def set_up(self, call: SetUp) -> None:
        """Let every worker make a call, those that are there and those that come."""
        with self.lock:
            self._set_ups.append(call)
            self._backend.wake()
            for worker in sorted(self.ready_workers):
                self._submit(call, [call.task()], worker)

    def scale(self, size: int) -> None:
        """Have more workers, or fewer: those that are too many end when they have nothing to do."""
        with self.lock:
            self._backend.scale(size)
            for call in list(self._set_ups):
                call.check()
            self.pump()

    def pump(self) -> None:
        """Fill the backend's queue, from each source in turn."""
        size = self._backend.size
        full: list[TaskSource] = []
        while self._sources:
            source = self._sources.popleft()
            brief = source.brief
            batches = BRIEF_BATCHES_PER_WORKER if brief else BATCHES_PER_WORKER
            if self._open >= batches * size or self._is_full(source):
                full.append(source)
                continue
            # It counts as busy meanwhile: reading and encoding items can run any code.
            self._asking += 1
            try:
                tasks = source.take(size)
                if tasks:
                    self._submit(source, tasks, group=id(source) if brief else None)
                    self._sources.append(source)
            finally:
                self._asking -= 1
        self._sources.extend(full)
        if self.closed and not self._busy():
            self._backend.shutdown()

    def take_back(self) -> None:
        """Cancel the batches of sources that start no more tasks."""
        with self.lock:
            for batch, entry in list(self._batches.items()):
                if entry.source.stopping and self._backend.cancel(batch):
                    self._forget(batch)
                    entry.source.discard(entry.tasks)
            self.pump()

    def is_running(self, source: TaskSource) -> bool:
        """Whether a worker runs a batch of a source."""
        with self.lock:
            running = (entry.source for entry in self._batches.values() if entry.worker is not None)
            return any(other is source for other in running)

    def stop(self, source: TaskSource) -> None:
        """Stop the workers that run batches of a source; others take their places."""
        with self.lock:
            self._stop([batch for batch, entry in self._batches.items() if entry.source is source])

    def stop_call(self, calls: CallQueue, future: Future[Any]) -> None:
        """Stop the worker that runs a call, or let no worker run it."""
        with self.lock:
            for batch, entry in list(self._batches.items()):
                if entry.source is not calls or not calls.has(future, entry.tasks):
                    continue
                if self._backend.cancel(batch):
                    self._forget(batch)
                    calls.discard(entry.tasks)
                else:
                    self._stop([batch])
            self.pump()

    def _stop(self, batches: Sequence[int]) -> None:
        for batch in batches:
            entry = self._batches[batch]
            entry.doomed = True  # the word that a worker has it may be on its way
            if entry.worker is not None:
                self._backend.kill(entry.worker, batch=batch)

    def close(self, *, cancel: bool = False) -> None:
        """Take no more, and stop when what was taken has ended; `cancel` what has not started."""
        with self.lock:
            self.closed = True
            if cancel:
                for source in {id(source): source for source in self.active_sources}.values():
                    source.cancel_waiting()
            for job in self.streams:
                job.forbid_reading(RuntimeError(AFTER_SHUTDOWN))
            self.pump()  # stops the backend where nothing is left

    def lose_all(self, error: Exception) -> None:
        """Nothing runs any more: every source is told why, and the workers stop."""
        with self.lock:
            self.broken = error
            paused = [job for job in self.streams if job.active]
            sources = {
                id(source): source for source in [*self.active_sources, *paused, *self._set_ups]
            }
            for batch in list(self._batches):
                self._forget(batch)
            self._sources.clear()
            self._set_ups.clear()
            for source in sources.values():
                source.broken(error)
            self._backend.shutdown()

    # What the backend tells: see `Listener`.

    def on_worker_ready(self, worker: int) -> None:
        """A worker can take batches."""
        with self.lock:
            self.ready_workers.add(worker)
            for call in list(self._set_ups):
                self._submit(call, [call.task()], worker)
            self.pump()

    def on_dispatched(self, worker: int, batch: int) -> None:
        """A batch left the queue for a worker."""
        with self.lock:
            entry = self._batches.get(batch)
            if entry is not None:
                entry.worker = worker
                if entry.doomed:
                    self._backend.kill(worker, batch=batch)
                entry.source.started()

    def on_begun(self, worker: int, batch: int) -> None:
        """A task begins; its time limit starts."""
        with self.lock:
            entry = self._batches.get(batch)
            limit = None if entry is None else entry.source.task_timeout
            if (
                entry is None
                or limit is None
                or entry.worker != worker
                or entry.call_off is not None
            ):
                return  # or it was said already

            def stop() -> None:
                self._backend.kill(worker, batch=batch)

            def expire() -> None:
                entry.timed_out = True
                if self._backend.interrupt(worker, batch):  # a worker that obeys stays warm
                    grace = max(limit * GRACE, LEAST_GRACE)
                    entry.call_off = self.call_after(grace, stop)
                else:
                    stop()

            entry.call_off = self.call_after(limit, expire)

    def call_after(self, seconds: float, action: Callable[[], None]) -> Callable[[], None]:
        """Call `action` after some seconds of waking time; returns what calls it off."""
        return call_after_beats(self._backend.call_later, seconds, action)

    def on_result(
        self, worker: int, batch: int, payload: bytes, buffers: Sequence[Any], next: int, done: bool
    ) -> None:
        """Hand results to where their tasks came from."""
        with self.lock:
            entry = self._batches.get(batch)
            if entry is None:  # given up, with all its tasks
                return
            try:
                values, errors, seconds = read_results(entry, payload, buffers, done)
            except ValueError as forged:
                end = WorkerEnd("protocol", str(forged))
                self._lose(batch, worker, end)
                self._backend.kill(worker, end, batch)
                self.pump()
                return
            if self._break_with is not None:
                for error in errors.values():
                    if isinstance(error, RemoteUnpicklingError):
                        self._break(str(error), error)
                        return
            if done:
                self._forget(batch)
            self.tasks_run[worker] += len(values)
            tasks = entry.pop(len(values))
            if not errors:
                entry.source.finish_all(tasks, worker, values, seconds)
            else:
                for place, task in enumerate(tasks):
                    outcome = Outcome(worker, seconds[place], values[place], errors.get(place))
                    if entry.timed_out and isinstance(outcome.error, KeyboardInterrupt):
                        self._stopped(entry, worker, [task], entry.obeyed)
                    else:
                        entry.source.finish(task, outcome)
            if done and entry.tasks:  # it was cancelled on the way
                entry.source.discard(entry.tasks)
            self.pump()

    def on_batch_error(
        self, worker: int, batch: int, type_name: str, message: str, traceback: str
    ) -> None:
        """None of a batch's tasks could be run."""
        with self.lock:
            if batch not in self._batches:
                return
            entry = self._forget(batch)
            for task in entry.tasks:
                error = RemoteError(
                    f"{type_name}: {message}", type_name=type_name, traceback_text=traceback
                )
                entry.source.finish(task, Outcome(worker, 0.0, error=error))
            self.pump()

    def on_output(self, worker: int, task: int, stream: str, text: str) -> None:
        """Show what a task printed or displayed, and keep with the task what it printed."""
        with self.lock:
            printing = source = None
            for entry in self._batches.values():
                # What is said of a task that another worker runs belongs to none.
                printing = entry.task(task) if entry.worker == worker else None
                if printing is not None:
                    source = entry.source
                    break
            if stream == "phase":
                if isinstance(source, MapJob):
                    source.prepares(worker, text == "preparing")
                return
            if source is not None and printing is not None and stream != "display":
                source.printed(printing, stream, text)
        self.output.take(worker, printing, source, stream, text)

    def on_worker_ended(
        self,
        worker: int,
        batch: int | None,
        end: WorkerEnd,
        behind: Sequence[int] = (),
        untaken: Sequence[int] = (),
    ) -> None:
        """Fail what ran on a worker that is gone, and run elsewhere what had not started."""
        with self.lock:
            self.ready_workers.discard(worker)
            for call in self._set_ups:
                call.forget(worker)
            running = None if batch is None else self._batches.get(batch)
            ours = end.reason in ON_PURPOSE or (running is not None and running.doomed)
            if self._break_with is not None and not ours:
                self._break(end.message)
                return
            # What is put back last is the next to run.
            for lost in reversed((batch, *behind, *untaken)):
                if lost is not None and (entry := self._batches.get(lost)):
                    entry.behind = lost in behind
                    entry.untaken = lost in untaken
                    self._lose(lost, worker, end)
            for number, entry in list(self._batches.items()):
                if entry.target == worker:  # its replacement has its own
                    self._forget(number)
            self.pump()

    def _lose(self, batch: int, worker: int, end: WorkerEnd) -> None:
        entry = self._forget(batch)
        on_purpose = end.reason in (*ON_PURPOSE, "terminated")
        if entry.target is not None and (on_purpose or entry.untaken):
            return  # no fault of the call's, and the worker's replacement is set up anew
        started, again = entry.divide(end)
        if again:
            entry.source.put_back(again)
            self._offer(entry.source)
        if started:
            self._stopped(entry, worker, started, lambda worker: entry.loss(worker, end))

    def _stopped(
        self, entry: Batch, worker: int, tasks: Sequence[Task], error: Callable[[int], Exception]
    ) -> None:
        """Run tasks that were stopped again, as often as they may, or let them fail."""
        retried = [task for task in tasks if entry.source.retries >= task.attempt]
        if retried:
            for task in retried:
                task.attempt += 1
            entry.source.put_back(retried)
            self._offer(entry.source)
        for task in tasks:
            if task not in retried:
                entry.source.finish(task, Outcome(worker, 0.0, error=error(worker)))

    def on_limited(self, workers: int) -> None:
        """Other pools of the site leave room for so few workers only."""
        if not self.limited:
            self.limited = True  # once is enough
            warnings.warn(
                f"this pool has {workers} of {self._backend.size} workers: other notebooks of this "
                "site have the rest. It gets more when they end.",
                PoolPerformanceWarning,
                stacklevel=2,
            )

    def on_broken(self, message: str) -> None:
        """No worker can start any more; those who wait for the end of the work are told."""
        self.lose_all(PoolStartError(message))

    def on_set_up_failed(self, call: SetUp, worker: int | None, error: BaseException) -> None:
        """A worker could not make a call that every worker is to make."""
        if call not in self._set_ups:
            return  # it has failed before, on another worker
        if call.future.done() or call.required:
            reason = f"worker {worker} could not be set up: {type(error).__name__}: {error}"
            self._break(reason, error)
        else:  # whoever asked for the call is told, and no later worker makes it
            self._set_ups.remove(call)
            call.broken(error)
            self.pump()

    def _break(self, reason: str, cause: BaseException | None = None) -> None:
        error = self._break_with(reason) if self._break_with else PoolStartError(reason)
        error.__cause__ = cause
        self.lose_all(error)

    # How batches are made and forgotten.

    def _is_full(self, source: TaskSource) -> bool:
        if source.max_workers is None:
            return False
        held = sum(entry.source is source for entry in self._batches.values())
        return held >= source.max_workers

    def _open_batches(self) -> list[Batch]:
        """The batches that came from sources, for whichever worker is free."""
        return [batch for batch in self._batches.values() if batch.target is None]

    def _busy(self) -> bool:
        waited_for = any(call.unfinished() for call in self._set_ups)
        return bool(self._sources or self._asking or waited_for or self._open_batches())

    def _submit(
        self,
        source: TaskSource,
        tasks: list[Task],
        target: int | None = None,
        group: int | None = None,
    ) -> None:
        entry = Batch(source, tasks, self._next_task, len(tasks), target)
        self._next_task += len(tasks)
        batch, self._next_batch = self._next_batch, self._next_batch + 1
        self._batches[batch] = entry  # before it is submitted: it may start at once
        self._open += target is None
        try:
            self._backend.submit(batch, *entry.frame(), target, group)
        except Exception as error:  # too large for the browser, for example
            self._forget(batch)
            for task in tasks:
                source.finish(task, Outcome(None, 0.0, error=error))

    def _forget(self, batch: int) -> Batch:
        entry = self._batches.pop(batch)
        self._open -= entry.target is None
        if entry.call_off is not None:
            entry.call_off()
        if entry.worker is not None:
            entry.source.stopped()
        return entry
