"""Tasks on their way to workers.

`pump` asks the sources of tasks in turn for a batch whenever the backend has room for one. Results
come back through `listener.py`.
"""

from __future__ import annotations

import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any

from ..backends.base import Backend
from ..errors import AFTER_SHUTDOWN, PoolStartError, TerminatedWorkerError
from ..jobs.call_queue import CallQueue
from ..jobs.job import MapJob
from ..jobs.set_up import SetUp
from ..jobs.tasks import Outcome, Task, TaskSource
from ..jobs.work_log import WorkLog
from ..waiting.waits import members, pool_locks
from .cancels import Cancels
from .ledger import Ledger
from .set_ups import SetUps
from .stops import Stops

#: Batches of a source that a backend holds for each worker: one that runs and one that waits.
BATCHES_PER_WORKER = 2

#: The same for batches that end sooner than the next one could be fetched.
BRIEF_BATCHES_PER_WORKER = 16

#: Bytes and batches that the backend holds in all. Sources that may be ahead hand over so much,
#: so that workers have enough to do while the notebook computes.
AHEAD_BYTES = 2**26
AHEAD_BATCHES = 100_000

#: Seconds that handing over ahead may take: when a source begins, and whenever results come.
AHEAD_AT_FIRST, AHEAD_AT_ONCE = 0.5, 0.005

_dispatchers: weakref.WeakSet[Dispatcher] = weakref.WeakSet()


def all_dispatchers() -> list[Dispatcher]:
    """All dispatchers of this kernel.

    An executor that nobody holds is gone, but its dispatcher lives on until its work is done.
    """
    return members(_dispatchers)


