"""A pool inside a task: its only worker is the interpreter that runs the task."""

from __future__ import annotations

import asyncio
import contextvars
from collections import deque
from collections.abc import Callable, Coroutine, Generator, Sequence
from typing import Any

from ..jobs.chunks import TARGET_SECONDS
from ..surroundings.notebook import SentSurroundings
from ..waiting.waking_time import call_after_beats
from ..wire.buffers import in_heap
from ..wire.payload import Encoded
from ..worker.current_worker import WorkerInfo
from ..worker.runner import Runner
from ..worker.surroundings.surroundings import WorkerSurroundings
from .base import ANY, STOPPED, Listener, NoPage, Terms, WorkerEnd, WorkerLimits, WorkerStatus
from .lanes import Queued


class NestedBackend(NoPage):
    """Runs each batch when it is submitted; `submit` returns when the batch has ended.

    A task that awaits something goes on with the event loop, as it does on a worker. `submit` then
    returns earlier. Nothing here can stop a task that runs: it would have to stop itself.

    Args:
        here: the worker that runs the outer task.
    """

    size = 1
    batch_seconds = TARGET_SECONDS

    def __init__(self, here: WorkerInfo) -> None:
        self._here = here
        # A task of the inner pool begins with the context variables of the outer task.
        context = contextvars.copy_context()
        # The outer task waits for ordinary functions right there: no event loop turns meanwhile.
        surroundings = WorkerSurroundings()
        self._runner = Runner(self, here.id, here.pid, surroundings, context, rests=False)
        self._queue: deque[Queued] = deque()
        self._running = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._listener: Listener | None = None

    def start(self, listener: Listener, limits: WorkerLimits) -> None:
        """As `Backend.start`. The worker is there already."""
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
        terms: Terms = ANY,
    ) -> None:
        """As `Backend.submit`."""
        self._queue.append(Queued(batch, payload, in_heap(buffers), needs, terms))
        self._work()

    def _work(self) -> None:
        """Run the batches in the queue.

        A listener that hears of a result may submit another batch, and so call this again. That
        batch waits until the one that runs has ended.
        """
        while not self._running and self._queue:
            entry = self._queue.popleft()
            self._running = True
            if self._listener is not None:
                self._listener.on_dispatched(self._here.id, entry.batch)
            running = self._runner.run(entry.batch, entry.payload, entry.buffers)
            # The inner task must not change the context variables of the outer one.
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
        """Let the event loop run the rest of a batch that awaits something."""
        loop = asyncio.get_running_loop()
        task: asyncio.Task[None] = context.run(loop.create_task, _rest(running, awaited))
        self._tasks.add(task)  # the loop alone would not keep it alive

        def ended(task: asyncio.Task[None]) -> None:
            self._tasks.discard(task)
            self._running = False
            self._work()

        task.add_done_callback(ended)

    # The runner's port.

    def result(self, batch: int, payload: bytes, buffers: list[memoryview], done: bool) -> None:
        """As `Port.result`."""
        if self._listener is not None:
            self._listener.on_result(self._here.id, batch, payload, in_heap(buffers), done)

    def error(self, batch: int, type: str, message: str, traceback: str) -> None:
        """As `Port.error`."""
        if self._listener is not None:
            self._listener.on_batch_error(self._here.id, batch, type, message, traceback)

    def begin(self, batch: int) -> None:
        """As `Port.begin`. Nothing to do: no time limit could stop the task."""

    def worn(self, message: str) -> None:
        """As `Port.worn`. Nothing to do: the outer runner says it, too."""

    def task(self, task: int) -> None:
        """As `Port.task`. Nothing to do: all output belongs to the outer task."""

    def retire(self, reason: str) -> None:
        """As `Port.retire`. Never called: the surroundings are those of the outer task."""

    # The rest would need workers of its own.

    def cancel(self, batch: int) -> bool:
        """As `Backend.cancel`."""
        for entry in self._queue:
            if entry.batch == batch:
                self._queue.remove(entry)
                return True
        self._runner.cancel(batch)
        return False

    def kill(self, worker: int, end: WorkerEnd = STOPPED, batch: int | None = None) -> None:
        """As `Backend.kill`. Nothing to do: it would end the outer task."""

    def limit_lane(
        self, lane: int, seconds: float, expired: Callable[[], None]
    ) -> Callable[[], None]:
        """As `Backend.limit_lane`."""
        return call_after_beats(self.call_later, seconds, expired)

    def set_ups(self, needed: bool) -> None:
        """As `Backend.set_ups`. Nothing to do: the worker was ready from the start."""

    def wake(self) -> None:
        """As `Backend.wake`. Nothing to do: the worker is never stopped."""

    def scale(self, size: int) -> None:
        """As `Backend.scale`. Nothing to do: there is only one worker."""

    def workers(self) -> list[WorkerStatus]:
        """As `Backend.workers`."""
        state = "busy" if self._running else "idle"
        return [WorkerStatus(self._here.id, self._here.pid, state, 0, 0)]

    def spares(self) -> int:
        """As `Backend.spares`."""
        return 0

    def surroundings(self) -> SentSurroundings | None:
        """As `Backend.surroundings`: the task has those of the outer task."""
        return None

    def call_later(self, seconds: float, action: Callable[[], None]) -> Callable[[], None]:
        """As `Backend.call_later`."""
        return asyncio.get_event_loop().call_later(seconds, action).cancel

    def shutdown(self) -> None:
        """As `Backend.shutdown`."""
        self._listener = None
        self._queue.clear()


class _Rest:
    """The rest of a coroutine that was started without an event loop."""

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
