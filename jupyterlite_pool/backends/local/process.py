"""A worker that is a process of this machine, as the notebook's process reaches it."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from multiprocessing.connection import Pipe, wait
from typing import Any

from loky.backend import get_context

from ...wire.pipe import receive, send
from ...worker.memory import memory_of
from ...worker.process import serve
from ...worker.result_log import left_in
from ..base import WorkerEnd
from ..lanes import Queued
from ..links import Host, Link
from ..roster import Stored
from .shared_memory import SharedMemory

#: Seconds in which a process may end by itself after it has closed its pipe.
PATIENCE = 5.0

#: Why a worker is lost that cannot be sent something.
TOO_LARGE = "one call has 2 GiB or more, which only bytes and arrays may have"

#: All workers hash texts alike, so that sets have one order wherever a task runs.
_VARIABLES = {"PYTHONHASHSEED": "0"}


class WorkerProcess(Link):
    """One process. A thread writes to its pipe, and another one reads from it."""

    def __init__(self, backend: Host, number: int) -> None:
        super().__init__(backend, number)
        self._pipe, theirs = Pipe()
        self._shared = SharedMemory()
        self._outbox: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        #: The batch that it was given last.
        self._batch: int | None = None
        self._is_ready = False
        self._left = False
        #: Whether nobody may send a signal to the process any more; guarded by the lock.
        self._gone = False
        self._lock = threading.Lock()
        self._process = get_context("loky").Process(
            target=serve,
            args=(theirs, number, self._shared.name),
            name=f"pool-worker-{number}",
            env=_VARIABLES,
        )
        try:
            self._process.start()
        except BaseException:
            self._shared.close()
            raise
        else:
            self._pid = int(self._process.pid)
        finally:
            theirs.close()  # or the end of the process would go unnoticed
        name = f"pool worker {number}"
        self._writer = threading.Thread(target=self._write, name=name, daemon=True)
        self._writer.start()
        threading.Thread(target=self._read, name=name, daemon=True).start()

    # What the backend calls.

    @property
    def pid(self) -> int:
        """As `Link.pid`."""
        return self._pid

    def give(self, objects: Sequence[Stored], queued: Queued) -> None:
        """As `Link.give`."""
        for stored in objects:
            self._say("put", stored.key, stored.payload, buffers=stored.buffers)
        self._batch = queued.batch
        self._say("run", queued.batch, queued.payload, buffers=queued.buffers)

    def drop(self, key: str) -> None:
        """As `Link.drop`."""
        self._say("drop", key)

    def cancel(self, batch: int) -> None:
        """As `Link.cancel`."""
        self._say("cancel", batch)

    def interrupt(self, batch: int) -> bool:
        """As `Link.interrupt`: the process sends itself Ctrl-C's signal, if it runs the batch."""
        self._say("interrupt", batch)
        return True

    def leave(self) -> None:
        """As `Link.leave`: ends the process, and what its tasks have started."""
        self._left = True
        self._outbox.put(None)
        self._kill()

    def memory(self) -> int:
        """As `Link.memory`."""
        return memory_of(self.pid)

    def _say(self, word: str, *values: Any, buffers: Sequence[Any] = ()) -> None:
        pieces = [buffer.to_bytes() for buffer in buffers]
        self._outbox.put(partial(send, self._pipe, word, *values, buffers=pieces))

    def _kill(self) -> None:
        with self._lock, contextlib.suppress(OSError):
            if self._gone:
                return
            if not hasattr(os, "killpg"):
                self._process.terminate()
            elif self._is_ready:
                os.killpg(self._pid, signal.SIGKILL)
            else:
                os.kill(self._pid, signal.SIGKILL)

    # Its threads.

    def _write(self) -> None:
        while (action := self._outbox.get()) is not None:
            try:
                action()
            except OSError:  # the process is gone, and `_read` says so
                return
            except ValueError:  # the format of messages counts with 31 bits
                self.ended(WorkerEnd("protocol", TOO_LARGE))
                return
            except Exception as error:  # there is no memory for the message, for example
                self.ended(WorkerEnd("protocol", f"it could not be sent something: {error!r}"))
                return

    def _read(self) -> None:
        memory = 0
        try:
            while True:
                word, values, buffers = receive(self._pipe)
                if word == "ready":
                    self._is_ready = True
                    self._shared.forget_name()
                if word == "result":
                    batch, payload, done = values
                    self.result(batch, payload, buffers, done)
                elif word in WORDS:
                    getattr(self, word)(*values)
        except (EOFError, OSError):
            memory = self.memory()  # nothing more if the process has gone already
        except Exception as error:  # no message, or one for which there is no memory
            self.ended(WorkerEnd("protocol", f"{type(error).__name__}: {error}"))
        self._close(memory)

    def _close(self, memory: int) -> None:
        """The process has closed its pipe: tell why, and let go of everything."""
        wait([self._process.sentinel], PATIENCE)
        self._kill()  # also what it has started
        with self._lock:  # after `join` its number may be that of another process
            self._gone = True
        self._process.join()
        if not self._left:
            place, results = self._shared.read(left_in)
            batch = self._batch
            if results and batch is not None:
                self.result(batch, results, (), False)
            self.ended(self._end(place, memory), began=place >= 0)
        self._outbox.put(None)
        self._writer.join()  # nobody may close a pipe into which somebody writes
        self._pipe.close()
        self._shared.close()

    def _exit_code(self) -> int | None:
        """How the process has ended. The start of another one may be asking the system just now."""
        for _ in range(100):
            code: int | None = self._process.exitcode
            if code is not None:
                break
            time.sleep(0.01)
        return code

    def _end(self, place: int, memory: int) -> WorkerEnd:
        code = self._exit_code()
        running = place if place >= 0 else None
        if code is not None and code < 0:
            name = _name_of(-code)
            why = f"its process was ended by {name}"
            if name == "SIGKILL":
                why += ", as the system does where memory runs out"
            end = WorkerEnd("fatal", why, None, running, memory)
        else:
            end = WorkerEnd("exited", f"Python exited with status {code}", code, running)
        return end if self._is_ready else end._replace(reason="start")


def _name_of(number: int) -> str:
    """The name of a signal; those for real time have none."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


#: What a process says, but for results: methods of `Voice`.
WORDS = frozenset({"ready", "begin", "worn", "error", "output", "retire"})
