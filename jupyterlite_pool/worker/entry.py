"""Connects the runner to the JavaScript of its worker; the one module here that knows Pyodide."""

from __future__ import annotations

import asyncio
import os
import posix
import random
import signal
import sys
import sysconfig
from collections.abc import Sequence
from typing import Any

from pyodide.ffi import to_js

from .environment import Environment
from .output import TaskStream
from .runner import Runner

#: Process numbers of workers start here: Pyodide itself always says 42.
FIRST_PID = 1000


class JsPort:
    """A runner's words as frames of `labextension/src/worker/tasks.ts`."""

    def __init__(self, post: Any) -> None:
        self._result = post.result
        self._error = post.error
        self.begin = post.begin
        self.worn = post.worn

        def stream(name: str) -> TaskStream:
            return TaskStream(lambda text: post.output(self._task, name, text))

        self._task = -1
        self._out, self._err = stream("stdout"), stream("stderr")
        sys.stdout, sys.stderr = self._out, self._err

    def result(
        self, batch: int, payload: bytes, buffers: list[memoryview], next: int, done: bool
    ) -> None:
        """Post results; the bytes are copied out of the heap once, and then transferred."""
        moved = to_js([to_js(buffer).buffer for buffer in buffers]) if buffers else None
        self._result(batch, to_js(payload), moved, next, done)

    def error(self, batch: int, type: str, message: str, traceback: str) -> None:
        """Post the end of a batch that could not be read."""
        self._error(batch, type, message, traceback)

    def task(self, task: int) -> None:
        """Say whose output comes next."""
        if self._out.held or self._err.held:  # asked for every task
            self._out.flush()
            self._err.flush()
        self._task = task


class JsRunner:
    """A runner that takes JavaScript's buffers."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self.state = runner.state
        self.log = runner.log

    def put(self, key: str, payload: Any, buffers: Any) -> None:
        """As `Runner.put`."""
        self._runner.put(key, payload.to_bytes(), _memory(buffers))

    def drop(self, key: str) -> None:
        """As `Runner.drop`."""
        self._runner.drop(key)

    def cancel(self, batch: int) -> None:
        """As `Runner.cancel`."""
        self._runner.cancel(batch)

    def run(self, batch: int, payload: Any, buffers: Any) -> asyncio.Task[None] | None:
        """As `Runner.run`; None where it ran to its end at once, without the event loop's turn."""
        own = () if buffers is None else _memory(buffers)
        running = self._runner.run(batch, payload.to_bytes(), own)
        loop = asyncio.get_running_loop()
        task = asyncio.Task(running, loop=loop, eager_start=True)  # type: ignore[call-arg] # 3.12
        if not task.done():
            return task
        task.result()
        return None


def _memory(buffers: Any) -> Sequence[memoryview]:
    """JavaScript's buffers, copied into the heap once."""
    return [buffer.to_memoryview() for buffer in buffers]


async def _load_packages(names: Sequence[str]) -> None:
    import pyodide_js

    problems: list[str] = []
    await pyodide_js.loadPackage(
        to_js(list(names)), messageCallback=lambda _: None, errorCallback=problems.append
    )
    missing = [name for name in names if name not in pyodide_js.loadedPackages.to_py()]
    if missing:
        raise ImportError(
            f"the worker could not load {', '.join(missing)}: {'; '.join(problems) or 'not found'}"
        )


def connect(worker: int, post: Any) -> JsRunner:
    """Make this interpreter worker number `worker`; `post` takes what it has to say."""
    pid = FIRST_PID + worker
    # Under both names: sent as a task of its own, `os.getpid` travels by the name that C gave it.
    os.getpid = posix.getpid = lambda: pid
    random.seed()  # from the browser's own source: workers never share a stream
    site_packages = sysconfig.get_path("purelib")
    environment = Environment(_load_packages, site_packages)
    runner = Runner(JsPort(post), worker, pid, environment)
    # The host asks by a signal; what is no task of the user's goes on.
    signal.signal(signal.SIGINT, lambda *_: runner.interrupt())
    return JsRunner(runner)
