"""A worker that is a process of the notebook's machine, from its start to its end."""

from __future__ import annotations

import asyncio
import contextlib
import mmap
import os
import signal
import sys
import threading
import time
import traceback
from collections import deque
from collections.abc import Sequence
from types import FrameType, ModuleType
from typing import Any

from ..wire.buffers import in_heap
from ..wire.pipe import Connection, Message, receive, send
from .display import install_display
from .memory import memory_of
from .open_figures import install_figures
from .output import TaskStream
from .result_log import SHARED_BYTES, ResultLog
from .runner import Runner
from .surroundings.packages import EverythingThere
from .surroundings.surroundings import WorkerSurroundings

#: Seconds between two signals to a task that is amid something that must not be stopped.
ASK_AGAIN = 0.02

#: How a worker ends whose notebook is gone.
ALONE = 1


class PipePort:
    """A runner's port, whose messages go through a pipe.

    Its messages are those of `backends.local.process`.
    """

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        #: What is to be sent. Threads of a task may print. So may a finalizer or a signal handler
        #: in the midst of a message, in the thread that sends it: its own message follows then.
        self._messages: deque[tuple[str, tuple[Any, ...], Sequence[memoryview]]] = deque()
        self._sends = False
        self._lock = threading.RLock()
        self._task = -1

        def stream(name: str) -> TaskStream:
            return TaskStream(lambda text: self.say("output", self._task, name, text))

        self._out, self._err = stream("stdout"), stream("stderr")
        self._out.pair_with(self._err)
        sys.stdout, sys.stderr = self._out, self._err

    def say(self, word: str, *values: Any, buffers: Sequence[memoryview] = ()) -> None:
        """Send a message. If nobody hears it, this process ends."""
        self._messages.append((word, values, buffers))
        try:
            with self._lock:
                while self._messages and not self._sends:
                    self._sends = True
                    try:
                        if self._messages:  # or one that came just before has sent it, too
                            word, values, buffers = self._messages.popleft()
                            send(self._pipe, word, *values, buffers=buffers)
                    finally:
                        self._sends = False
        except OSError:
            end_alone()

    def result(self, batch: int, payload: bytes, buffers: list[memoryview], done: bool) -> None:
        """As `Port.result`."""
        self.say("result", batch, payload, done, buffers=buffers)

    def begin(self, batch: int) -> None:
        """As `Port.begin`."""
        self.say("begin", batch)

    def worn(self, message: str) -> None:
        """As `Port.worn`."""
        self.say("worn", message)

    def error(self, batch: int, type: str, message: str, traceback: str) -> None:
        """As `Port.error`."""
        self.say("error", batch, type, message, traceback)

    def retire(self, reason: str) -> None:
        """As `Port.retire`."""
        self.say("retire", reason)

    def task(self, task: int) -> None:
        """As `Port.task`; first posts the output of the task before."""
        self._flush()
        self._task = task

    def display(self, shown: str) -> None:
        """Post an output that a task displays, after the text that it has printed."""
        self._flush()
        self.say("output", self._task, "display", shown)

    def announce(self, phase: str) -> None:
        """Post whether the worker is "preparing" for the next task or "running" it."""
        self.say("output", self._task, "phase", phase)

    def _flush(self) -> None:
        if self._out.held or self._err.held:
            self._out.flush()
            self._err.flush()


