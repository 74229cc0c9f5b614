"""A pool of threads that drives the real runner, with no browser."""

from __future__ import annotations

import asyncio
import os
import queue
import threading
import traceback
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from ..surroundings.environment import Described
from ..wire.buffers import HeapBuffer, in_heap
from ..wire.payload import Encoded
from ..worker.runner import Runner
from ..worker.surroundings.environment import Environment
from .base import STOPPED, Listener, WorkerEnd, WorkerLimits, WorkerStatus


@dataclass(eq=False)
class _Queued:
    """A batch that waits for a worker."""

    batch: int
    payload: bytes
    buffers: list[HeapBuffer]
    needs: list[str]
    target: int | None


class _Worker:
    """A thread that runs what it is given, until it is abandoned."""

    def __init__(self, backend: InProcessBackend, number: int) -> None:
        self.id = number
        self.held: set[str] = set()
        self.current: int | None = None
        #: Whether the listener knows of it; before that it is given nothing.
        self.ready = False
        self.ended = False
        #: How many batches without a target it was given.
        self.served = 0
        self.runner = Runner(self, number, os.getpid(), Environment())
        self._backend = backend
        self._inbox: queue.SimpleQueue[Callable[[], Any] | None] = queue.SimpleQueue()
        threading.Thread(target=self._serve, name=f"pool worker {number}", daemon=True).start()

    def do(self, action: Callable[[], Any] | None) -> None:
        """Give it something to run in order; None to stop."""
        self._inbox.put(action)

    def _serve(self) -> None:
        self._backend.say(self, self._greet)
        while (action := self._inbox.get()) is not None:
            result = action()
            if asyncio.iscoroutine(result):
                asyncio.run(result)

    @property
    def state(self) -> str:
        """As in `WorkerStatus`."""
        if not self.ready:
            return "starting"
        return "idle" if self.current is None else "busy"

    def _greet(self, listener: Listener) -> None:
        listener.on_worker_ready(self.id)
        self.ready = True
        self._backend.dispatch()

    # The runner's port.

    def result(self, batch: int, payload: bytes, buffers: list[memoryview], done: bool) -> None:
        """Pass results on."""
        copies = in_heap(buffers)
        self._backend.say(
            self,
            lambda listener: listener.on_result(self.id, batch, payload, copies, done),
            done=done,
        )

    def begin(self, batch: int) -> None:
        """Pass on that a task with a time limit begins."""
        self._backend.say(self, lambda listener: listener.on_begun(self.id, batch))

    def worn(self, message: str) -> None:
        """A thread does not wear out: memory of this process is given back."""

    def error(self, batch: int, type: str, message: str, traceback: str) -> None:
        """Pass on that a batch could not be read."""
        self._backend.say(
            self,
            lambda listener: listener.on_batch_error(self.id, batch, type, message, traceback),
            done=True,
        )

    def task(self, task: int) -> None:
        """Tasks print where this process prints."""

    def retire(self, reason: str) -> None:
        """End this worker, and let another take its place."""
        self._backend.end(self.id, WorkerEnd("recycled", reason, None, None))


