"""Runs batches of tasks: the Python half of a pool worker.

The runner knows no JavaScript, so it is the same on every engine, in the tests' threads and inside
a task. It speaks through a `Port`.
"""

from __future__ import annotations

import asyncio
import inspect
import traceback
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from contextvars import Context
from itertools import islice
from time import perf_counter
from types import FrameType
from typing import Any, Protocol, TypeAlias

from ..errors import PoolPerformanceWarning
from ..tracebacks import causes_of
from ..wire.calls import split_calls
from ..wire.exceptions import encode_error
from ..wire.payload import ATOMS, decode
from ..wire.protocol import FAILED, POST_INTERVAL, SURROUNDINGS_PREFIX, CallBatch, ResultItem
from ..wire.refs import set_fetcher
from ..wire.results import dump_result, dump_value, join_results
from .cell_bodies import EverywhereCell, explain_value
from .context_variables import Within, WorkerContext
from .current_worker import WorkerInfo, set_current_worker
from .held import HeldObjects
from .interruption import Interruption, leftover
from .memory import explain_memory
from .open_figures import end_of_task
from .quick_loop import FEWEST, End, run_quick_loop
from .randomness import seed_item, unseed
from .result_log import LARGEST_FILE, PLACE, ResultLog
from .set_up_globals import SetUpCall
from .surroundings.surroundings import WorkerSurroundings

#: Types of most values. They cannot be awaited, and `inspect.isawaitable` takes longer than many a
#: task.
PLAIN_TYPES = frozenset({type(None), bool, int, float, str, bytes, tuple, list, dict})


