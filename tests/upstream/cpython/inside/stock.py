"""Workers that outlive the executors of tests, because new ones for each test would take minutes.

An executor that was shut down gives its workers back. Tasks that still run on them are stopped with
their workers, and the pool replaces these workers. Before a worker is lent, it imports the tests: a
slow first import would change the order of tasks, which many tests depend on.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable, Sequence
from typing import Any

from pyodide.ffi import run_sync

from jupyterlite_pool.backends.base import (
    ANY,
    STOPPED,
    Listener,
    Terms,
    WorkerEnd,
    WorkerLimits,
    WorkerStatus,
)
from jupyterlite_pool.backends.pyodide.backend import PyodideBackend
from jupyterlite_pool.jobs.chunks import TARGET_SECONDS
from jupyterlite_pool.surroundings.notebook import SentSurroundings
from jupyterlite_pool.wire.calls import encode_function, function_key, join_calls
from jupyterlite_pool.wire.payload import Encoded, encode
from jupyterlite_pool.wire.protocol import CallBatch

#: The module that a worker imports before it is lent; the other modules of tests need little more.
TESTS = "test.test_concurrent_futures.test_process_pool"


class Workers:
    """The workers of one real backend, lent to one executor after the other."""

    def __init__(self, size: int) -> None:
        self.backend = PyodideBackend(size, ())
        self.borrower: LentBackend | None = None
        self.usable = True
        #: The borrower's number of each batch, by the backend's number.
        self.batches: dict[int, int] = {}
        self.running: dict[int, int] = {}
        #: The backend's numbers of batches that prepare a worker.
        self._preparing: set[int] = set()
        self._next_batch = 0
        self._ready: set[int] = set()
        #: Workers that were stopped on their return: the next borrower must not hear of their end.
        self._stopped: set[int] = set()
        self.backend.set_ups(True)  # each worker is prepared first
        self.backend.start(self, WorkerLimits())

    def lend(self, borrower: LentBackend) -> None:
        """Lend the workers to a backend; waits until half of them are ready."""
        self.borrower = borrower
        for worker in sorted(self._ready):
            borrower.listener.on_worker_ready(worker)
        run_sync(self._some_ready())

    def new_number(self) -> int:
        """A new number for a batch."""
        self._next_batch += 1
        return self._next_batch - 1

    def take_back(self) -> None:
        """Take the workers back, and stop the tasks that have not ended."""
        self.borrower = None
        outstanding, self.batches = list(self.batches), {}
        for number in outstanding:
            self.backend.cancel(number)
        busy = [w for w, number in self.running.items() if number not in self._preparing]
        self._stopped.update(busy)
        for worker in busy:
            self.backend.kill(worker)

    def _prepare(self, worker: int) -> None:
        """Let a worker import the tests, which is slow the first time."""
        described = self.backend.surroundings()
        assert described is not None
        surroundings = described.key
        encoded = encode_function(importlib.import_module)
        function = function_key(encoded)
        for key, part in (*described.parts, described[:2], (function, encoded)):
            self.backend.put(key, part)
        call = encode(((TESTS,), {}))
        batch = CallBatch(-1, function, surroundings, [call.payload], [1])
        number = self.new_number()
        self._preparing.add(number)
        needs = [*(key for key, _ in described.parts), surroundings, function]
        self.backend.submit(number, join_calls(batch), [], needs, Terms(worker))

    def status(self) -> list[WorkerStatus]:
        """The workers. A worker that is being prepared counts as starting, not as busy."""
        return [
            worker._replace(state="starting") if worker.id not in self._ready else worker
            for worker in self.backend.workers()
        ]

    async def _some_ready(self) -> None:
        while self.usable and 2 * len(self._ready) < self.backend.size:
            await asyncio.sleep(0.01)

    # Events of the backend, passed on with the borrower's own numbers.

    def on_worker_ready(self, worker: int) -> None:
        self._prepare(worker)

    def _is_prepared(self, worker: int) -> None:
        self._ready.add(worker)
        if self.borrower:
            self.borrower.listener.on_worker_ready(worker)

    def on_dispatched(self, worker: int, batch: int) -> None:
        self.running[worker] = batch
        if self.borrower and batch in self.batches:
            self.borrower.listener.on_dispatched(worker, self.batches[batch])

    def on_cancelled(self, batch: int, taken: bool) -> None:
        own = self.batches.get(batch)
        if taken:
            self.batches.pop(batch, None)
        if self.borrower and own is not None:
            self.borrower.listener.on_cancelled(own, taken)

    def on_expired(self, worker: int, batch: int) -> None:
        if self.borrower and batch in self.batches:
            self.borrower.listener.on_expired(worker, self.batches[batch])

    def on_limited(self, workers: int) -> None:
        raise AssertionError(f"only {workers} workers may start: other pools have the rest")

    def on_result(
        self, worker: int, batch: int, payload: bytes, buffers: Sequence[Any], done: bool
    ) -> None:
        own = self.batches.get(batch)
        if done:
            self._forget(worker, batch)
        if batch in self._preparing:
            self._preparing.remove(batch)
            self._is_prepared(worker)
        if self.borrower and own is not None:
            self.borrower.listener.on_result(worker, own, payload, buffers, done)

    def on_batch_error(
        self, worker: int | None, batch: int, type_name: str, message: str, traceback: str
    ) -> None:
        own = self._forget(worker, batch)
        if self.borrower and own is not None:
            self.borrower.listener.on_batch_error(worker, own, type_name, message, traceback)

    def on_output(self, worker: int, task: int, stream: str, text: str) -> None:
        if self.borrower:
            self.borrower.listener.on_output(worker, task, stream, text)

    def on_worker_ended(
        self,
        worker: int,
        batch: int | None,
        end: WorkerEnd,
        behind: Sequence[int] = (),
        untaken: Sequence[int] = (),
    ) -> None:
        self._ready.discard(worker)
        own = None if batch is None else self._forget(worker, batch)
        if self.borrower and worker not in self._stopped:
            lost = [
                [mine for number in numbers if (mine := self._forget(worker, number)) is not None]
                for numbers in (behind, untaken)
            ]
            self.borrower.listener.on_worker_ended(worker, own, end, *lost)

    def on_broken(self, message: str) -> None:
        self.usable = False
        if self.borrower:
            self.borrower.listener.on_broken(message)

    def _forget(self, worker: int | None, batch: int) -> int | None:
        if worker is not None:
            self.running.pop(worker, None)
        return self.batches.pop(batch, None)


class Stock:
    """The workers of all tests, lent or not."""

    def __init__(self) -> None:
        self._workers: list[Workers] = []

    def start(self, size: int) -> Workers:
        """Start a set of this many workers."""
        workers = Workers(size)
        self._workers.append(workers)
        return workers

    def take(self, size: int) -> Workers:
        """A set of this many workers that nobody has borrowed; starts one if there is none."""
        for workers in self._workers:
            if workers.usable and workers.borrower is None and workers.backend.size == size:
                return workers
        return self.start(size)


STOCK = Stock()


class LentBackend:
    """A backend over workers of the stock, which it borrows when it first needs them."""

    listener: Listener
    batch_seconds = TARGET_SECONDS
    joins_calls = True

    def __init__(self, size: int) -> None:
        self.size = size
        self.ended = False
        self._workers: Workers | None = None

    def start(self, listener: Listener, limits: WorkerLimits) -> None:
        self.listener = listener

    def put(self, key: str, encoded: Encoded) -> None:
        if not self.ended:
            self._borrowed().backend.put(key, encoded)

    def drop(self, key: str) -> None:
        if not self.ended:  # else the next borrower may have put the same object
            self._borrowed().backend.drop(key)

    def submit(
        self,
        batch: int,
        payload: bytes,
        buffers: Sequence[memoryview],
        needs: Sequence[str],
        terms: Terms = ANY,
    ) -> None:
        workers = self._borrowed()
        number = workers.new_number()
        workers.batches[number] = batch
        workers.backend.submit(number, payload, buffers, needs, terms)

    def cancel(self, batch: int) -> bool | None:
        workers = self._borrowed()
        for number, own in list(workers.batches.items()):
            if own == batch:
                taken = workers.backend.cancel(number)
                if taken:
                    del workers.batches[number]
                return taken
        return False

    def kill(self, worker: int, end: WorkerEnd = STOPPED, batch: int | None = None) -> None:
        if not self.ended:
            self._borrowed().backend.kill(worker, end)

    def interrupt(self, worker: int, batch: int) -> bool:
        return False

    def set_ups(self, needed: bool) -> None:
        pass  # its workers were ready before

    def wake(self) -> None:
        pass

    def workers(self) -> list[WorkerStatus]:
        return [] if self.ended or self._workers is None else self._workers.status()

    def spares(self) -> int:
        return 0

    def surroundings(self) -> SentSurroundings | None:
        return self._borrowed().backend.surroundings()

    def call_later(self, seconds: float, action: Callable[[], None]) -> Callable[[], None]:
        return asyncio.get_event_loop().call_later(seconds, action).cancel

    def shutdown(self) -> None:
        if not self.ended:
            self.ended = True
            if self._workers is not None:
                self._workers.take_back()

    def _borrowed(self) -> Workers:
        if self._workers is None:
            workers = STOCK.take(self.size)
            self._workers = workers
            workers.lend(self)
        return self._workers
