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

from pyodide.ffi import JsException, can_run_sync, run_sync, to_js

from .display import install_display
from .output import TaskStream
from .runner import Runner
from .surroundings.environment import Environment
from .surroundings.packages import normalize


class JsPort:
    """A runner's words as frames of `labextension/src/worker/tasks.ts`."""

    def __init__(self, post: Any) -> None:
        self._result = post.result
        self._error = post.error
        self.retire = post.retire
        self._output = post.output
        self._task = -1
        self.begin = post.begin
        self.worn = post.worn

        def stream(name: str) -> TaskStream:
            return TaskStream(lambda text: post.output(self._task, name, text))

        self._task = -1
        self._out, self._err = out, err = stream("stdout"), stream("stderr")
        out.other, err.other = err, out
        sys.stdout, sys.stderr = out, err

    def result(self, batch: int, payload: bytes, buffers: list[memoryview], done: bool) -> None:
        """Post results; the bytes are copied out of the heap once, and then transferred."""
        moved = to_js([to_js(buffer).buffer for buffer in buffers]) if buffers else None
        self._result(batch, to_js(payload), moved, done)

    def error(self, batch: int, type: str, message: str, traceback: str) -> None:
        """Post the end of a batch that could not be read."""
        self._error(batch, type, message, traceback)

    def task(self, task: int) -> None:
        """Say whose output comes next."""
        if self._out.held or self._err.held:  # asked for every task
            self._out.flush()
            self._err.flush()
        self._task = task

    def display(self, shown: str) -> None:
        """Post what a task displays, after what it has printed."""
        self._out.flush()
        self._err.flush()
        self._output(self._task, "display", shown)

    def announce(self, phase: str) -> None:
        """Say what the task that comes next waits for."""
        self._output(self._task, "phase", phase)


class JsRunner:
    """A runner that takes JavaScript's buffers."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self.state = runner.state
        self.log = runner.log

    def put(self, key: str, payload: Any, buffers: Any) -> None:
        """As `Runner.put`."""
        self._runner.put(key, payload.to_bytes(), list(buffers))

    def drop(self, key: str) -> None:
        """As `Runner.drop`."""
        self._runner.drop(key)

    def cancel(self, batch: int) -> None:
        """As `Runner.cancel`."""
        self._runner.cancel(batch)

    def run(self, batch: int, payload: Any, buffers: Any) -> asyncio.Task[None] | None:
        """As `Runner.run`; None where it ran to its end at once, without the event loop's turn."""
        own = () if buffers is None else list(buffers)
        running = self._runner.run(batch, payload.to_bytes(), own)
        loop = asyncio.get_running_loop()
        task = asyncio.Task(running, loop=loop, eager_start=True)  # type: ignore[call-arg] # 3.12
        if not task.done():
            return task
        task.result()
        return None


class LockLoader:
    """Loads packages of Pyodide's lock file."""

    async def load(self, names: Sequence[str]) -> dict[str, str]:
        """As `Loader.load`."""
        import pyodide_js

        problems: list[str] = []
        try:
            await pyodide_js.loadPackage(
                to_js(list(names)), messageCallback=lambda _: None, errorCallback=problems.append
            )
        except JsException as error:
            problems.append(str(error))
        loaded = {normalize(name) for name in pyodide_js.loadedPackages.to_py()}
        # A line that ends with a colon names what the next one is about.
        why = "; ".join(dict.fromkeys(problems)).replace(":; ", ": ") or "it could not be found"
        return {name: why for name in names if normalize(name) not in loaded}

    def load_now(self, name: str) -> str | None:
        """As `Loader.load_now`."""
        if not can_run_sync():
            return "this browser cannot wait for it while a task runs"
        failed: dict[str, str] = run_sync(self.load([name]))
        return failed.get(name)

    def laid_down(self, name: str) -> None:
        """As `Loader.laid_down`."""
        import pyodide_js

        # Pyodide looks for it under the name that the lock file spells.
        known = getattr(pyodide_js._api.lockfile_packages, name, None)
        setattr(pyodide_js.loadedPackages, name if known is None else known.name, "the notebook")

    def forget(self, name: str) -> None:
        """As `Loader.forget`."""
        import pyodide_js

        for loaded in pyodide_js.loadedPackages.to_py():
            if normalize(loaded) == name:
                delattr(pyodide_js.loadedPackages, loaded)


def connect(worker: int, pid: int, drive: bool, post: Any) -> JsRunner:
    """Make this interpreter worker number `worker`, a process of its own number.

    Args:
        drive: whether the notebook's files are there.
        post: takes what it has to say.
    """
    # Under both names: sent as a task of its own, `os.getpid` travels by the name that C gave it.
    os.getpid = posix.getpid = lambda: pid
    random.seed()  # from the browser's own source: workers never share a stream
    site_packages = sysconfig.get_path("purelib")
    port = JsPort(post)
    install_display(port.display)
    environment = Environment(LockLoader(), site_packages, port.announce, drive)
    runner = Runner(port, worker, pid, environment)
    # The host asks by a signal; what is no task of the user's goes on.
    signal.signal(signal.SIGINT, lambda *_: runner.interrupt())
    return JsRunner(runner)