class InProcessBackend:
    """Workers that are threads of this process.

    Args:
        size: number of workers.
        fail_to_start: a message with which every start fails, to test what follows.
    """

    def __init__(self, size: int = 2, *, fail_to_start: str | None = None) -> None:
        self.size = size
        self._fail_to_start = fail_to_start
        # Never held while the listener is called, which has a lock of its own.
        self._lock = threading.RLock()
        #: What the listener is to be told, in order.
        self._words: queue.SimpleQueue[Callable[[Listener], None] | None] = queue.SimpleQueue()
        self._workers: dict[int, _Worker] = {}
        self._objects: dict[str, tuple[bytes, list[HeapBuffer]]] = {}
        self._queue: deque[_Queued] = deque()
        self._max_batches: int | None = None
        self._next_worker = 0
        self._ended = False

    def start(self, listener: Listener, limits: WorkerLimits) -> None:
        """As `Backend.start`; threads cost nothing, and are neither measured nor let go."""
        self._max_batches = limits.max_batches
        threading.Thread(
            target=self._tell, args=(listener,), name="pool listener", daemon=True
        ).start()
        if self._fail_to_start is not None:
            message = self._fail_to_start
            self._words.put(lambda listener: listener.on_broken(message))
            return
        for _ in range(self.size):
            self._spawn()

    def put(self, key: str, encoded: Encoded) -> None:
        """As `Backend.put`."""
        with self._lock:
            self._objects[key] = encoded.payload, in_heap(encoded.buffers)

    def drop(self, key: str) -> None:
        """As `Backend.drop`."""
        with self._lock:
            self._objects.pop(key, None)
            for worker in self._workers.values():
                if key in worker.held:
                    worker.held.remove(key)
                    worker.do(partial(worker.runner.drop, key))

    def submit(
        self,
        batch: int,
        payload: bytes,
        buffers: Sequence[memoryview],
        needs: Sequence[str],
        target: int | None = None,
        group: int | None = None,
    ) -> None:
        """As `Backend.submit`; a thread is so near that nothing need wait at it."""
        with self._lock:
            # Copied, as a transfer would: what changes later is not seen by the task.
            copies = in_heap(buffers)
            self._queue.append(_Queued(batch, payload, copies, list(needs), target))
            self.dispatch()

    def cancel(self, batch: int) -> bool:
        """As `Backend.cancel`."""
        with self._lock:
            for entry in self._queue:
                if entry.batch == batch:
                    self._queue.remove(entry)
                    return True
            for worker in self._workers.values():
                if worker.current == batch:
                    worker.runner.cancel(batch)
        return False

    def kill(self, worker: int, end: WorkerEnd = STOPPED, batch: int | None = None) -> None:
        """As `Backend.kill`: the thread is left to itself, and not listened to any more."""
        with self._lock:
            thread = self._workers.get(worker)
            done = thread is not None and batch is not None and thread.current != batch
            if not done or end.reason != STOPPED.reason:  # at fault, it ends whatever it runs
                self.end(worker, end)

    def interrupt(self, worker: int, batch: int) -> bool:
        """As `Backend.interrupt`: a thread cannot be asked."""
        return False

    def wake(self) -> None:
        """As `Backend.wake`: threads are always awake."""

    def end(self, worker: int, end: WorkerEnd) -> None:
        """Let a worker die of something."""
        with self._lock:
            gone = self._workers.pop(worker, None)
            if gone is None:
                return
            gone.ended = True
            gone.do(None)
            batch = gone.current
            self._queue = deque(entry for entry in self._queue if entry.target != worker)
            self._words.put(lambda listener: listener.on_worker_ended(worker, batch, end))
            if not self._ended and len(self._workers) < self.size:
                self._spawn()

    def scale(self, size: int) -> None:
        """As `Backend.scale`."""
        with self._lock:
            self.size = size
            while len(self._workers) < size:
                self._spawn()
            self.dispatch()

    def workers(self) -> list[WorkerStatus]:
        """As `Backend.workers`; threads share the memory of this process."""
        with self._lock:
            pid = os.getpid()
            return [WorkerStatus(w.id, pid, w.state, 0, 0) for w in self._workers.values()]

    def spares(self) -> int:
        """As `Backend.spares`: a thread is started in no time."""
        return 0

    def environment(self) -> Described | None:
        """As `Backend.environment`: a thread finds around it what this process has."""
        return None

    def call_later(self, seconds: float, action: Callable[[], None]) -> Callable[[], None]:
        """As `Backend.call_later`."""
        timer = threading.Timer(seconds, action)
        timer.daemon = True
        timer.start()
        return timer.cancel

    def shutdown(self) -> None:
        """As `Backend.shutdown`."""
        with self._lock:
            self._ended = True
            self._queue.clear()
            for worker in self._workers.values():
                worker.ended = True
                worker.do(None)
            self._workers.clear()
        self._words.put(None)

    def say(self, worker: _Worker, word: Callable[[Listener], None], *, done: bool = False) -> None:
        """Tell the listener something of a worker, unless it has ended; it may now be idle."""
        with self._lock:
            if worker.ended:
                return
            self._words.put(word)
            if done:
                worker.current = None
                if self._max_batches is not None and worker.served >= self._max_batches:
                    message = f"it had run {worker.served} tasks"
                    self.end(worker.id, WorkerEnd("recycled", message))
                self.dispatch()

    def _tell(self, listener: Listener) -> None:
        while (word := self._words.get()) is not None:
            if not self._ended:
                try:
                    word(listener)
                except Exception:  # as in a browser: it must not stop the pool
                    traceback.print_exc()

    def dispatch(self) -> None:
        """Give waiting batches to idle workers; end those that are too many."""
        with self._lock:
            for worker in list(self._workers.values()):
                if worker.current is not None:
                    continue
                if len(self._workers) > self.size:
                    end = WorkerEnd("retired", "the pool was made smaller")
                    self.end(worker.id, end)
                elif worker.ready and (entry := self._next_for(worker.id)) is not None:
                    self._give(worker, entry)

    def _next_for(self, worker: int) -> _Queued | None:
        own = [entry for entry in self._queue if entry.target == worker]
        for entry in own or [entry for entry in self._queue if entry.target is None]:
            self._queue.remove(entry)
            return entry
        return None

    def _give(self, worker: _Worker, entry: _Queued) -> None:
        batch = worker.current = entry.batch
        if entry.target is None:
            worker.served += 1
        for key in entry.needs:
            if key not in worker.held:
                worker.held.add(key)
                worker.do(partial(worker.runner.put, key, *self._objects[key]))
        self.say(worker, lambda listener: listener.on_dispatched(worker.id, batch))
        worker.do(partial(worker.runner.run, batch, entry.payload, entry.buffers))

    def _spawn(self) -> None:
        with self._lock:
            worker = _Worker(self, self._next_worker)
            self._next_worker += 1
            self._workers[worker.id] = worker
            self.dispatch()
