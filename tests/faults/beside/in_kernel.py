"""Causes the faults in the pool of a notebook; these modules are cells there."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable
from typing import Any

from jupyterlite_pool import WorkerPoolExecutor
from jupyterlite_pool.jobs.options import MapOptions

from ..inside.door import tell_broker
from ..inside.forging import forge
from .driving import Account, drive, start
from .tasks import INITIALIZERS, TASKS

TASKS["forges"] = functools.partial(forge, "payload")


class Ours(WorkerPoolExecutor):
    """A pool of a kernel."""

    def submit_in_time(self, function: Callable[..., Any], limit: float) -> Any:
        """Call a function with a time limit, as `pool_map` does."""

        async def call() -> Any:
            options = MapOptions(task_timeout=limit, return_exceptions=True)
            job = self._pool.start_job(lambda _: function(), [[0]], options)
            await asyncio.wrap_future(job.ended)
            raise job.outcomes.failures[0]

        return asyncio.ensure_future(call())

    def _to_the_first(self, does: Callable[[int], None]) -> None:
        """Do something to the worker that runs the first call which has not ended.

        The kernel hears some milliseconds after the call which one that is.
        """
        worker = self._pool.dispatcher.ledger.all()[0].worker
        if worker is None:
            asyncio.get_running_loop().call_later(0.001, self._to_the_first, does)
        else:
            does(worker)

    def _vanish(self, worker: int) -> None:
        tell_broker(self, f"pool.crew.get({worker}).worker.terminate()")

    def stop_worker(self) -> None:
        self._to_the_first(self._pool.backend.kill)

    def vanish_worker(self) -> None:
        self._to_the_first(self._vanish)

    def vanish_idle(self) -> None:
        self._vanish(min(self.ready_workers))


async def in_kernel(name: str, instant: float | None) -> dict[str, Any]:
    """Cause a fault in a new pool, which has a spare like every pool of a kernel; the outcomes."""
    pool = Ours(2, initializer=INITIALIZERS.get(name))
    took = await start(pool, name)
    assert took is None or await Account().until(lambda: pool.status().spares, 60)
    found = await drive(pool, name, instant)
    pool.terminate_workers()
    return {"start": took, **found}