#: How a task has ended: its result as bytes, the buffers that go beside them, and when it ended.
Ended: TypeAlias = tuple[bytes, list[memoryview], float]


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
        #: The attempt of the last task.
        self._attempt = 0
        self._held = HeldObjects(self._context)
        self._context.own.run(set_fetcher, self._held.fetch)
        self._cancelled: set[int] = set()
        self._rests = rests
        #: Whether a seed decided the random numbers of the last task.
        self._seeded = False
        self._interruption = Interruption(
            Runner._run_one.__code__, Runner._result.__code__, run_quick_loop.__code__
        )
        self.log = ResultLog() if log is None else log

    def put(self, key: str, payload: bytes, buffers: Sequence[Any]) -> None:
        """Keep an object that tasks will name by its key."""
        if key.startswith(SURROUNDINGS_PREFIX):
            self._surroundings.put(key, decode(payload, buffers))
        else:
            self._held.put(key, payload, buffers)

    def drop(self, key: str) -> None:
        """Forget an object."""
        self._surroundings.drop(key)
        self._held.drop(key)

    def cancel(self, batch: int) -> None:
        """Start no further task of a batch; a task that runs goes on to its end."""
        self._cancelled.add(batch)

    def interrupt(self, frame: FrameType | None) -> None:
        """Stop the task that runs, if it may be stopped in this frame: for a signal handler."""
        self._interruption.stop(frame)

    def interrupt_awaited(self) -> None:
        """Stop the task that runs, if it awaits something: for the event loop."""
        self._interruption.stop_awaited()

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
        changed = self._surroundings.outdated(sent.surroundings)
        if changed is not None:
            self._port.retire(f"{changed} has changed since it was imported")
            return
        alike = _are_alike(sent)
        place, last = 0, len(calls) - 1
        now = posted = perf_counter()
        while place <= last:
            held = True
            end = End(place, now)
            context = self._context_of_loop(sent, place) if alike else None
            if context is not None:
                end = self._run_quick_loop(context, sent, end, posted + POST_INTERVAL)
                place, now = end.place, end.now
            if context is None or end.ran:
                if end.ran:
                    record, out, now = await self._end_one(sent, end, context or Context())
                else:
                    state[PLACE] = place
                    self._begin(sent, place)
                    own = () if sent.buffers is None else list(islice(rest, sent.buffers[place]))
                    record, out, now = await self._run_one(batch, sent, place, own, now)
                if self._interruption.was_stopped() and (reason := leftover()):
                    self._port.worn(reason)
                held = not out and hold(record)
                if not held:
                    self._post(batch, False)
                    self._port.result(batch, join_results([record]), out, False)
                    out = []  # a held buffer would keep the next task from resizing its object
                place += 1
            if place <= last and (not held or now - posted >= POST_INTERVAL):
                self._post(batch, False)
                if self._rests:
                    await asyncio.sleep(0)  # the host may say something meanwhile
                if batch in self._cancelled:
                    break
                now = posted = perf_counter()
        state[PLACE] = -1
        self._cancelled.discard(batch)
        self._post(batch, True)

    def _begin(self, sent: CallBatch, place: int) -> None:
        """A task begins: what it prints belongs to it."""
        self._port.task(sent.first + place)
        if sent.attempts[place] != self._attempt:
            self._attempt = sent.attempts[place]
            info = WorkerInfo(self._worker, self._pid, self._attempt)
            self._context.own.run(set_current_worker, info)

    def _context_of_loop(self, sent: CallBatch, place: int) -> Context | None:
        """A context for the next tasks, where one of them needs no more than others."""
        if (
            len(sent.calls) - place < FEWEST
            or type(sent.calls[place]) is not tuple
            or sent.function not in self._held.quick
            or sent.attempts[place] != self._attempt
            or sent.surroundings != self._surroundings.current
            or self._seeded
            or end_of_task
        ):
            return None
        context = self._context.of_task()
        return context if self._context.shared else None

    def _run_quick_loop(self, context: Context, sent: CallBatch, end: End, until: float) -> End:
        end = context.run(
            run_quick_loop,
            self._held.functions[sent.function],
            sent.calls,
            sent.first,
            end,
            until,
            context,
            self.log,
            self._port.task,
            self._interruption,
        )
        if self.log.state[LARGEST_FILE] and not end.ran:
            self._warn_of_large_file()
        return end

    def _post(self, batch: int, done: bool) -> None:
        """Post the results in the log."""
        self._port.task(-1)  # this posts the output of the last task, which goes before its result
        results = self.log.take()
        if results or done:
            self._port.result(batch, results, [], done)

    async def _run_one(
        self, batch: int, sent: CallBatch, place: int, buffers: Sequence[Any], now: float
    ) -> Ended:
        """Make a call.

        To look at the clock takes as long as the rest of a small task, so one look serves as the
        end of a call and as the beginning of the next.

        Args:
            now: when the task before has ended.
        """
        started = now
        task, call = sent.first + place, sent.calls[place]
        seed = None if sent.seeds is None else sent.seeds[place]
        try:
            quick = type(call) is tuple and seed is None and sent.function in self._held.quick
            if sent.surroundings != self._surroundings.current:
                quick = False
                await self._surroundings.apply(sent.surroundings)
            function, args, kwargs = self._held.read(sent.function, call, buffers)
            if seed is not None or self._seeded:
                self._seed(seed)
            if isinstance(function, SetUpCall):
                share, context = self._sharing(sent.function, function), self._context.own
            else:
                share, context = None, self._context.of_task()
            if sent.timed:
                self._port.begin(batch)
            if not quick:  # it took time to come so far
                started = perf_counter()
            self._interruption.awaited, self._interruption.allowed = None, True
            value = context.run(function, *args, **kwargs)
            return await self._result(task, started, value, context, share)
        except BaseException as error:  # a task may raise SystemExit and KeyboardInterrupt, too
            return self._failure(task, started, error, sent.function)

    async def _end_one(self, sent: CallBatch, end: End, context: Context) -> Ended:
        """End a task that a quick loop has called."""
        task = sent.first + end.place
        try:
            if end.error is not None:
                raise end.error
            return await self._result(task, end.now, end.value, context)
        except BaseException as error:
            return self._failure(task, end.now, error, sent.function)

    def _sharing(self, key: str, function: SetUpCall) -> Callable[[], None]:
        """What lets all functions see what a set-up changes from now on."""
        names = self._held.names
        before = names.before(key)
        own = isinstance(function.__wrapped__, EverywhereCell)

        def share() -> None:
            names.share(before, notebook_first=own)
            self._context.look_again()

        return share

    async def _result(
        self,
        task: int,
        started: float,
        value: Any,
        context: Context,
        share: Callable[[], None] | None = None,
    ) -> Ended:
        """The result of a call that has returned; waits for it if the call has only begun.

        Args:
            share: is called before the value is looked at.

        Raises:
            BaseException: whatever the task raises.
        """
        interruption = self._interruption
        if type(value) not in PLAIN_TYPES and inspect.isawaitable(value):
            interruption.awaited, interruption.allowed = Within(context, value), True
            value = await interruption.awaited
            interruption.awaited = None
        for act in end_of_task:
            act()
        interruption.allowed = False
        if share is not None:
            share()
        now = perf_counter()
        if self.log.state[LARGEST_FILE]:
            self._warn_of_large_file()
        if type(value) in ATOMS:
            return *dump_value(task, now - started, value), now
        record, out = context.run(dump_value, task, now - started, value)
        return record, out, perf_counter()

    def _failure(self, task: int, started: float, error: BaseException, key: str) -> Ended:
        """The result of a task that has failed."""
        self._interruption.allowed = False
        self._explain(error, key)
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
        explain_value(error, self._held.functions.get(key))
        # It may be the cause of a call that could not be read.
        if any(isinstance(cause, MemoryError) for cause in causes_of(error)):
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


def _are_alike(sent: CallBatch) -> bool:
    """Whether no task of a batch needs something that another one does not need."""
    alike = sent.seeds is None and sent.buffers is None and not sent.timed
    return alike and sent.attempts.count(sent.attempts[0]) == len(sent.attempts)
