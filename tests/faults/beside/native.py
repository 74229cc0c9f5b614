"""The faults done to a pool of native processes: `python -m tests.faults.beside.native POOL NAME`.

Each fault has a process to itself, which may be thrown away whatever its pool has come to.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import json
import multiprocessing
import os
import sys
from collections.abc import Callable
from typing import Any

import psutil

from .driving import SIZE, Pool, drive, start


class Native:
    """A native pool; none has a time limit for tasks."""

    def __init__(self, executor: concurrent.futures.Executor) -> None:
        self._executor = executor

    def submit(self, function: Callable[..., Any], /, *args: Any) -> Any:
        return self._executor.submit(function, *args)

    def submit_in_time(self, function: Callable[..., Any], limit: float) -> Any:
        return self._executor.submit(function)


def make(kind: str) -> Pool:
    """A pool of CPython, or of loky."""
    if kind == "loky":
        import loky

        return Native(loky.ProcessPoolExecutor(SIZE))
    # A fork would copy this process's threads halfway through what they do.
    spawn = multiprocessing.get_context("spawn")
    return Native(concurrent.futures.ProcessPoolExecutor(SIZE, mp_context=spawn))


async def tell(kind: str, name: str, instant: float | None) -> dict[str, Any]:
    """What became of all calls."""
    pool = make(kind)
    return {"start": await start(pool), **await drive(pool, name, instant)}


def main(kind: str, name: str, instant: str) -> None:
    """Print what became of all calls, and end, whatever the pool still waits for."""
    print(json.dumps(asyncio.run(tell(kind, name, json.loads(instant)))), flush=True)
    for process in psutil.Process().children(recursive=True):
        process.kill()
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
