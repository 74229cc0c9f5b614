"""Runs batches of tasks: the Python half of a pool worker.

The runner knows no JavaScript, so it is the same in a browser, in the tests' threads and inside a
task. It speaks through a `Port`.
"""

from __future__ import annotations

import asyncio
import importlib
import inspect
import traceback
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from contextvars import Context
from itertools import islice
from time import perf_counter
from types import FrameType
from typing import Any, Protocol

from ..errors import PoolPerformanceWarning, RemoteUnpicklingError
from ..wire.by_value.classes import State
from ..wire.by_value.updates import note_states, restore
from ..wire.calls import decode_function, split_calls
from ..wire.failure import encode_error
from ..wire.payload import ATOMS, Found, decode
from ..wire.protocol import FAILED, POST_INTERVAL, SURROUNDINGS_PREFIX, CallBatch, ResultItem
from ..wire.refs import set_fetcher
from ..wire.results import dump_result, dump_value, join_results
from .context import WorkerInfo, set_current_worker
from .contexts import Within, WorkerContext
from .interruption import leftover, may_stop
from .memory import explain_memory
from .names import SetUpCall, SharedNames
from .open_figures import end_of_task
from .parallel_cell import CellBody, EverywhereCell, explain_value
from .randomness import seed_item, unseed
from .result_log import LARGEST_FILE, PLACE, ResultLog
from .surroundings.surroundings import WorkerSurroundings

#: Types of most values. They cannot be awaited, and `inspect.isawaitable` takes longer than many a
#: task.
PLAIN_TYPES = frozenset({type(None), bool, int, float, str, bytes, tuple, list, dict})


class Port(Protocol):
    """Carries a runner's messages to its host."""

    def result(self, batch: int, payload: bytes, buffers: list[memoryview], done: bool) -> None:
        """Send results of some tasks of a batch.

        Args:
            payload: the results, as `wire.results` joins them; empty if there are none.
            buffers: the buffers of these results. They may change once this call returns.
            done: whether the batch is over.
        """

    def begin(self, batch: int) -> None:
        """Say that the call of a task with a time limit begins now."""

    def worn(self, message: str) -> None:
        """Say that this worker should be replaced once it has nothing to do."""

    def error(self, batch: int, type: str, message: str, traceback: str) -> None:
        """Say that the runner could not read a batch; none of its tasks ran."""

    def task(self, task: int) -> None:
        """Note that everything printed from now on belongs to this task; -1 for no task."""

    def retire(self, reason: str) -> None:
        """Say that this worker can run nothing more: another one must run what has not begun."""


