"""A pool of threads that runs the real runner, with no browser."""

from __future__ import annotations

import asyncio
import os
import queue
import threading
import traceback
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from ..surroundings.notebook import SentSurroundings
from ..waiting.browser import tells_of_results
from ..waiting.time_limits import call_after_beats
from ..wire.buffers import in_heap
from ..wire.payload import Encoded
from ..worker.runner import Runner
from ..worker.surroundings.surroundings import WorkerSurroundings
from .base import ANY, STOPPED, Listener, Terms, WorkerEnd, WorkerLimits, WorkerStatus
from .deadlines import Deadlines
from .lanes import Queued
from .roster import Roster, Stored

#: A call of the listener.
Report = Callable[[Listener], None]


class _Worker:
    """A thread that runs what it is given, in order. It is also the port of its runner."""

    def __init__(self, backend: InProcessBackend, number: int) -> None:
        self.number = number
        self.runner = Runner(self, number, os.getpid(), WorkerSurroundings())
        self._backend = backend
        self._inbox: queue.SimpleQueue[Callable[[], Any] | None] = queue.SimpleQueue()
        threading.Thread(target=self._serve, name=f"pool worker {number}", daemon=True).start()

    def do(self, action: Callable[[], Any]) -> None:
        """Let the thread run something."""
        self._inbox.put(action)

    def leave(self) -> None:
        """Let the thread end, after what it was given before."""
        self._inbox.put(None)

    def _serve(self) -> None:
        self._backend.report(self.number, self._greet)
        while (action := self._inbox.get()) is not None:
            result = action()
            if asyncio.iscoroutine(result):
                asyncio.run(result)

    def _greet(self, listener: Listener) -> None:
        listener.on_worker_ready(self.number)
        self._backend.admit(self.number)

    # The runner's port.

    def result(self, batch: int, payload: bytes, buffers: list[memoryview], done: bool) -> None:
        """As `Port.result`."""
        copies = in_heap(buffers)
        self._backend.report(
            self.number,
            lambda listener: listener.on_result(self.number, batch, payload, copies, done),
            done=done,
        )

    def begin(self, batch: int) -> None:
        """As `Port.begin`."""
        self._backend.begin(self.number, batch)

    def worn(self, message: str) -> None:
        """As `Port.worn`. Nothing to do: this process gives memory back."""

    def error(self, batch: int, type: str, message: str, traceback: str) -> None:
        """As `Port.error`."""
        self._backend.report(
            self.number,
            lambda listener: listener.on_batch_error(self.number, batch, type, message, traceback),
            done=True,
        )

    def task(self, task: int) -> None:
        """As `Port.task`. Nothing to do: tasks print where this process prints."""

    def retire(self, reason: str) -> None:
        """As `Port.retire`."""
        self._backend.end(self.number, WorkerEnd("recycled", reason))


