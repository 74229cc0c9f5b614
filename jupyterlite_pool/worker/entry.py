"""Connects the runner to its worker's JavaScript. No other module of a worker knows Pyodide."""

from __future__ import annotations

import asyncio
import os
import posix
import random
import signal
import sys
import sysconfig
from collections.abc import Sequence
from types import FrameType
from typing import Any

from pyodide.ffi import JsException, can_run_sync, run_sync, to_js

from .display import install_display
from .open_figures import install_figures
from .output import TaskStream
from .runner import Runner
from .surroundings.packages import normalize
from .surroundings.scratch import keep_apart
from .surroundings.surroundings import WorkerSurroundings


class JsPort:
    """A runner's port, whose messages JavaScript posts as frames (`labextension/src/worker`)."""

    def __init__(self, post: Any) -> None:
        self._result = post.result
        self._output = post.output
        # These need no translation.
        self.begin = post.begin
        self.worn = post.worn
        self.error = post.error
        self.retire = post.retire
        self._task = -1

        def stream(name: str) -> TaskStream:
            return TaskStream(lambda text: post.output(self._task, name, text))

        sys.stdout, sys.stderr = self._out, self._err = stream("stdout"), stream("stderr")
        self._out.pair_with(self._err)

    def result(self, batch: int, payload: bytes, buffers: list[memoryview], done: bool) -> None:
        """As `Port.result`. The bytes are copied out of the heap once, and then transferred."""
        moved = to_js([to_js(buffer).buffer for buffer in buffers]) if buffers else None
        self._result(batch, to_js(payload), moved, done)

    def task(self, task: int) -> None:
        """As `Port.task`; first posts the output of the task before."""
        if self._out.held or self._err.held:  # for most tasks this is all that happens here
            self._out.flush()
            self._err.flush()
        self._task = task

    def display(self, shown: str) -> None:
        """Post an output that a task displays, after the text that it has printed."""
        self._out.flush()
        self._err.flush()
        self._output(self._task, "display", shown)

    def announce(self, phase: str) -> None:
        """Post whether the worker is "preparing" for the next task or "running" it."""
        self._output(self._task, "phase", phase)


class JsRunner:
    """A runner for JavaScript, which calls its methods and reads `state` and `log` in the heap."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self.state = runner.log.state
        self.log = runner.log.buffer

    def put(self, key: str, payload: Any, buffers: Any) -> None:
        """As `Runner.put`."""
        self._runner.put(key, payload.to_bytes(), list(buffers))

    def drop(self, key: str) -> None:
        """As `Runner.drop`."""
        self._runner.drop(key)

    def cancel(self, batch: int) -> None:
        """As `Runner.cancel`."""
        self._runner.cancel(batch)

    def interrupt(self) -> None:
        """As `Runner.interrupt_awaited`."""
        self._runner.interrupt_awaited()

    def run(self, batch: int, payload: Any, buffers: Any) -> asyncio.Task[None] | None:
        """As `Runner.run`. Returns None if no task awaited anything: then the batch has ended."""
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
        # If a line ends with a colon, the next line belongs to it.
        why = "; ".join(dict.fromkeys(problems)).replace(":; ", ": ") or "it could not be found"
        return {name: why for name in names if normalize(name) not in loaded}

    def load_now(self, name: str) -> str | None:
        """As `Loader.load_now`."""
        if not can_run_sync():
            return "this browser cannot wait for it while a task runs"
        failed: dict[str, str] = run_sync(self.load([name]))
        return failed.get(name)

    def note_installed(self, name: str) -> None:
        """As `Loader.note_installed`."""
        import pyodide_js

        # Pyodide looks for the name as the lock file spells it.
        known = getattr(pyodide_js._api.lockfile_packages, name, None)
        setattr(pyodide_js.loadedPackages, name if known is None else known.name, "the notebook")

    def note_removed(self, name: str) -> None:
        """As `Loader.note_removed`."""
        import pyodide_js

        for loaded in pyodide_js.loadedPackages.to_py():
            if normalize(loaded) == name:
                delattr(pyodide_js.loadedPackages, loaded)


def _memory() -> int:
    """Bytes of this worker's memory."""
    import pyodide_js

    return int(pyodide_js._module.HEAP8.length)


def connect(worker: int, pid: int, drive: bool, post: Any) -> JsRunner:
    """Make this interpreter a worker.

    Args:
        worker: its number.
        pid: the number of its process, as `os.getpid()` says it.
        drive: whether the notebook's files are there.
        post: a JavaScript object with functions that post the runner's messages.
    """
    # If `os.getpid` itself is sent as a task, pickle calls it `posix.getpid`.
    os.getpid = posix.getpid = lambda: pid
    random.seed()  # restored workers would all draw the same numbers otherwise
    site_packages = sysconfig.get_path("purelib")
    port = JsPort(post)
    install_display(port.display)
    install_figures()
    scratch = keep_apart(f"worker-{pid}")
    surroundings = WorkerSurroundings(LockLoader(), site_packages, port.announce, drive, scratch)
    runner = Runner(port, worker, pid, surroundings, memory=_memory)

    def on_signal(_: int, frame: FrameType | None) -> None:
        try:
            runner.interrupt(frame)
        except KeyboardInterrupt:
            post.obeys(True)
            raise
        post.obeys(False)

    # The host stops a task with this signal. Nothing but a task is stopped.
    signal.signal(signal.SIGINT, on_signal)
    return JsRunner(runner)
