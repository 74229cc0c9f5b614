"""The worker is this interpreter: for executors that are made inside of a task."""

from __future__ import annotations

import asyncio
import contextvars
from collections import deque
from collections.abc import Callable, Coroutine, Generator, Sequence
from typing import Any, NamedTuple

from ..surroundings.environment import Described
from ..wire.buffers import HeapBuffer, in_heap
from ..wire.payload import Encoded
from ..worker.context import WorkerInfo
from ..worker.runner import Runner
from ..worker.surroundings.environment import Environment
from .base import STOPPED, Listener, WorkerEnd, WorkerLimits, WorkerStatus


class _Queued(NamedTuple):
    batch: int
    payload: bytes
    buffers: list[HeapBuffer]


class SerialBackend:
    """Runs each batch when it is submitted, and has run it when `submit` returns.

    A task that awaits goes on with the event loop, as it does on a worker. What runs cannot be
    stopped from within.

    Args:
        here: the worker whose task this is.
    """

    def __init__(self, here: WorkerInfo) -> None:
        self.size = 1
        self._here = here
        self._runner = Runner(self, here.id, here.pid, Environment())
        self._queue: deque[_Queued] = deque()
        self._running = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._listener: Listener | None = None

    def start(self, listener: Listener, limits: WorkerLimits) -> None:
        """As `Backend.start`: the worker is there."""
        self._listener = listener
        listener.on_worker_ready(self._here.id)

    def put(self, key: str, encoded: Encoded) -> None:
        """As `Backend.put`."""
        self._runner.put(key, encoded.payload, in_heap(encoded.buffers))

    def drop(self, key: str) -> None:
        """As `Backend.drop`."""
        self._runner.drop(key)

    def submit(
        self,
        batch: int,
        payload: bytes,
        buffers: Sequence[memoryview],
        needs: Sequence[str],
        target: int | None = None,
        group: int | None = None,
    ) -> None:
        """As `Backend.submit`."""
        self._queue.append(_Queued(batch, payload, in_heap(buffers)))
        self._work()

    def _work(self) -> None:
        # What a result brings in its train comes here again, and waits for its turn.
        while not self._running and self._queue:
            entry = self._queue.popleft()
            self._running = True
            if self._listener is not None:
                self._listener.on_dispatched(self._here.id, entry.batch)
            running = self._runner.run(entry.batch, entry.payload, entry.buffers)
            # What is set for the inner task is none of the outer one's.
            context = contextvars.copy_context()
            try:
                awaited = context.run(running.send, None)
            except StopIteration:
                self._running = False
            else:
                self._go_on(running, awaited, context)

    def _go_on(
        self, running: Coroutine[Any, Any, None], awaited: Any, context: contextvars.Context
    ) -> None:
        """Let the event loop run the rest of what waits for something."""
        loop = asyncio.get_running_loop()
        task: asyncio.Task[None] = context.run(loop.create_task, _rest(running, awaited))
        self._tasks.add(task)  # the loop itself holds tasks weakly

        def ended(task: asyncio.Task[None]) -> None:
            self._tasks.discard(task)
            self._running = False
            self._work()

        task.add_done_callback(ended)

    # The runner's port.

    def result(self, batch: int, payload: bytes, buffers: list[memoryview], done: bool) -> None:
        """Pass results on."""
        if self._listener is not None:
            self._listener.on_result(self._here.id, batch, payload, in_heap(buffers), done)

    def error(self, batch: int, type: str, message: str, traceback: str) -> None:
        """Pass on that a batch could not be read."""
        if self._listener is not None:
            self._listener.on_batch_error(self._here.id, batch, type, message, traceback)

    def begin(self, batch: int) -> None:
        """Nothing to do: a time limit could not stop it."""

    def worn(self, message: str) -> None:
        """Nothing to do: the outer runner sees it, too."""

    def task(self, task: int) -> None:
        """Nothing to do: what is printed is the outer task's."""

    def retire(self, reason: str) -> None:
        """Never asked: the surroundings are the outer task's."""

    # What workers of their own could do.

    def cancel(self, batch: int) -> bool:
        """As `Backend.cancel`."""
        for entry in self._queue:
            if entry.batch == batch:
                self._queue.remove(entry)
                return True
        self._runner.cancel(batch)
        return False

    def kill(self, worker: int, end: WorkerEnd = STOPPED, batch: int | None = None) -> None:
        """Nothing to do: it would be the outer task's end."""

    def interrupt(self, worker: int, batch: int) -> bool:
        """As `Backend.interrupt`: it cannot be asked."""
        return False

    def wake(self) -> None:
        """Nothing to do: it is awake."""

    def scale(self, size: int) -> None:
        """Nothing to do: there is one."""

    def workers(self) -> list[WorkerStatus]:
        """As `Backend.workers`."""
        state = "busy" if self._running else "idle"
        return [WorkerStatus(self._here.id, self._here.pid, state, 0, 0)]

    def spares(self) -> int:
        """As `Backend.spares`."""
        return 0

    def environment(self) -> Described | None:
        """As `Backend.environment`: that of the outer task."""
        return None

    def call_later(self, seconds: float, action: Callable[[], None]) -> Callable[[], None]:
        """As `Backend.call_later`."""
        return asyncio.get_event_loop().call_later(seconds, action).cancel

    def shutdown(self) -> None:
        """As `Backend.shutdown`."""
        self._listener = None
        self._queue.clear()


class _Rest:
    """What is left of a coroutine that has begun without an event loop."""

    def __init__(self, running: Coroutine[Any, Any, None], awaited: Any) -> None:
        self._running = running
        self._awaited = awaited

    def __await__(self) -> Generator[Any, Any, None]:
        awaited = self._awaited
        step: Callable[[Any], Any]
        while True:
            try:
                sent = yield awaited
            except BaseException as error:
                step, what = self._running.throw, error
            else:
                step, what = self._running.send, sent
            try:
                awaited = step(what)
            except StopIteration:
                return


async def _rest(running: Coroutine[Any, Any, None], awaited: Any) -> None:
    await _Rest(running, awaited)
