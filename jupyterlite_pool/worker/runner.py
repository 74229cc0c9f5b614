"""Runs batches of tasks: the Python half of a pool worker.

Knows no JavaScript, so that it is the same in a browser and in the tests' in-process pool: a `Port`
takes what it has to say.
"""

from __future__ import annotations

import array
import asyncio
import importlib
import inspect
import traceback
import warnings
from collections.abc import Callable, Sequence
from itertools import islice
from time import perf_counter
from typing import Any, Protocol
from zlib import crc32

from ..errors import PoolPerformanceWarning, RemoteUnpicklingError
from ..wire.calls import decode_function, split_calls
from ..wire.failure import encode_error
from ..wire.payload import decode
from ..wire.protocol import (
    ENVIRONMENT_PREFIX,
    FAILED,
    LOG_BYTES,
    POST_INTERVAL,
    CallBatch,
    ResultItem,
)
from ..wire.refs import set_fetcher
from ..wire.results import RESULTS_END, dump_result, dump_value, join_results, results_end
from .context import WorkerInfo, set_current_worker
from .names import Globals, SetUpCall, SharedNames
from .randomness import seed_item, unseed
from .surroundings.environment import Environment

#: Types of most results; none of them can be awaited, and asking takes longer than many a task.
PLAIN_TYPES = frozenset({type(None), bool, int, float, str, bytes, tuple, list, dict})


class Port(Protocol):
    """Where a runner's words go."""

    def result(self, batch: int, payload: bytes, buffers: list[memoryview], done: bool) -> None:
        """Results of some tasks of a batch."""

    def begin(self, batch: int) -> None:
        """A task with a time limit begins."""

    def worn(self, message: str) -> None:
        """This worker should be replaced when it has nothing to do."""

    def error(self, batch: int, type: str, message: str, traceback: str) -> None:
        """A batch that could not be read at all."""

    def task(self, task: int) -> None:
        """What is printed from now on belongs to this task; -1 for none."""

    def retire(self, reason: str) -> None:
        """Nothing more can run here: another worker is to run what has not begun."""


