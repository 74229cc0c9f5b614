"""The standard library's processes on this machine."""

from __future__ import annotations

import concurrent.futures
import contextlib
import multiprocessing
import time
from collections.abc import Iterator


def nothing(_: object = None) -> None:
    """An empty task."""


class Native:
    """Some processes, all started."""

    def __init__(self, executor: concurrent.futures.ProcessPoolExecutor) -> None:
        self._executor = executor
        self.empty_tasks(1000)

    def empty_tasks(self, count: int) -> float:
        """Empty tasks a second, one a message."""
        started = time.perf_counter()
        for _ in self._executor.map(nothing, range(count), chunksize=1):
            pass
        return count / (time.perf_counter() - started)

    def length_of(self, data: bytes) -> float:
        """Seconds until bytes are there and their length is back."""
        started = time.perf_counter()
        assert self._executor.submit(len, data).result() == len(data)
        return time.perf_counter() - started


@contextlib.contextmanager
def native(processes: int) -> Iterator[Native]:
    """So many processes, for a while."""
    # A fork would copy this process's threads halfway through what they do.
    spawn = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(processes, mp_context=spawn) as executor:
        yield Native(executor)