class InProcessBackend:
    """Workers that are threads of this process.

    Args:
        size: number of workers.
        fail_to_start: a message with which every start fails, to test what follows.
    """

    def __init__(self, size: int = 2, *, fail_to_start: str | None = None) -> None:
        self._fail_to_start = fail_to_start
        # Never held during a call of the listener, which has a lock of its own.
        self._lock = threading.RLock()
        self._reports: queue.SimpleQueue[Report | None] = queue.SimpleQueue()
        self._roster: Roster[_Worker] = Roster(size)
        self._deadlines = Deadlines(self.call_later)
        self._next_worker = 0
        self._ended = False

    @property
    def size(self) -> int:
        """As `Backend.size`."""
        return self._roster.size

    def start(self, listener: Listener, limits: WorkerLimits) -> None:
        """As `Backend.start`. Threads share one memory, so only `max_batches` counts here."""
        self._roster.limit(limits.max_batches)
        threading.Thread(
            target=self._tell, args=(listener,), name="pool listener", daemon=True
        ).start()
        if self._fail_to_start is not None:
            message = self._fail_to_start
            self._reports.put(lambda listener: listener.on_broken(message))
            return
        self._fill()

    def put(self, key: str, encoded: Encoded) -> None:
        """As `Backend.put`."""
        with self._lock:
            self._roster.put(key, encoded.payload, in_heap(encoded.buffers))

    def drop(self, key: str) -> None:
        """As `Backend.drop`."""
        with self._lock:
            for worker in self._roster.drop(key):
                worker.do(partial(worker.runner.drop, key))

    def submit(
        self,
        batch: int,
        payload: bytes,
        buffers: Sequence[memoryview],
        needs: Sequence[str],
        terms: Terms = ANY,
    ) -> None:
        """As `Backend.submit`. No batch waits at a thread, brief or not."""
        with self._lock:
            self._roster.queue(Queued(batch, payload, in_heap(buffers), list(needs), terms))
            self._dispatch()

    def cancel(self, batch: int) -> bool | None:
        """As `Backend.cancel`."""
        with self._lock:
            if self._roster.withdraw(batch):
                return True
            worker = self._roster.running(batch)
            if worker is not None:
                worker.runner.cancel(batch)
        return False

    def kill(self, worker: int, end: WorkerEnd = STOPPED, batch: int | None = None) -> None:
        """As `Backend.kill`. A thread cannot be stopped: it goes on, and nobody listens to it."""
        with self._lock:
            if batch is None or end.reason != STOPPED.reason:
                self.end(worker, end)
            elif self._roster.runs(worker, batch):
                if self.interrupt(worker, batch):
                    self._deadlines.stop_soon(batch, lambda: self._stop(worker, batch))
                else:
                    self.end(worker, end)

    def _stop(self, worker: int, batch: int) -> None:
        with self._lock:
            if self._roster.runs(worker, batch):
                self.end(worker, STOPPED)

    def interrupt(self, worker: int, batch: int) -> bool:
        """Ask a worker to stop a batch; False, since a thread cannot be asked."""
        return False

    def limit_lane(
        self, lane: int, seconds: float, expired: Callable[[], None]
    ) -> Callable[[], None]:
        """As `Backend.limit_lane`."""
        return call_after_beats(self.call_later, seconds, expired)

    def set_ups(self, needed: bool) -> None:
        """As `Backend.set_ups`. Nothing to do: a thread always waits for the listener."""

    def wake(self) -> None:
        """As `Backend.wake`. Nothing to do: threads are never stopped for being idle."""

    def scale(self, size: int) -> None:
        """As `Backend.scale`."""
        with self._lock:
            self._roster.resize(size)
            self._fill()
            self._dispatch()

    def workers(self) -> list[WorkerStatus]:
        """As `Backend.workers`. Threads have no memory of their own."""
        with self._lock:
            pid = os.getpid()
            return [
                WorkerStatus(member.number, pid, member.state, 0, 0)
                for member in self._roster.members()
            ]

    def spares(self) -> int:
        """As `Backend.spares`. There are none: a thread starts in no time."""
        return 0

    def surroundings(self) -> SentSurroundings | None:
        """As `Backend.surroundings`: a thread has those of this process."""
        return None

    def call_later(self, seconds: float, action: Callable[[], None]) -> Callable[[], None]:
        """As `Backend.call_later`; the action runs in a thread of its own."""
        timer = threading.Timer(seconds, action)
        timer.daemon = True
        timer.start()
        return timer.cancel

    def shutdown(self) -> None:
        """As `Backend.shutdown`."""
        with self._lock:
            self._ended = True
            for worker in self._roster.clear():
                worker.leave()
        self._reports.put(None)

    # Called by workers.

    def report(self, worker: int, report: Report, *, done: bool = False) -> None:
        """Tell the listener something of a worker, unless the worker has ended.

        Args:
            done: whether the worker has finished its batch.
        """
        with self._lock:
            if worker not in self._roster:
                return
            self._reports.put(report)
            if done:
                self._deadlines.end(self._roster.batch(worker))
                if self._roster.finish(worker):
                    message = "it had run as many tasks as one worker may"
                    self.end(worker, WorkerEnd("recycled", message))
                self._dispatch()

    def begin(self, worker: int, batch: int) -> None:
        """A task with a time limit begins. A thread that exceeds it is left to itself."""

        def expire() -> bool:
            with self._lock:
                self.report(worker, lambda listener: listener.on_expired(worker, batch))
                return self.interrupt(worker, batch)

        with self._lock:
            limit = self._roster.time_limit(worker)
            if limit is not None and self._roster.runs(worker, batch):
                self._deadlines.begin(batch, limit, expire, lambda: self._stop(worker, batch))

    def admit(self, worker: int) -> None:
        """Give batches to a worker of which the listener knows."""
        with self._lock:
            self._roster.set_ready(worker)
            self._dispatch()

    def end(self, worker: int, end: WorkerEnd) -> None:
        """Treat a worker as gone, for some reason; start another one in its place."""
        with self._lock:
            gone = self._roster.remove(worker)
            if gone is None:
                return
            gone.worker.leave()
            batch = gone.batch
            self._deadlines.end(batch)
            self._reports.put(lambda listener: listener.on_worker_ended(worker, batch, end))
            if not self._ended:
                self._fill()

    def _tell(self, listener: Listener) -> None:
        """Call the listener, in a thread of its own."""
        tells_of_results()
        while (report := self._reports.get()) is not None:
            if not self._ended:
                try:
                    report(listener)
                except Exception:  # it must not stop the pool
                    traceback.print_exc()

    def _fill(self) -> None:
        """Start the workers that are missing."""
        with self._lock:
            for _ in range(self._roster.missing()):
                worker = _Worker(self, self._next_worker)
                self._next_worker += 1
                self._roster.add(worker.number, worker)

    def _dispatch(self) -> None:
        """End surplus workers, and give waiting batches to idle workers."""
        with self._lock:
            for number in self._roster.surplus():
                self.end(number, WorkerEnd("retired", "the pool was made smaller"))
            while (given := self._roster.assign()) is not None:
                self._send(given.worker, given.objects, given.queued)

    def _send(self, worker: _Worker, objects: Sequence[Stored], queued: Queued) -> None:
        for stored in objects:
            worker.do(partial(worker.runner.put, *stored))
        number, batch = worker.number, queued.batch
        self.report(number, lambda listener: listener.on_dispatched(number, batch))
        worker.do(partial(worker.runner.run, batch, queued.payload, queued.buffers))