class WorkerProcess:
    """Does what the notebook's process says. Tasks run in the main thread, as signals reach it."""

    def __init__(self, pipe: Connection, number: int, log: memoryview) -> None:
        self._pipe = pipe
        self._port = PipePort(pipe)
        install_display(self._port.display)
        install_figures()
        surroundings = WorkerSurroundings(EverythingThere(), "", self._port.announce)
        pid = os.getpid()
        self._runner = Runner(
            self._port,
            number,
            pid,
            surroundings,
            memory=lambda: memory_of(pid),
            log=ResultLog(log),
        )
        self._loop = asyncio.new_event_loop()
        #: The batch that runs, and the one that is to end.
        self._batch: int | None = None
        self._unwanted: int | None = None
        #: Held here, because an event loop alone does not keep a task alive.
        self._running: asyncio.Task[None] | None = None

    def serve(self) -> None:
        """Work until the notebook's process closes the pipe."""
        signal.signal(signal.SIGINT, self._on_signal)
        asyncio.set_event_loop(self._loop)
        threading.Thread(target=self._hear, name="pool messages", daemon=True).start()
        self._loop.call_soon(self._port.say, "ready")
        self._loop.run_forever()

    # Heard by a thread of its own, while a task computes, too.

    def _hear(self) -> None:
        try:
            with contextlib.suppress(EOFError, OSError, ValueError):
                while True:
                    message = receive(self._pipe)
                    if message.word == "cancel":
                        self._runner.cancel(*message.values)
                    elif message.word == "interrupt":
                        self._interrupt(*message.values)
                    else:
                        self._loop.call_soon_threadsafe(self._obey, message)
        finally:  # also where there is no memory for a message
            end_alone()

    def _interrupt(self, batch: int) -> None:
        if self._batch == batch:
            self._unwanted = batch
            threading.Thread(target=self._insist, args=(batch,), daemon=True).start()

    def _insist(self, batch: int) -> None:
        """Ask the task to stop until it hears it; amid an import, for example, it does not."""
        main = threading.main_thread().ident
        while self._batch == self._unwanted == batch:
            if hasattr(signal, "pthread_kill") and main is not None:
                signal.pthread_kill(main, signal.SIGINT)
            else:
                signal.raise_signal(signal.SIGINT)
            self._loop.call_soon_threadsafe(self._interrupt_awaited, batch)
            time.sleep(ASK_AGAIN)

    # In the main thread.

    def _on_signal(self, _: int, frame: FrameType | None) -> None:
        if self._batch is not None and self._batch == self._unwanted:
            try:
                self._runner.interrupt(frame)
            except KeyboardInterrupt:
                self._unwanted = None
                raise

    def _interrupt_awaited(self, batch: int) -> None:
        if self._batch == self._unwanted == batch:
            self._runner.interrupt_awaited()

    def _obey(self, message: Message) -> None:
        word, values, buffers = message
        if word == "run":
            batch, payload = values
            self._running = self._loop.create_task(self._run(batch, payload, buffers))
        elif word == "put":
            key, payload = values
            self._runner.put(key, payload, in_heap(buffers))
        elif word == "drop":
            self._runner.drop(*values)

    async def _run(self, batch: int, payload: bytes, buffers: Sequence[bytes]) -> None:
        self._batch = batch
        try:
            await self._runner.run(batch, payload, in_heap(buffers))
        except BaseException:  # nothing of a task comes here
            traceback.print_exc(file=sys.__stderr__)
            os._exit(ALONE)
        finally:
            self._batch = None


def end_alone() -> None:
    """End this process at once, with all that its tasks have started: its notebook is gone."""
    with contextlib.suppress(OSError):
        if hasattr(os, "killpg") and os.getpgid(0) == os.getpid():
            os.killpg(0, signal.SIGKILL)
    os._exit(ALONE)


def serve(pipe: Connection, number: int, log: str) -> None:
    """Be a worker until the end of this process.

    Args:
        pipe: leads to the notebook's process.
        number: the worker's number.
        log: the name of the file with memory that both processes share.
    """
    if hasattr(os, "setpgid"):
        # Interrupting the notebook sends a signal to its whole group. Only what the notebook says
        # is to stop a task.
        os.setpgid(0, 0)
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)  # what tasks read would be missing elsewhere
    # What comes from the notebook's own `__main__` finds nothing of this one.
    sys.modules["__main__"] = ModuleType("__main__")
    with open(log, "r+b") as file:
        shared = mmap.mmap(file.fileno(), SHARED_BYTES)
    WorkerProcess(pipe, number, memoryview(shared)).serve()