class Runner:
    """Holds the objects that were put on this worker, and runs the batches that it is given.

    Args:
        port: carries its messages.
        worker: the number of the worker.
        pid: what `os.getpid()` returns in it.
        surroundings: the surroundings of the notebook.
        context: the context variables with which tasks begin; None for none.
        memory: tells how many bytes of memory the worker has; 0 if that is not known.
        log: keeps results until they are posted; None for one of its own.
        rests: whether it gives its host a turn between tasks. Who waits right there cannot.
    """

    def __init__(
        self,
        port: Port,
        worker: int,
        pid: int,
        surroundings: WorkerSurroundings,
        context: Context | None = None,
        memory: Callable[[], int] = lambda: 0,
        log: ResultLog | None = None,
        *,
        rests: bool = True,
    ) -> None:
        self._port = port
        self._memory = memory
        self._worker = worker
        self._pid = pid
        self._surroundings = surroundings
        self._context = WorkerContext(Context() if context is None else context)
        self._context.own.run(set_fetcher, self.fetch)
        #: The attempt of the last task.
        self._attempt = 0
        self._functions: dict[str, Callable[..., Any]] = {}
        #: The classes that functions have brought, as they were when the functions were sent.
        self._states: dict[str, list[tuple[type, State]]] = {}
        #: The keys of functions that are known and have brought none: they are called at once.
        self._quick: set[str] = set()
        self._names = SharedNames()
        # Not decoded yet: a function that cannot be read must fail its tasks, not the frame that
        # brought it.
        self._encoded: dict[str, tuple[bytes, Sequence[Any]]] = {}
        #: Objects of references, decoded when the first task needed them.
        self._objects: dict[str, Any] = {}
        self._cancelled: set[int] = set()
        self._rests = rests
        #: Whether a seed decided the random numbers of the last task.
        self._seeded = False
        #: Whether the user's code runs. Nothing else may be interrupted.
        self._interruptible = False
        #: Whether the task that ran was stopped.
        self._interrupted = False
        #: What the task that runs awaits; None where it awaits nothing.
        self._awaited: Within[Any] | None = None
        self.log = ResultLog() if log is None else log

    def put(self, key: str, payload: bytes, buffers: Sequence[Any]) -> None:
        """Keep an object that tasks will name by its key."""
        if key.startswith(SURROUNDINGS_PREFIX):
            self._surroundings.put(key, decode(payload, buffers))
        else:
            self._encoded[key] = (payload, buffers)

    def drop(self, key: str) -> None:
        """Forget an object."""
        self._surroundings.drop(key)
        self._encoded.pop(key, None)
        self._functions.pop(key, None)
        self._states.pop(key, None)
        self._quick.discard(key)
        self._names.drop(key)
        self._objects.pop(key, None)

    def fetch(self, key: str) -> Any:
        """The object of a reference; all tasks share it."""
        if key not in self._objects:
            found: list[Found] = []
            self._objects[key] = decode(*self._encoded[key], found)
            self._names.add(key, found)
            del self._encoded[key]
        return self._objects[key]

    def cancel(self, batch: int) -> None:
        """Start no further task of a batch; a task that runs goes on to its end."""
        self._cancelled.add(batch)

    def interrupt(self, frame: FrameType | None) -> None:
        """Stop the task that runs, if it may be stopped in this frame.

        Python calls this as a signal handler amid any code, also of the event loop.
        """
        if self._interruptible and may_stop(frame, Runner._run_one.__code__):
            self._interruptible, self._interrupted = False, True
            raise KeyboardInterrupt

    def interrupt_awaited(self) -> None:
        """Stop the task that runs, if it awaits something. Only the event loop may call this."""
        if self._interruptible and self._awaited is not None and self._awaited.waits:
            self._interruptible, self._interrupted = False, True
            self._awaited.stop()

    async def run(self, batch: int, payload: bytes, buffers: Sequence[Any]) -> None:
        """Run a batch's tasks in order; post their results on the way and at the end."""
        try:
            sent = split_calls(payload)
        except Exception as error:
            self._port.error(batch, type(error).__name__, str(error), traceback.format_exc())
            return
        calls = sent.calls
        if batch in self._cancelled:  # while it waited behind another batch
            calls = []
        state, hold = self.log.state, self.log.add
        rest = iter(buffers)
        own: Sequence[Any] = ()
        last = len(calls) - 1
        changed = self._surroundings.outdated(sent.surroundings)
        if changed is not None:
            self._port.retire(f"{changed} has changed since it was imported")
            return
        now = posted = perf_counter()
        for place, call in enumerate(calls):
            task = sent.first + place
            state[PLACE] = place
            self._port.task(task)
            if sent.attempts[place] != self._attempt:
                self._attempt = sent.attempts[place]
                info = WorkerInfo(self._worker, self._pid, self._attempt)
                self._context.own.run(set_current_worker, info)
            if sent.buffers is not None:
                own = list(islice(rest, sent.buffers[place]))
            seed = None if sent.seeds is None else sent.seeds[place]
            record, out, now = await self._run_one(batch, sent, task, call, seed, own, now)
            if self._interrupted:
                self._interrupted = False
                if reason := leftover():
                    self._port.worn(reason)
            held = not out and hold(record)
            if not held:
                self._post(batch, False)
                self._port.result(batch, join_results([record]), out, False)
                out = []  # a held buffer would keep the next task from resizing its object
            if place < last and (not held or now - posted >= POST_INTERVAL):
                self._post(batch, False)
                if self._rests:
                    await asyncio.sleep(0)  # the host may say something meanwhile
                if batch in self._cancelled:
                    break
                now = posted = perf_counter()
        state[PLACE] = -1
        self._cancelled.discard(batch)
        self._post(batch, True)

    def _post(self, batch: int, done: bool) -> None:
        """Post the results in the log."""
        self._port.task(-1)  # this posts the output of the last task, which goes before its result
        results = self.log.take()
        if results or done:
            self._port.result(batch, results, [], done)

    async def _run_one(
        self,
        batch: int,
        sent: CallBatch,
        task: int,
        call: tuple[Any, ...] | bytes,
        seed: tuple[int, int] | None,
        buffers: Sequence[Any],
        now: float,
    ) -> tuple[bytes, list[memoryview], float]:
        """Make a call.

        To look at the clock takes as long as the rest of a small task, so one look serves as the
        end of a call and as the beginning of the next.

        Returns:
            Its result as bytes, the buffers that go beside them, and when the call ended.
        """
        started = now
        try:
            quick = type(call) is tuple and seed is None and sent.function in self._quick
            if sent.surroundings != self._surroundings.current:
                quick = False
                await self._surroundings.apply(sent.surroundings)
            function, args, kwargs = self._read(sent.function, call, buffers)
            if seed is not None or self._seeded:
                self._seed(seed)
            sets_up = isinstance(function, SetUpCall)
            before = self._names.before(sent.function) if sets_up else []
            context = self._context.own if sets_up else self._context.of_task()
            if sent.timed:
                self._port.begin(batch)
            if not quick:  # it took time to come so far
                started = perf_counter()
            self._awaited, self._interruptible = None, True
            value = context.run(function, *args, **kwargs)
            if type(value) not in PLAIN_TYPES and inspect.isawaitable(value):
                self._awaited = Within(context, value)
                value = await self._awaited
                self._awaited = None
            for act in end_of_task:
                act()
            self._interruptible = False
            if sets_up:
                own = isinstance(getattr(function, "__wrapped__", None), EverywhereCell)
                self._names.share(before, notebook_first=own)
                self._context.look_again()
            now = perf_counter()
            if self.log.state[LARGEST_FILE]:
                self._warn_of_large_file()
            if type(value) in ATOMS:
                return *dump_value(task, now - started, value), now
            record, out = context.run(dump_value, task, now - started, value)
            return record, out, perf_counter()
        except BaseException as error:  # a task may raise SystemExit and KeyboardInterrupt, too
            self._interruptible = False
            self._explain(error, sent.function)
            seconds = perf_counter() - started
            record = dump_result(ResultItem(task, FAILED, encode_error(error), 0, seconds))
            return record, [], perf_counter()

    def _seed(self, seed: tuple[int, int] | None) -> None:
        """Decide the random numbers of the next task; None to leave them to chance."""
        self._seeded = seed is not None
        if seed is None:
            unseed()
        else:
            seed_item(*seed)

    def _explain(self, error: BaseException, key: str) -> None:
        """End a task that has failed, and say in its error what explains it.

        Args:
            key: that of the function.
        """
        with suppress(Exception):  # the error of the task matters more
            for act in end_of_task:
                act()
        self.log.state[LARGEST_FILE] = 0
        self._surroundings.explain(error)
        explain_value(error, self._functions.get(key))
        if isinstance(error, MemoryError):
            explain_memory(error, self._worker, self._memory)
            self._port.worn("it ran out of memory")  # WebAssembly never gives memory back

    def _warn_of_large_file(self) -> None:
        state = self.log.state
        size, state[LARGEST_FILE] = state[LARGEST_FILE], 0
        warnings.warn(
            f"a task has read or written a file of {size >> 20} MB on the drive, which takes "
            "seconds. Return large data from the task instead, or use smaller files.",
            PoolPerformanceWarning,
            stacklevel=2,
        )

    def _read(
        self, key: str, call: tuple[Any, ...] | bytes, buffers: Sequence[Any]
    ) -> tuple[Callable[..., Any], Any, Any]:
        function = self._functions.get(key)
        if function is not None and type(call) is tuple:  # the quick way of most small tasks
            if key in self._states:
                self._restore(key)
            return function, call, {}
        try:
            # In the worker's own context: modules that are imported now stay.
            try:
                return self._context.own.run(self._decode, key, call, buffers)
            except ModuleNotFoundError:
                importlib.invalidate_caches()  # the module may be a moment old
                return self._context.own.run(self._decode, key, call, buffers)
        except BaseException as error:
            raise RemoteUnpicklingError(
                f"the worker could not read the call: {type(error).__name__}: {error}"
            ) from error

    def _decode(
        self, key: str, call: tuple[Any, ...] | bytes, buffers: Sequence[Any]
    ) -> tuple[Callable[..., Any], Any, Any]:
        function = self._functions.get(key)
        if function is None:
            found: list[Found] = []
            with note_states() as states:
                function = decode_function(*self._encoded[key], found)
            body = getattr(function, "__wrapped__", function)
            if isinstance(body, CellBody):
                found.append(body.names)  # they are the globals of its body
                body.states = states
                if not body.sees_worker:
                    found, states = [], []
            self._names.add(key, found)
            if states:
                self._states[key] = states
            else:
                self._quick.add(key)
            self._functions[key] = function
            self._context.look_again()
        elif key in self._states:
            self._restore(key)
        if isinstance(call, tuple):
            return function, call, {}
        sets_up = isinstance(function, SetUpCall)
        args, kwargs = self._decode_arguments(call, buffers, key if sets_up else None)
        return function, args, kwargs

    def _decode_arguments(self, payload: bytes, buffers: Sequence[Any], key: str | None) -> Any:
        """The arguments of a call; a set-up is named by its key, as it may change what comes."""
        if not self._names and key is None:
            return decode(payload, buffers)
        found: list[Found] = []
        arguments = decode(payload, buffers, found)
        self._names.fill(found)
        if key is not None:
            self._names.extend(key, found)
        return arguments

    def _restore(self, key: str) -> None:
        """Bring the classes of a function to the states with which it came."""
        if restore(self._states[key]):
            self._names.refill(key)  # what set-ups have changed in them is still wanted