class Runner:
    """Holds the objects that were put on this worker, and runs the batches it is given."""

    def __init__(self, port: Port, worker: int, pid: int, environment: Environment) -> None:
        self._port = port
        self._worker = worker
        self._pid = pid
        self._environment = environment
        self._functions: dict[str, Callable[..., Any]] = {}
        self._names = SharedNames()
        # Undecoded: a function that cannot be read must fail its tasks, not the frame that put it.
        self._encoded: dict[str, tuple[bytes, Sequence[Any]]] = {}
        #: Objects that references stood for, decoded when the first task needed them.
        self._objects: dict[str, Any] = {}
        self._cancelled: set[int] = set()
        #: Whether the last task had random numbers that a seed decided.
        self._seeded = False
        #: Whether code of the user's runs, which alone may be interrupted.
        self._interruptible = False
        #: Results that were not posted yet. This and `state` are read by JavaScript when Python has
        #: died, so that nothing finished is lost.
        self.log = bytearray(LOG_BYTES)
        #: How many results are in the log, the CRC-32 of their bytes, and where they end.
        self._count = self._checksum = self._log_end = 0
        #: The place in its batch of the task that runs, or -1; the used length of the log; the
        #: bytes of the largest large file of the drive that it used, as JavaScript notes them.
        self.state = array.array("i", [-1, 0, 0])

    def put(self, key: str, payload: bytes, buffers: Sequence[Any]) -> None:
        """Keep an object that tasks will name by its key."""
        if key.startswith(ENVIRONMENT_PREFIX):
            self._environment.put(key, decode(payload, buffers))
        else:
            self._encoded[key] = (payload, buffers)

    def drop(self, key: str) -> None:
        """Forget an object."""
        self._environment.drop(key)
        self._encoded.pop(key, None)
        self._functions.pop(key, None)
        self._names.drop(key)
        self._objects.pop(key, None)

    def fetch(self, key: str) -> Any:
        """The object that a reference stands for; the same one for all tasks."""
        if key not in self._objects:
            spaces: list[Globals] = []
            self._objects[key] = decode(*self._encoded[key], spaces)
            self._names.add(key, spaces)
            del self._encoded[key]
        return self._objects[key]

    def cancel(self, batch: int) -> None:
        """Start no further task of a batch; the one that runs ends as it would."""
        self._cancelled.add(batch)

    def interrupt(self) -> None:
        """Stop the task that runs; called where Python looks for signals, in the midst of it."""
        if self._interruptible:
            self._interruptible = False
            raise KeyboardInterrupt

    async def run(self, batch: int, payload: bytes, buffers: Sequence[Any]) -> None:
        """Run a batch's tasks in order; their results are posted on the way and at the end."""
        try:
            sent = split_calls(payload)
        except Exception as error:
            self._port.error(batch, type(error).__name__, str(error), traceback.format_exc())
            return
        set_fetcher(self.fetch)
        calls = sent.calls
        if batch in self._cancelled:  # while it waited here behind another
            calls = []
        rest = iter(buffers)
        own: Sequence[Any] = ()
        posted = perf_counter()
        last = len(calls) - 1
        attempt = 0
        try:
            changed = self._environment.outdated(sent.environment)
            if changed is not None:
                self._port.retire(f"{changed} has changed since it was imported")
                return
            for place, call in enumerate(calls):
                task = sent.first + place
                self.state[0] = place
                self._port.task(task)
                if sent.attempts[place] != attempt:
                    attempt = sent.attempts[place]
                    set_current_worker(WorkerInfo(self._worker, self._pid, attempt))
                if sent.buffers is not None:
                    own = list(islice(rest, sent.buffers[place]))
                seed = None if sent.seeds is None else sent.seeds[place]
                record, out = await self._run_one(batch, sent, task, call, seed, own)
                held = not out and self._hold(record)
                if not held:
                    self._flush(batch, False)
                    self._port.result(batch, join_results([record]), out, False)
                    out = []  # the next task may make longer what it was of
                if place < last and (not held or perf_counter() - posted >= POST_INTERVAL):
                    self._flush(batch, False)
                    await asyncio.sleep(0)  # lets a word of the host in
                    if batch in self._cancelled:
                        break
                    posted = perf_counter()
        finally:
            set_current_worker(None)
        self.state[0] = -1
        self._cancelled.discard(batch)
        self._flush(batch, True)

    def _hold(self, record: bytes) -> bool:
        """Keep a result until the next post. False where it has no room."""
        start = self._log_end
        end = start + len(record)
        used = end + RESULTS_END.size
        if used > LOG_BYTES:
            return False
        self._count += 1
        self._checksum = crc32(record, self._checksum)
        # The end is written over by the next result: what is in the log is a payload at any time.
        self.log[start:used] = record + results_end(self._count, self._checksum)
        self._log_end = end
        self.state[1] = used
        return True

    def _flush(self, batch: int, done: bool) -> None:
        """Post the results that are held."""
        self._port.task(-1)  # what a task has printed goes before its result
        used = self.state[1]
        if used or done:
            self._port.result(batch, bytes(self.log[:used]), [], done)
        self.state[1] = 0
        self._count = self._checksum = self._log_end = 0

    async def _run_one(
        self,
        batch: int,
        sent: CallBatch,
        task: int,
        call: tuple[Any, ...] | bytes,
        seed: tuple[int, int] | None,
        buffers: Sequence[Any],
    ) -> tuple[bytes, list[memoryview]]:
        """Make a call; its result as bytes, and buffers that are sent beside them."""
        started = perf_counter()
        try:
            if sent.environment != self._environment.current:
                await self._environment.apply(sent.environment)
            function, args, kwargs = self._read(sent.function, call, buffers)
            if seed is not None:
                self._seeded = True
                seed_item(*seed)
            elif self._seeded:
                self._seeded = False
                unseed()
            sets_up = isinstance(function, SetUpCall)
            before = self._names.before(sent.function) if sets_up else []
            if sent.timed:
                self._port.begin(batch)
            started = perf_counter()
            self._interruptible = True
            value = function(*args, **kwargs)
            if type(value) not in PLAIN_TYPES and inspect.isawaitable(value):
                value = await value
            self._interruptible = False
            if sets_up:
                self._names.share(sent.function, before)
            seconds = perf_counter() - started
            if self.state[2]:
                self._warn_of_large_file()
            return dump_value(task, seconds, value)
        except BaseException as error:  # SystemExit and KeyboardInterrupt are a task's own, too
            self._interruptible = False
            self.state[2] = 0
            self._environment.explain(error)
            if isinstance(error, MemoryError):
                self._port.worn("it ran out of memory")  # WebAssembly never gives any back
            seconds = perf_counter() - started
            return dump_result(ResultItem(task, FAILED, encode_error(error), 0, seconds)), []

    def _warn_of_large_file(self) -> None:
        size, self.state[2] = self.state[2], 0
        warnings.warn(
            f"a task has read or written a file of {size >> 20} MB on the drive, which takes "
            "seconds for it. Return large data from the task instead, or use smaller files.",
            PoolPerformanceWarning,
            stacklevel=2,
        )

    def _read(
        self, key: str, call: tuple[Any, ...] | bytes, buffers: Sequence[Any]
    ) -> tuple[Callable[..., Any], Any, Any]:
        function = self._functions.get(key)
        if function is not None and type(call) is tuple:  # asked first: most of small tasks
            return function, call, {}
        try:
            try:
                return self._decode(key, call, buffers)
            except ModuleNotFoundError:
                importlib.invalidate_caches()  # it may have been written a moment ago
                return self._decode(key, call, buffers)
        except BaseException as error:
            raise RemoteUnpicklingError(
                f"the worker could not read the call: {type(error).__name__}: {error}"
            ) from error

    def _decode(
        self, key: str, call: tuple[Any, ...] | bytes, buffers: Sequence[Any]
    ) -> tuple[Callable[..., Any], Any, Any]:
        function = self._functions.get(key)
        if function is None:
            spaces: list[Globals] = []
            function = decode_function(*self._encoded[key], spaces)
            self._functions[key] = function
            self._names.add(key, spaces)
        if isinstance(call, tuple):
            return function, call, {}
        args, kwargs = self._decode_arguments(call, buffers)
        return function, args, kwargs

    def _decode_arguments(self, payload: bytes, buffers: Sequence[Any]) -> Any:
        if not self._names:
            return decode(payload, buffers)
        spaces: list[Globals] = []
        arguments = decode(payload, buffers, spaces)
        self._names.fill(spaces)
        return arguments