class Dispatcher:
    """Takes tasks from their sources, and gives them to the backend in batches."""

    def __init__(
        self, backend: Backend, break_with: Callable[[str], Exception] | None = None
    ) -> None:
        """Serve a backend.

        Args:
            break_with: makes the error with which everything ends when a worker is lost; None to
                replace a lost worker.
        """
        self._backend = backend
        self._break_with = break_with
        #: Held by whoever changes anything: the in-process backend calls from other threads.
        self.lock = threading.RLock()
        pool_locks.add(self.lock)
        self.ledger = Ledger()
        #: What workers did lately.
        self.log = WorkLog()
        self.set_ups = SetUps()
        self.cancels = Cancels(backend, self.ledger, self.offer)
        self._stops = Stops(backend, self.ledger, self.cancels, self.lock)
        #: Why no task can run any more; None while tasks can run.
        self.broken: Exception | None = None
        #: Whether no more tasks are taken. The backend stops when all taken tasks have ended.
        self.closed = False
        #: Sources that may have tasks.
        self._sources: deque[TaskSource] = deque()
        #: Sources that are being asked for tasks now, which may take long.
        self._asking: list[TaskSource] = []
        self._jobs: weakref.WeakSet[MapJob] = weakref.WeakSet()
        #: Jobs whose items are read only as their values are asked for.
        self._streams: weakref.WeakSet[MapJob] = weakref.WeakSet()
        #: Whether a pump will follow as soon as the notebook's thread is free.
        self._pumps_soon = False
        _dispatchers.add(self)

    # What it has to do.

    def active_sources(self) -> list[TaskSource]:
        """The sources whose tasks have not all ended, each once."""
        named = [*self._asking, *self._sources, *self.ledger.sources()]
        return list({id(source): source for source in named}.values())

    def unfinished(self) -> list[Future[Any]]:
        """Futures that are all done when everything that was taken has ended."""
        with self.lock:
            sources = [*self.active_sources(), *self._read_elsewhere()]
            futures = [future for source in sources for future in source.unfinished()]
            return [*futures, *self.set_ups.unfinished()]

    def jobs(self) -> list[MapJob]:
        """The jobs that have not ended, oldest first."""
        with self.lock:
            active = {source for source in self.active_sources() if isinstance(source, MapJob)}
            return sorted(active.union(self._read_elsewhere()), key=lambda job: job.number)

    def _read_elsewhere(self) -> list[MapJob]:
        """The jobs whose items are read by who waits for them, even if nothing of them is here."""
        return [job for job in members(self._jobs) if job.active and job.items.is_read_elsewhere]

    def _busy(self) -> bool:
        here = self._sources or self._asking or self.set_ups.unfinished() or self.ledger.open
        return bool(here or self._read_elsewhere())

    # Tasks come, and go to workers.

    def add(self, source: TaskSource) -> None:
        """Take tasks from a source, now and until it has none."""
        with self.lock:
            if self.log.asked_at is None:  # all workers may have gone because they were idle
                self.log.asks()
            self.offer(source)
            # So much as the workers run or have before them already.
            enough = self.ledger.open >= BATCHES_PER_WORKER * self._backend.size
            if enough and isinstance(source, CallQueue) and source.gathers:
                self._pump_soon()
            else:
                self.pump(begins=True)

    def _pump_soon(self) -> None:
        """Pump when the notebook's thread is free, which may be after more tasks have come."""

        def pump() -> None:
            with self.lock:
                self._pumps_soon = False
                self.pump()

        if not self._pumps_soon:
            self._pumps_soon = True
            self._backend.call_later(0, pump)

    def add_job(self, job: MapJob, *, stream: bool) -> None:
        """Take tasks from a new job.

        Args:
            stream: whether its items are read only as their values are asked for.
        """
        self._jobs.add(job)
        if stream:
            self._streams.add(job)
        self.add(job)

    def offer(self, source: TaskSource) -> None:
        """Take tasks from a source at the next `pump`."""
        if source not in self._sources:
            self._sources.append(source)

    def add_set_up(self, call: SetUp) -> None:
        """Have every worker make a call: the workers that are there and those that come."""
        with self.lock:
            ready = self.set_ups.add(call)
            self._backend.set_ups(True)
            self._backend.wake()
            for worker in ready:
                self.submit(call, [call.task()], worker)

    def scale(self, size: int) -> None:
        """Have more workers, or fewer: those that are too many end when they have nothing to do."""
        with self.lock:
            self._backend.scale(size)
            self.log.asks()
            self.set_ups.size_changed()
            self.pump()

    def pump(self, *, begins: bool = False) -> None:
        """Fill the backend's queue, from each source in turn.

        Args:
            begins: whether a source has just begun: its caller may compute for long from now on.
        """
        if self._sources:
            self._fill(self._has_room)
        if self._sources:
            until = time.perf_counter() + (AHEAD_AT_FIRST if begins else AHEAD_AT_ONCE)
            self._fill(lambda source: self._has_room_ahead(source, until), ahead=True)
        if self.closed and not self._busy():
            self._backend.shutdown()

    def _fill(self, has_room: Callable[[TaskSource], bool], *, ahead: bool = False) -> None:
        """Hand over batches of sources in turn, while there is room for them."""
        size = self._backend.size
        full = 0  # this many sources in a row had no room
        while full < len(self._sources):
            source = self._sources.popleft()
            # One that is being asked pauses, and whoever asks it will ask again. All others stay in
            # the queue meanwhile: the one that is asked may wait for what they do.
            if source in self._asking or not has_room(source):
                self._sources.append(source)
                full += 1
                continue
            full = 0
            # Reading and encoding items can run any code. Meanwhile the pool counts as busy.
            self._asking.append(source)
            tasks: Sequence[Task] = []
            try:
                tasks = source.take(size, ahead=ahead)
                if tasks and self.broken is None:
                    given, tasks = tasks, []
                    self.submit(source, given)
                    self.offer(source)
            except BaseException:  # Ctrl-C, for example, which may not be meant for this source
                self.offer(source)
                raise
            finally:
                self._asking.remove(source)
                if self.broken is not None:  # while the source was asked
                    source.put_back(tasks)
                    source.broken(self.broken)

    def _has_room(self, source: TaskSource) -> bool:
        brief = source.brief and self.ledger.weight < AHEAD_BYTES
        batches = BRIEF_BATCHES_PER_WORKER if brief else BATCHES_PER_WORKER
        limit = source.max_workers
        most = batches * self._backend.size
        return self.ledger.count(source) < (most if limit is None else min(most, limit))

    def _has_room_ahead(self, source: TaskSource, until: float) -> bool:
        return (
            source.ahead
            and self.ledger.weight < AHEAD_BYTES
            and self.ledger.open < AHEAD_BATCHES
            and time.perf_counter() < until
        )

    def submit(
        self,
        source: TaskSource,
        tasks: Sequence[Task],
        target: int | None = None,
    ) -> None:
        """Give tasks to the backend as a batch, for any worker or for a target alone."""
        calls = isinstance(source, CallQueue)
        # First, since the batch may start at once.
        batch = self.ledger.enter(source, tasks, target, singly=calls)
        try:
            payload, buffers, needs = batch.frame()
            # First, since a batch may be over when `submit` returns.
            self.ledger.weigh(batch, len(payload) + sum(buffer.nbytes for buffer in buffers))
            self._backend.submit(batch.number, payload, buffers, needs, batch.terms())
        except Exception as error:  # too large for the browser, for example
            self.ledger.remove(batch)
            for task in tasks:
                source.finish(task, Outcome(None, 0.0, error=error))

    # What was taken is given up.

    def cancel_all(self, *, cell: Any = None, background: bool = True) -> None:
        """Cancel all jobs and calls, or those of a cell. Workers that run them are replaced.

        Args:
            background: also cells in the background.
        """
        with self.lock:
            for source in self.active_sources():
                if background or not (isinstance(source, MapJob) and source.options.single):
                    source.abort(cell=cell)

    def take_back(self) -> None:
        """Cancel the batches of sources that start no more tasks."""
        with self.lock:
            for batch in self.ledger.all():
                if batch.source.stopping:
                    self.cancels.ask(batch)
            self.pump()

    def is_running(self, source: TaskSource) -> bool:
        """Whether a worker runs a batch of a source."""
        with self.lock:
            return any(batch.worker is not None for batch in self.ledger.of(source))

    def give_up(self, call: SetUp, error: BaseException) -> None:
        """A call has failed: whoever asked for it is told, and no other worker makes it."""
        for batch in self.ledger.of(call):
            self.cancels.ask(batch)  # before what it needs is gone
        self.set_ups.give_up(call, error)

    def stop(self, source: TaskSource) -> None:
        """Stop the workers that run batches of a source; others take their places."""
        with self.lock:
            self._stops.stop(self.ledger.of(source))

    def stop_call(self, calls: CallQueue, future: Future[Any]) -> None:
        """Stop the worker that runs a call; if none runs it, none will."""
        with self.lock:
            batch = self.ledger.with_task(calls.task(future))
            if batch is not None:
                self._stops.stop_calls(batch, calls)
            self.pump()

    def take_call_back(self, calls: CallQueue, future: Future[Any]) -> Future[bool] | None:
        """Take a call back from the workers if none has started it.

        Returns:
            A future that tells whether that succeeded; None if the call is with no worker.
        """
        with self.lock:
            task = calls.task(future)
            batch = self.ledger.with_task(task)
            if batch is None or task is None:
                Future.cancel(future)  # before a worker can have it
                return None
            if len(batch.tasks) == 1:
                return self.cancels.ask(batch)
            batch.single_out(task)
            answer = self.cancels.ask(batch, cut=True)
            self.pump()  # the others may have come back at once
            return answer

    # The end of everything.

    def close(self, *, cancel: bool = False) -> None:
        """Take no more tasks, and stop the backend when those that were taken have ended.

        Args:
            cancel: cancel what has not started.
        """
        with self.lock:
            self.closed = True
            if cancel:
                for source in self.active_sources():
                    source.cancel_waiting()
                for batch in self.ledger.open_batches():
                    if batch.worker is None:
                        self.cancels.ask(batch)
            for job in self._streams:
                job.items.forbid_reading(RuntimeError(AFTER_SHUTDOWN))
            self.pump()  # stops the backend if nothing is left

    def terminate(self) -> None:
        """Take no more tasks, and stop the backend at once: what has not ended fails."""
        message = "the pool's workers were stopped"
        make = self._break_with
        error = make(message) if make else TerminatedWorkerError(message, started=None)
        with self.lock:
            self.closed = True
            self.lose_all(error)

    def lose_all(self, error: Exception) -> None:
        """No task can run any more: tell every source why, and stop the workers."""
        with self.lock:
            self.broken = error
            paused = [job for job in self._streams if job.active]
            # A source that is being asked for tasks hears of it when it has answered.
            active = [each for each in self.active_sources() if each not in self._asking]
            paused = [job for job in paused if job not in self._asking]
            named = [*active, *paused, *self.set_ups.clear()]
            for batch in self.ledger.all():
                self.ledger.remove(batch)
            self._sources.clear()
            for source in {id(source): source for source in named}.values():
                source.broken(error)
            self._backend.shutdown()

    @property
    def breaks_when_a_worker_is_lost(self) -> bool:
        """Whether the whole pool is broken when a worker is lost."""
        return self._break_with is not None

    def break_all(self, reason: str, cause: BaseException | None = None) -> None:
        """End everything with the pool's own kind of error."""
        error = self._break_with(reason) if self._break_with else PoolStartError(reason)
        error.__cause__ = cause
        self.lose_all(error)

    def set_up_failed(self, call: SetUp, worker: int | None, error: BaseException) -> None:
        """A worker could not make a call that every worker has to make."""
        if call not in self.set_ups:
            return  # it has failed before, on another worker
        if call.future.done() or call.required:  # later workers could not be like the others
            reason = f"worker {worker} could not be set up: {type(error).__name__}: {error}"
            self.break_all(reason, error)
        else:
            self.give_up(call, error)
            self._backend.set_ups(bool(self.set_ups))
            self.pump()
