"""Simulates pools of up to ten thousand workers: where is the dispatcher the limit?

usage: python -m benchmarks.scale [--quick]

The dispatcher is the real one, and so is the bookkeeping of `backends.linked`. The workers are
simulated: a batch ends when the clock of the simulation says so. That clock also counts what the
dispatcher takes of the processor, as if the notebook did nothing else. Prints a Markdown table.
"""

from __future__ import annotations

import argparse
import heapq
import os
import time
from collections.abc import Sequence
from typing import NamedTuple

from jupyterlite_pool import WorkerPoolExecutor
from jupyterlite_pool.backends.base import Listener, WorkerLimits
from jupyterlite_pool.backends.lanes import Queued
from jupyterlite_pool.backends.linked import LinkedBackend
from jupyterlite_pool.backends.links import Link
from jupyterlite_pool.backends.roster import Stored
from jupyterlite_pool.dispatch.ledger import Ledger
from jupyterlite_pool.wire.protocol import PLAIN, ResultItem
from jupyterlite_pool.wire.results import dump_result, join_results

HEAD = (
    "| workers | items | seconds of an item | batches | dispatcher, for a batch "
    "| for an item | workers busy |\n|--:|--:|--:|--:|--:|--:|--:|"
)


class Ended(NamedTuple):
    """A batch that ends at a time of the simulation."""

    at: float
    number: int
    link: Link


class Simulated(LinkedBackend):
    """Workers that take some seconds for each item, by a clock of their own.

    Args:
        size: how many workers.
        item: seconds of an item.
    """

    def __init__(self, size: int, item: float) -> None:
        super().__init__(size)
        self.item = item
        #: The time of the simulation, and what of it the dispatcher has computed.
        self.now = self.computed = 0.0
        self.batches = 0
        self._running: list[Ended] = []
        self._listener: Listener | None = None
        #: Has the dispatcher's batches, with their sizes.
        self._ledger = Ledger()

    def start(self, listener: Listener, limits: WorkerLimits) -> None:
        """As `Backend.start`, without a thread."""
        self._listener = listener
        self._fill()
        self._hear()

    def connect(self, number: int) -> Link:
        """As `LinkedBackend.connect`."""
        return _Worker(self, number)

    def begins(self, link: Link, batch: int) -> None:
        """A worker begins with a batch."""
        self.batches += 1
        heapq.heappush(self._running, Ended(self.now + self.item * self._size(batch), batch, link))

    def run(self, executor: WorkerPoolExecutor, items: Sequence[int]) -> None:
        """Run a job to its end."""
        self._ledger = executor._pool.dispatcher.ledger
        before = time.perf_counter()
        job = executor._pool.start_job(abs, [items])
        self._hear()
        self._count(before)
        while self._running:
            at, batch, link = heapq.heappop(self._running)
            entry = self._ledger.get(batch)
            assert entry is not None
            results = [
                dump_result(ResultItem(entry.first + i, PLAIN, i, 0, self.item))
                for i in range(entry.size)
            ]
            payload = join_results(results)
            self.now = max(self.now, at)
            before = time.perf_counter()
            link.result(batch, payload, [], True)
            self._hear()
            self._count(before)
        job.settled.result(0)

    def _count(self, before: float) -> None:
        spent = time.perf_counter() - before
        self.computed += spent
        self.now += spent

    def _size(self, batch: int) -> int:
        entry = self._ledger.get(batch)
        assert entry is not None
        return entry.size

    def _hear(self) -> None:
        """Call the listener, in this thread."""
        assert self._listener is not None
        while not self._reports.empty():
            report = self._reports.get()
            if report is not None:
                report(self._listener)


class _Worker(Link):
    """A simulated worker."""

    def __init__(self, backend: Simulated, number: int) -> None:
        super().__init__(backend, number)
        self._simulation = backend

    @property
    def pid(self) -> int:
        """As `Link.pid`."""
        return os.getpid()

    def give(self, objects: Sequence[Stored], queued: Queued) -> None:
        """As `Link.give`."""
        self._simulation.begins(self, queued.batch)

    def drop(self, key: str) -> None:
        """As `Link.drop`. Nothing to do."""

    def cancel(self, batch: int) -> None:
        """As `Link.cancel`. Nothing is cancelled here."""

    def leave(self) -> None:
        """As `Link.leave`. Nothing to do."""


def row(workers: int, items: int, item: float) -> str:
    """Simulate a job; a row of the table."""
    backend = Simulated(workers, item)
    executor = WorkerPoolExecutor(backend=backend)
    for member in backend._roster.members():
        member.worker.ready()
    backend._hear()
    backend.run(executor, range(items))
    executor.terminate_workers()
    busy = items * item / (workers * backend.now)
    return (
        f"| {workers:,} | {items:,} | {item:g} | {backend.batches:,} "
        f"| {backend.computed / backend.batches * 1e6:.0f} µs "
        f"| {backend.computed / items * 1e6:.2f} µs | {busy:.0%} |"
    )


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a hundredth of the items")
    part = 100 if parser.parse_args().quick else 1
    print(HEAD)
    for workers in (2, 16, 100, 1000, 10_000):
        for items, item in ((1_000_000, 0.001), (100_000, 0.1), (50_000, 10.0)):
            print(row(workers, items // part, item), flush=True)


if __name__ == "__main__":
    main()
