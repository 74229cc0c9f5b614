"""Causes a fault in a pool of native processes.

usage: python -m tests.faults.beside.native POOL NAME INSTANT

Each fault runs in a process of its own, so that a broken pool can be thrown away with its process.
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
    """A native pool. It has no time limits for tasks, and cannot stop a single process."""

    def __init__(self, executor: Any, heard: int) -> None:
        self._executor = executor
        #: The file descriptor that gets the output of tasks.
        self._heard = heard

    def submit(self, function: Callable[..., Any], /, *args: Any) -> Any:
        return self._executor.submit(function, *args)

    def submit_in_time(self, function: Callable[..., Any], limit: float) -> Any:
        return self._executor.submit(function)

    def stop_worker(self) -> None:
        # Only the task knows its process, and prints the number.
        os.kill(int(os.read(self._heard, 100).split()[0]), signal.SIGKILL)

    vanish_worker = stop_worker

    def vanish_idle(self) -> None:
        os.kill(min(self._executor._processes), signal.SIGKILL)

    def shutdown(self, wait: bool = True) -> None:
        self._executor.shutdown(wait=wait)


def make(kind: str, name: str) -> concurrent.futures.Executor:
    """Make a pool of CPython or of loky for a fault."""
    initializer = INITIALIZERS.get(name)
    if kind == "loky":
        import loky

        pool: concurrent.futures.Executor = loky.ProcessPoolExecutor(SIZE, initializer=initializer)
        return pool
    # Not by fork, which would copy this process's threads in the middle of their work.
    spawn = multiprocessing.get_context("spawn")
    return concurrent.futures.ProcessPoolExecutor(SIZE, spawn, initializer)


async def tell(kind: str, name: str, instant: float | None, heard: int) -> dict[str, Any]:
    """Cause a fault in a new pool; the outcomes of all calls."""
    pool = Native(make(kind, name), heard)
    return {"start": await start(pool, name), **await drive(pool, name, instant)}


def main(kind: str, name: str, instant: str) -> None:
    """Print the outcomes of all calls, and end, even if the pool still waits for something."""
    heard, mouth = os.pipe()
    with os.fdopen(os.dup(1), "w") as printed:
        os.dup2(mouth, 1)  # the pool's processes print to the output of their parent
        printed.write(json.dumps(asyncio.run(tell(kind, name, json.loads(instant), heard))))
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
