"""The names of `tests.support.door.DOOR`, for those who read the faults: the kernel has them."""

from __future__ import annotations

from typing import Any

from jupyterlite_pool import WorkerPoolExecutor


async def in_broker(executor: WorkerPoolExecutor, code: str) -> Any:
    """The value of an expression of JavaScript in the broker of an executor, through JSON."""
    raise NotImplementedError("it runs in a kernel")


def tell_broker(executor: WorkerPoolExecutor, code: str) -> None:
    """Evaluate JavaScript in the broker of an executor, soon."""
    raise NotImplementedError("it runs in a kernel")
