"""The faults done to a pool of native processes: `python -m tests.faults.beside.native POOL NAME`.

Each fault has a process to itself, which may be thrown away whatever its pool has come to.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import json
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

import psutil

from .driving import SIZE, drive, start
from .tasks import INITIALIZERS


class Native:
    """A native pool; none has a time limit for tasks, and none stops a single process."""

    def __init__(self, executor: Any, heard: int) -> None:
        self._executor = executor
        #: Where one hears what tasks print.
        self._heard = heard

    def submit(self, function: Callable[..., Any], /, *args: Any) -> Any:
        return self._executor.submit(function, *args)

    def submit_in_time(self, function: Callable[..., Any], limit: float) -> Any:
        return self._executor.submit(function)

    def stop_worker(self) -> None:
        # Only its task knows which process that is.
        os.kill(int(os.read(self._heard, 100).split()[0]), signal.SIGKILL)

    vanish_worker = stop_worker

    def vanish_idle(self) -> None:
        os.kill(min(self._executor._processes), signal.SIGKILL)

    def shutdown(self, wait: bool = True) -> None:
        self._executor.shutdown(wait=wait)


def make(kind: str, name: str) -> concurrent.futures.Executor:
    """A pool of CPython, or of loky, for a fault."""
    initializer = INITIALIZERS.get(name)
    if kind == "loky":
        import loky

        pool: concurrent.futures.Executor = loky.ProcessPoolExecutor(SIZE, initializer=initializer)
        return pool
    # A fork would copy this process's threads halfway through what they do.
    spawn = multiprocessing.get_context("spawn")
    return concurrent.futures.ProcessPoolExecutor(SIZE, spawn, initializer)


async def tell(kind: str, name: str, instant: float | None, heard: int) -> dict[str, Any]:
    """What became of all calls."""
    pool = Native(make(kind, name), heard)
    return {"start": await start(pool, name), **await drive(pool, name, instant)}


def main(kind: str, name: str, instant: str) -> None:
    """Print what became of all calls, and end, whatever the pool still waits for."""
    heard, mouth = os.pipe()
    with os.fdopen(os.dup(1), "w") as printed:
        os.dup2(mouth, 1)  # processes of pools print where their parent does
        printed.write(json.dumps(asyncio.run(tell(kind, name, json.loads(instant), heard))))
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
