"""The pool of the kernel's web worker: the Python side of `labextension/src/broker`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pyodide_js
from pyodide.code import run_js
from pyodide.ffi import to_js

from ...jobs.chunks import TARGET_SECONDS
from ...jobs.cost_model import COSTS
from ...surroundings.notebook import NotebookSurroundings, SentSurroundings
from ...surroundings.packages import NotebookPackages
from ...waiting.waking_time import call_after_beats
from ...wire.payload import Encoded
from ...worker.surroundings.scratch import NOTEBOOK, keep_apart
from ..base import ANY, STOPPED, Listener, Terms, WorkerEnd, WorkerLimits, WorkerStatus
from .boot import boot_options, drive_with_turns
from .device import SPARES, Device
from .early import EarlyPool
from .events import PoolEvents
from .files import find_files
from .js import copied_out, js_object


class PyodideBackend:
    """Carries batches to Pyodide workers, through a broker that the kernel's web worker starts."""

    batch_seconds = TARGET_SECONDS
    joins_calls = True

    costs = COSTS["pyodide"]

    def __init__(
        self,
        max_workers: int | None,
        packages: Sequence[str],
        limit: Callable[[], int | None] = lambda: None,
    ) -> None:
        """Describe the workers; none starts yet.

        Args:
            max_workers: how many; None for as many as the device has cores.
            packages: names of packages that every worker loads.
            limit: tells how many workers all pools of the site may have now; None for no limit.
        """
        keep_apart(NOTEBOOK)
        self._device = Device(limit)
        self.size = self._device.size() if max_workers is None else self._device.within(max_workers)
        self._surroundings = NotebookSurroundings(NotebookPackages(packages, pyodide_js))
        self._pool: Any = EarlyPool()
        #: Its method, which would be made anew for each call.
        self._submit: Any = self._pool.submit
        self._events = PoolEvents()
        #: The needs of the last batch, for Python and for JavaScript. Most batches have the same.
        self._last_needs: tuple[Sequence[str], Any] = (), None
        #: The same for their terms.
        self._last_terms: tuple[Terms, Any] = ANY, None
        #: Held here, because an event loop alone does not keep a task alive.
        self._starting: asyncio.Task[None] | None = None
        self._ended = False

    def start(self, listener: Listener, limits: WorkerLimits) -> None:
        """As `Backend.start`; loads the pool's JavaScript first."""
        self._starting = asyncio.get_event_loop().create_task(self._start(listener, limits))

    async def _start(self, listener: Listener, limits: WorkerLimits) -> None:
        try:
            files = await find_files()
            # Pyodide has no other way to JavaScript's `import`.
            module = await run_js("(url) => import(url)")(files.kernel)
            if self._ended:
                return
            idle = None if limits.idle_timeout is None else limits.idle_timeout * 1000
            options = js_object(
                maxBatches=limits.max_batches,
                maxMemory=limits.max_memory,
                idleTimeout=idle,
                spares=SPARES,
                cap=self._device.cap(),
            )
            plan = js_object(
                workerUrl=files.worker,
                size=self.size,
                options=options,
                init=js_object(**boot_options(), snapshot=files.snapshot),
            )
            pool = module.BrokeredPool.new(files.broker, plan, self._events.connect(listener))
            drive = drive_with_turns()
            if drive is not None:
                pool.shareDrive(drive)
        except Exception as error:
            if not self._ended:
                listener.on_broken(f"the pool's files could not be loaded: {error}")
            return
        early, self._pool, self._submit = self._pool, pool, pool.submit
        early.repeat(pool)

    def put(self, key: str, encoded: Encoded) -> None:
        """As `Backend.put`."""
        self._pool.put(key, to_js(encoded.payload), copied_out(encoded.buffers))

    def drop(self, key: str) -> None:
        """As `Backend.drop`."""
        self._pool.drop(key)

    def submit(
        self,
        batch: int,
        payload: bytes,
        buffers: Sequence[memoryview],
        needs: Sequence[str],
        terms: Terms = ANY,
    ) -> None:
        """As `Backend.submit`."""
        if needs != self._last_needs[0]:
            self._last_needs = needs, to_js(list(needs))
        if terms != self._last_terms[0]:
            self._last_terms = terms, _js_terms(terms)
        copies = copied_out(buffers) if buffers else None
        self._submit(batch, to_js(payload), copies, self._last_needs[1], self._last_terms[1])

    def cancel(self, batch: int) -> bool | None:
        """As `Backend.cancel`."""
        taken: bool | None = self._pool.cancel(batch)
        return taken

    def kill(self, worker: int, end: WorkerEnd = STOPPED, batch: int | None = None) -> None:
        """As `Backend.kill`."""
        self._pool.kill(worker, end.reason, end.message, batch)

    def limit_lane(
        self, lane: int, seconds: float, expired: Callable[[], None]
    ) -> Callable[[], None]:
        """As `Backend.limit_lane`."""
        limits = self._events.lane_limits
        limits[lane] = expired
        self._pool.limitLane(lane, seconds)

        def end() -> None:
            if limits.pop(lane, None) is not None:
                expired()

        # The broker may not be there yet, or never come.
        call_off = call_after_beats(self.call_later, seconds, end)

        def take_back() -> None:
            call_off()
            if limits.pop(lane, None) is not None:
                self._pool.limitLane(lane)

        return take_back

    def let_cancel(self, lane: int, name: str, cancelled: Callable[[], None]) -> Callable[[], None]:
        """As `Backend.let_cancel`."""
        cancels = self._events.lane_cancels
        cancels[lane] = cancelled
        self._pool.letCancel(lane, f"jupyterlite-pool-cancel-{name}")

        def take_back() -> None:
            cancels.pop(lane, None)
            self._pool.letCancel(lane)

        return take_back

    def set_ups(self, needed: bool) -> None:
        """As `Backend.set_ups`."""
        self._pool.setsUp(needed)

    def wake(self) -> None:
        """As `Backend.wake`."""
        self._pool.wake()

    def scale(self, size: int) -> None:
        """As `Backend.scale`."""
        self.size = self._device.within(size)
        self._pool.scale(self.size)

    def workers(self) -> list[WorkerStatus]:
        """As `Backend.workers`."""
        return [WorkerStatus(w.id, w.pid, w.state, 0, w.memory) for w in self._pool.workers]

    def spares(self) -> int:
        """As `Backend.spares`."""
        return int(self._pool.spares)

    def surroundings(self) -> SentSurroundings | None:
        """As `Backend.surroundings`."""
        return self._surroundings.current()

    def call_later(self, seconds: float, action: Callable[[], None]) -> Callable[[], None]:
        """As `Backend.call_later`."""
        return asyncio.get_event_loop().call_later(seconds, action).cancel

    def shutdown(self) -> None:
        """As `Backend.shutdown`."""
        if self._ended:
            return
        self._ended = True
        self._events.mute()
        self._pool.terminate()
        self._events.disconnect()


def _js_terms(terms: Terms) -> Any:
    """The terms of a batch, with the names that they have in TypeScript."""
    fields = {
        "target": terms.target,
        "lane": terms.lane,
        "brief": terms.brief,
        "first": terms.first,
        "maxWorkers": terms.max_workers,
        "timeLimit": terms.time_limit,
    }
    return js_object(**{name: value for name, value in fields.items() if value is not None})
