"""A pool of threads that runs the real runner, with no browser."""

from __future__ import annotations

import asyncio
import os
import queue
import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from ..worker.runner import Runner
from ..worker.surroundings.surroundings import WorkerSurroundings
from .base import Listener, WorkerLimits
from .lanes import Queued
from .linked import LinkedBackend
from .links import Host, Link
from .roster import Stored


class _Worker(Link):
    """A thread that runs what it is given, in order. It is also the port of its runner."""

    def __init__(self, backend: Host, number: int) -> None:
        super().__init__(backend, number)
        self._runner = Runner(self, number, os.getpid(), WorkerSurroundings())
        self._inbox: queue.SimpleQueue[Callable[[], Any] | None] = queue.SimpleQueue()
        threading.Thread(target=self._serve, name=f"pool worker {number}", daemon=True).start()

    @property
    def pid(self) -> int:
        """As `Link.pid`: that of this process."""
        return os.getpid()

    def give(self, objects: Sequence[Stored], queued: Queued) -> None:
        """As `Link.give`."""
        for stored in objects:
            self._inbox.put(partial(self._runner.put, *stored))
        self._inbox.put(partial(self._runner.run, queued.batch, queued.payload, queued.buffers))

    def drop(self, key: str) -> None:
        """As `Link.drop`."""
        self._inbox.put(partial(self._runner.drop, key))

    def cancel(self, batch: int) -> None:
        """As `Link.cancel`."""
        self._runner.cancel(batch)

    def leave(self) -> None:
        """As `Link.leave`. A thread cannot be stopped: it ends after what it runs."""
        self._inbox.put(None)

    def _serve(self) -> None:
        self.ready()
        while (action := self._inbox.get()) is not None:
            result = action()
            if asyncio.iscoroutine(result):
                asyncio.run(result)

    # The runner's port, as far as it is not the voice.

    def worn(self, message: str) -> None:
        """As `Port.worn`. Nothing to do: this process gives memory back."""

    def task(self, task: int) -> None:
        """As `Port.task`. Nothing to do: tasks print where this process prints."""


class InProcessBackend(LinkedBackend):
    """Workers that are threads of this process.

    They share one memory, so limits of memory do not count.

    Args:
        size: number of workers.
        fail_to_start: a message with which every start fails, to test what follows.
    """

    def __init__(self, size: int = 2, *, fail_to_start: str | None = None) -> None:
        super().__init__(size)
        self._fail_to_start = fail_to_start

    def start(self, listener: Listener, limits: WorkerLimits) -> None:
        """As `Backend.start`. Of the limits, only that of batches counts for threads."""
        if self._fail_to_start is not None:
            self.give_up(self._fail_to_start)
        super().start(listener, WorkerLimits(limits.max_batches))

    def connect(self, number: int) -> Link | None:
        """As `LinkedBackend.connect`."""
        return None if self._fail_to_start is not None else _Worker(self, number)
