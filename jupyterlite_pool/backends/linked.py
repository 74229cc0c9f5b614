"""A backend of links: each reaches one worker, and the rest is the same for all engines.

An engine says how to start a worker (`LinkedBackend.connect`) and how to reach it
(`backends.links`). Who is there, who has what and what waits is in the `Roster`.
"""

from __future__ import annotations

import queue
import threading
import traceback
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

from ..jobs.chunks import TARGET_SECONDS
from ..jobs.cost_model import COSTS
from ..surroundings.notebook import SentSurroundings
from ..waiting.browser import tells_of_results
from ..waiting.waking_time import call_after_beats
from ..wire.buffers import in_heap
from ..wire.payload import Encoded
from .base import ANY, STOPPED, Listener, NoPage, Terms, WorkerEnd, WorkerLimits, WorkerStatus
from .lanes import Queued
from .links import Link, Report
from .roster import Roster
from .time_limits import LEAST_GRACE, Deadlines
from .timers import Clock
from .wear import Wear


class LinkedBackend(NoPage, ABC):
    """Does what `Backend` says over links to workers.

    Args:
        size: number of workers.
        grace: seconds that a task which was asked to stop has, before its worker is stopped.
    """

    batch_seconds = TARGET_SECONDS

    costs = COSTS["local"]

    def __init__(self, size: int, *, grace: float = LEAST_GRACE) -> None:
        # Never held during a call of the listener, which has a lock of its own.
        self._lock = threading.RLock()
        self._reports: queue.SimpleQueue[Report | None] = queue.SimpleQueue()
        self._roster: Roster[Link] = Roster(size)
        self._clock = Clock()
        self._deadlines = Deadlines(self._clock.call_later, grace)
        self._wear = Wear(self._clock.call_later)
        self._next_worker = 0
        self._ended = False

    @abstractmethod
    def connect(self, number: int) -> Link | None:
        """Start a worker, or take one that is there; None if none can be had now.

        The worker says `ready` through its link, sooner or later. This is called with the lock
        held, so it must not wait for the worker.
        """

    # What the dispatcher calls.

    @property
    def size(self) -> int:
        """As `Backend.size`."""
        return self._roster.size

    def start(self, listener: Listener, limits: WorkerLimits) -> None:
        """As `Backend.start`."""
        self._roster.limit(limits.max_batches)
        self._wear.limit(limits)
        threading.Thread(
            target=self._tell, args=(listener,), name="pool listener", daemon=True
        ).start()
        self._fill()

    def put(self, key: str, encoded: Encoded) -> None:
        """As `Backend.put`."""
        with self._lock:
            self._roster.put(key, encoded.payload, in_heap(encoded.buffers))

    def drop(self, key: str) -> None:
        """As `Backend.drop`."""
        with self._lock:
            for link in self._roster.drop(key):
                link.drop(key)

    def submit(
        self,
        batch: int,
        payload: bytes,
        buffers: Sequence[memoryview],
        needs: Sequence[str],
        terms: Terms = ANY,
    ) -> None:
        """As `Backend.submit`. No batch waits at a worker, brief or not."""
        with self._lock:
            self._roster.queue(Queued(batch, payload, in_heap(buffers), list(needs), terms))
            self.wake()
            self._dispatch()

    def cancel(self, batch: int) -> bool | None:
        """As `Backend.cancel`."""
        with self._lock:
            if self._roster.withdraw(batch):
                return True
            member = self._roster.running(batch)
            # A worker that has a call by itself has begun it, or will in a moment.
            if member is not None and not member.call:
                member.worker.cancel(batch)
        return False

    def kill(self, worker: int, end: WorkerEnd = STOPPED, batch: int | None = None) -> None:
        """As `Backend.kill`."""
        with self._lock:
            if batch is None or end.reason != STOPPED.reason:
                self.end(worker, end)
            elif self._roster.runs(worker, batch):
                if self.interrupt(worker, batch):
                    self._deadlines.stop_soon(batch, lambda: self._stop(worker, batch))
                else:
                    self.end(worker, end)

    def limit_lane(
        self, lane: int, seconds: float, expired: Callable[[], None]
    ) -> Callable[[], None]:
        """As `Backend.limit_lane`."""
        return call_after_beats(self.call_later, seconds, expired)

    def set_ups(self, needed: bool) -> None:
        """As `Backend.set_ups`. Nothing to do: a worker always waits for the listener."""

    def wake(self) -> None:
        """As `Backend.wake`."""
        with self._lock:
            if self._wear.wake() and not self._ended:
                self._fill()

    def scale(self, size: int) -> None:
        """As `Backend.scale`."""
        with self._lock:
            self._roster.resize(size)
            self._fill()
            self._dispatch()

    def workers(self) -> list[WorkerStatus]:
        """As `Backend.workers`."""
        with self._lock:
            return [
                WorkerStatus(
                    member.number, member.worker.pid, member.state, 0, member.worker.memory()
                )
                for member in self._roster.members()
            ]

    def spares(self) -> int:
        """As `Backend.spares`. There are none."""
        return 0

    def surroundings(self) -> SentSurroundings | None:
        """As `Backend.surroundings`: a worker has those of this process."""
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
            self._wear.wake()
            for link in self._roster.clear():
                link.leave()
        self._reports.put(None)

    # What links and their voices call.

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
                used_up = self._roster.finish(worker)
                why = self._wear.why(worker, self._roster.link(worker).memory, used_up)
                if why is not None:
                    self.end(worker, WorkerEnd("recycled", why))
                self._dispatch()

    def begin(self, worker: int, batch: int) -> None:
        """A task with a time limit begins."""

        def expire() -> bool:
            with self._lock:
                self.report(worker, lambda listener: listener.on_expired(worker, batch))
                return self.interrupt(worker, batch)

        with self._lock:
            limit = self._roster.time_limit(worker)
            if limit is not None and self._roster.runs(worker, batch):
                self._deadlines.begin(batch, limit, expire, lambda: self._stop(worker, batch))

    def interrupt(self, worker: int, batch: int) -> bool:
        """Ask a worker to end a batch; False if it cannot be asked."""
        return worker in self._roster and self._roster.link(worker).interrupt(batch)

    def admit(self, worker: int) -> None:
        """Give batches to a worker of which the listener knows."""
        with self._lock:
            self._roster.set_ready(worker)
            self._wear.started()
            self._dispatch()

    def wear_out(self, worker: int, why: str) -> None:
        """Replace a worker once it has nothing to do."""
        with self._lock:
            if self._roster.batch(worker) is None:
                self.end(worker, WorkerEnd("recycled", why))
            else:
                self._wear.note(worker, why)

    def end(self, worker: int, end: WorkerEnd, *, began: bool = True) -> None:
        """Treat a worker as gone, for some reason; start another one in its place.

        Args:
            began: whether it may have begun to run its batch.
        """
        with self._lock:
            gone = self._roster.remove(worker)
            if gone is None:
                return
            gone.worker.leave()
            batch = gone.batch
            self._deadlines.end(batch)
            self._wear.forget(worker)
            if began or batch is None or self._wear.ends_in_vain():
                self._reports.put(lambda heard: heard.on_worker_ended(worker, batch, end))
            else:
                self._reports.put(
                    lambda heard: heard.on_worker_ended(worker, None, end, untaken=[batch])
                )
            if end.reason == "start" and self._wear.fails_to_start():
                self.give_up(f"no worker can start: {end.message}")
            elif not self._ended:
                self._fill()

    def give_up(self, message: str) -> None:
        """Tell the listener that no worker can start any more."""
        self._reports.put(lambda listener: listener.on_broken(message))

    # What happens inside.

    def _stop(self, worker: int, batch: int) -> None:
        with self._lock:
            if self._roster.runs(worker, batch):
                self.end(worker, STOPPED)

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
            if self._wear.asleep:
                return
            for _ in range(self._roster.missing()):
                try:
                    link = self.connect(self._next_worker)
                except Exception as error:  # the machine has no room for one more, for example
                    if not self._roster.members():
                        self.give_up(f"no worker can start: {type(error).__name__}: {error}")
                    return
                if link is None:
                    return
                self._next_worker += 1
                self._roster.add(link.number, link)

    def _dispatch(self) -> None:
        """End surplus workers, and give waiting batches to idle workers."""
        with self._lock:
            for number in self._roster.surplus():
                self.end(number, WorkerEnd("retired", "the pool was made smaller"))
            while (given := self._roster.assign()) is not None:
                link, batch = given.worker, given.queued.batch
                number = link.number
                self.report(number, _dispatched(number, batch))
                link.give(given.objects, given.queued)
            for batch in self._roster.bereft():
                self._reports.put(_bereft(batch))
            self._wear.rests(self._roster.idle(), self._fall_asleep)

    def _fall_asleep(self) -> None:
        """Stop all workers, since none has had anything to do for long."""
        with self._lock:
            if self._roster.idle() and not self._ended:
                self._wear.sleep()
                for member in self._roster.members():
                    message = "the pool had nothing to do"
                    self.end(member.number, WorkerEnd("retired", message))


def _bereft(batch: int) -> Report:
    why = "an object that it needs was given up"
    return lambda listener: listener.on_batch_error(None, batch, "LookupError", why, "")


def _dispatched(worker: int, batch: int) -> Report:
    return lambda listener: listener.on_dispatched(worker, batch)
