"""The faults done to the pool of a notebook; these modules are cells there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from jupyterlite_pool import WorkerPoolExecutor

from .driving import Account, drive, start


class Ours(WorkerPoolExecutor):
    """A pool of a kernel."""

    def submit_in_time(self, function: Callable[..., Any], limit: float) -> Any:
        """As `pool_map` makes such a call."""

        async def call() -> Any:
            options = {"task_timeout": limit, "return_exceptions": True}
            job = self.start_job(lambda _: function(), [[0]], **options)
            await asyncio.wrap_future(job.ended)
            raise job.failures[0]

        return asyncio.ensure_future(call())


async def in_kernel(name: str, instant: float | None) -> dict[str, Any]:
    """Do a fault to a new pool, which has a spare as every pool of a kernel."""
    pool = Ours(2)
    took = await start(pool)
    assert await Account().until(lambda: pool.status().spares, 60)
    found = await drive(pool, name, instant)
    pool.terminate_workers()
    return {"start": took, **found}
