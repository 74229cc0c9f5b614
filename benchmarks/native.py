"""The standard library's process pool on this machine."""

from __future__ import annotations

import concurrent.futures
import contextlib
import multiprocessing
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

T = TypeVar("T")


def nothing(_: object = None) -> None:
    """An empty task."""


class Native:
    """A process pool whose processes have started."""

    def __init__(self, executor: concurrent.futures.ProcessPoolExecutor) -> None:
        self._executor = executor
        self.empty_tasks(1000)

    def empty_tasks(self, count: int) -> float:
        """Run empty tasks, one per message; tasks per second."""
        started = time.perf_counter()
        for _ in self._executor.map(nothing, range(count), chunksize=1):
            pass
        return count / (time.perf_counter() - started)

    def single_calls(self, count: int) -> float:
        """Call an empty function, each time when the call before has ended; milliseconds a call."""
        started = time.perf_counter()
        for _ in range(count):
            self._executor.submit(nothing).result()
        return (time.perf_counter() - started) * 1000 / count

    def submitted(self, count: int) -> float:
        """Submit calls of an empty function, and take results as they come; calls per second."""
        started = time.perf_counter()
        futures = [self._executor.submit(nothing, x) for x in range(count)]
        assert all(future.result() is None for future in concurrent.futures.as_completed(futures))
        return count / (time.perf_counter() - started)

    def submit(self, function: Callable[..., T], /, *args: object) -> concurrent.futures.Future[T]:
        """Call a function in a process."""
        return self._executor.submit(function, *args)

    def length_of(self, data: bytes) -> float:
        """Send bytes to a process and get their length back; seconds."""
        started = time.perf_counter()
        assert self._executor.submit(len, data).result() == len(data)
        return time.perf_counter() - started


@contextlib.contextmanager
def native(processes: int) -> Iterator[Native]:
    """Start a pool of this many processes, and end it on exit."""
    # Not by fork, which would copy this process's threads in the middle of their work.
    spawn = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(processes, mp_context=spawn) as executor:
        yield Native(executor)
