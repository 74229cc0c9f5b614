"""What is behind an executor: workers, the objects that they hold, calls and jobs on their way."""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import CancelledError, Future
from dataclasses import replace
from functools import partial
from typing import Any, TypeAlias, TypeVar

from ..backends.base import Backend, WorkerLimits
from ..errors import AFTER_SHUTDOWN
from ..jobs.call_queue import CallQueue
from ..jobs.job import MapJob, Takeover
from ..jobs.options import DEFAULTS, MapOptions
from ..jobs.set_up import SetUp
from ..jobs.tasks import Held, Task, TaskSource
from ..jobs.work_log import Kind, Running, Work, WorkLog
from ..waiting.browser import can_block
from ..waiting.futures import PoolFuture
from ..waiting.waits import wait_done
from ..wire.buffers import copied
from ..wire.calls import encode_call, encode_function, function_key
from ..wire.known_functions import KnownFunctions
from ..wire.refs import ObjectRef
from ..worker.set_up_globals import SetUpCall
from .dispatcher import Dispatcher
from .listener import Output, PoolListener
from .objects import SharedObjects
from .weight import warn_if_heavy

T = TypeVar("T")

#: Is called with each job that has started, and with the pool that runs it.
JobObserver: TypeAlias = "Callable[[MapJob, Pool], object]"

_job_observers: list[JobObserver] = []

_numbers = itertools.count(1)


def observe_jobs(observer: JobObserver) -> None:
    """Call `observer` whenever a job has started, on any pool of this kernel."""
    _job_observers.append(observer)


class Pool:
    """Encodes calls, keeps what workers need for them, and hands them to the dispatcher.

    It knows no notebook: it is given the output, which shows what tasks print, and what tells the
    cell that runs.
    """

    def __init__(
        self,
        backend: Backend,
        output: Output,
        current_cell: Callable[[], Any],
        break_with: Callable[[str], Exception] | None = None,
    ) -> None:
        """Make a pool; `start` starts its workers.

        Args:
            current_cell: tells in which cell the output of a call belongs.
            break_with: makes the error with which everything ends when a worker is lost; None to
                replace a lost worker.
        """
        #: Its number in this kernel.
        self.number = next(_numbers)
        self.backend = backend
        self.objects = SharedObjects(backend)
        self._functions = KnownFunctions()
        self.dispatcher = Dispatcher(backend, break_with)
        self.listener = PoolListener(self.dispatcher, backend, output)
        #: The calls of `Executor.submit`.
        self.calls = CallQueue()
        self._current_cell = current_cell
        self._lock = self.dispatcher.lock
        #: Whether tasks travel one by one, so that a worker can be replaced after any of them.
        self._one_by_one = False

    def start(self, limits: WorkerLimits) -> None:
        """Start the workers; tasks can be given before and after."""
        self._one_by_one = limits.max_batches is not None
        # A backend of the user's may not say it.
        joins = getattr(self.backend, "joins_calls", False)
        self.calls.joins = joins and not self._one_by_one
        self.backend.start(self.listener, limits)

    @property
    def ready_workers(self) -> set[int]:
        """The workers that are ready to run tasks."""
        return self.dispatcher.set_ups.ready_workers

    def running_tasks(self, source: TaskSource) -> dict[int, Task]:
        """What the workers run of a source: the task of each worker that runs any."""
        with self._lock:
            return self.dispatcher.ledger.running_of(source)

    # What runs on workers.

    def submit(
        self,
        calls: CallQueue,
        fn: Callable[..., T],
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
    ) -> PoolFuture[T]:
        """Run `fn(*args, **kwargs)` on a worker.

        Args:
            calls: the queue that the call joins; `abandon` gives up a whole queue.

        Raises:
            TypeError: `fn` is not callable.
            PoolStartError: no worker can start.
            RuntimeError: the pool was shut down.
        """
        if not callable(fn):
            raise _not_callable(fn)
        name = getattr(fn, "__name__", "a call")
        future: PoolFuture[T] = PoolFuture(
            partial(self.dispatcher.stop_call, calls), partial(self._take_back, calls), name
        )
        with self._lock:
            self._check_open()
            try:
                held = self._hold(fn, future)
                call = encode_call(fn, args, kwargs)
                if call.refs:
                    self.objects.check_owner(call)
            except Exception as error:  # as the standard library: on the future, not here
                future.set_exception(error)
                return future
            # Buffers outside of the pickle are still the caller's, who may change them while the
            # call waits.
            if call.buffers:
                own = [b if type(b.obj) is bytes else copied(b) for b in call.buffers]
                call = call._replace(buffers=own)
            calls.log_in(self.dispatcher.log)
            calls.add(Task(0, held, call, args, cell=self._current_cell()), future)
            self.dispatcher.add(calls)
        return future

    def _take_back(self, calls: CallQueue, future: Future[Any]) -> bool:
        """Take a call back from the workers if none has started it; whether that is so.

        The answer takes a moment. Where Python cannot wait for it, the call counts as taken back,
        although a worker may just have started it.
        """
        answer = self.dispatcher.take_call_back(calls, future)
        if answer is None:
            return True
        if not answer.done() and can_block():
            wait_done(answer, None, "", lambda: None)
        return not answer.done() or answer.result()

    def abandon(self, calls: CallQueue, grace: float) -> None:
        """Give up all calls of a queue.

        Those that have not started never will. Those that run have some time to end; then their
        workers are replaced.

        Args:
            grace: seconds that running calls have.
        """
        with self._lock:
            calls.abandon()
            self.dispatcher.take_back()
            if self.dispatcher.is_running(calls):
                self.call_later(grace, lambda: self.dispatcher.stop(calls))

    def start_job(
        self,
        fn: Callable[..., Any],
        iterables: Sequence[Iterable[Any]],
        options: MapOptions = DEFAULTS,
        takeover: Takeover | None = None,
        begins: Callable[[MapJob], object] = lambda _: None,
    ) -> MapJob:
        """Run a function over items.

        Args:
            begins: is called with the job before its items are read, which may take long.
            takeover: runs what is left if no worker can start; None to let the job fail.

        Raises:
            TypeError: `fn` is not callable.
            PoolStartError: no worker can start.
            RuntimeError: the pool was shut down.
        """
        if not callable(fn):
            raise _not_callable(fn)
        seconds = self.backend.batch_seconds
        options = replace(options, batch_seconds=seconds, alone=self._one_by_one)
        with self._lock:
            self._check_open()
            ended: Future[None] = Future()
            held = self._hold(fn, ended)
            try:
                job = MapJob(
                    fn,
                    iterables,
                    options,
                    held=held,
                    cell=self._current_cell(),
                    wake=self.dispatcher.take_back,
                    stop=self.dispatcher.stop,
                    ended=ended,
                    takeover=takeover,
                )
            except BaseException:
                _end(ended)  # or the workers would hold the function for ever
                raise
            job.outcomes.timings.log_in(self.dispatcher.log, work_of(job))
            is_stream = options.buffersize is not None
            if is_stream:
                weakref.finalize(job, _end, ended).atexit = False  # it may never be read to its end
            begins(job)
            self.dispatcher.add_job(job, stream=is_stream)
        for observer in _job_observers:
            observer(job, self)
        return job

    def set_up(
        self, fn: Callable[..., Any], args: Sequence[Any], *, required: bool
    ) -> PoolFuture[list[Any]]:
        """Have every worker call `fn(*args)` once, also each that starts later, before its tasks.

        Args:
            required: whether the pool is broken if the call fails on any worker.

        Returns:
            A future of the values, in the order of the workers.

        Raises:
            TypeError: `fn` is not callable.
            pickle.PicklingError: the call cannot be sent to a worker.
            RuntimeError: the pool was shut down.
        """
        if not callable(fn):
            raise _not_callable(fn)
        with self._lock:
            self._check_open()
            call = encode_call(fn, args, {})
            self.objects.check_owner(call)
            ended: Future[None] = Future()
            backend = self.backend
            set_up = SetUp(
                self._hold(SetUpCall(fn), ended),
                call,
                args,
                lambda: backend.size,
                self.dispatcher.set_up_failed,
                required=required,
                ended=ended,
                cell=self._current_cell(),
            )
            self.dispatcher.add_set_up(set_up)
        return set_up.future

    def forget_set_up(self, future: Future[Any], *, stop: bool = False) -> None:
        """Let no later worker make a call of `set_up`, which returned this future.

        Args:
            stop: also stop the workers that make it now.
        """
        with self._lock:
            for call in self.dispatcher.set_ups.calls_of(future):
                self.dispatcher.give_up(call, CancelledError())
                if stop:
                    self.dispatcher.stop(call)
            self.backend.set_ups(bool(self.dispatcher.set_ups))

    def put(self, obj: T) -> ObjectRef[T]:
        """Keep an object for tasks; each worker is sent it at most once, when a task needs it.

        Raises:
            pickle.PicklingError: the object cannot be sent to a worker.
            RuntimeError: the pool was shut down.
        """
        with self._lock:
            self._check_open()
            return self.objects.put(obj)

    def _hold(self, fn: Callable[..., Any], until: Future[Any]) -> Held:
        """Put a function and the surroundings of now on the workers, until a future is done."""
        known = self._functions.get(fn)
        if known is None:
            before = self._functions.look(fn)
            function = encode_function(fn)
            self.objects.check_owner(function)
            warn_if_heavy(fn, function)
            known = function, function_key(function)
            self._functions.keep(before, *known)
        return self.objects.hold_for(*known, self.backend.surroundings(), until)

    def _check_open(self) -> None:
        broken = self.dispatcher.broken
        if self.dispatcher.closed:
            raise RuntimeError(AFTER_SHUTDOWN)
        if broken is not None:
            raise type(broken)(str(broken)) from broken.__cause__

    # The pool as a whole.

    def work(self) -> tuple[WorkLog, list[Running]]:
        """What its workers did lately, and what they do now.

        Whoever reads the log holds the dispatcher's lock.
        """
        log = self.dispatcher.log
        now = [
            Running(begun, worker, None, Kind.PREPARING, 0)
            for worker, begun in log.preparing.items()
        ]
        for worker, batch in self.dispatcher.ledger.running():
            if worker in log.preparing:
                continue
            begun = max(batch.begun, log.prepared_at.get(worker, 0.0))
            task, source = batch.tasks[0], batch.source
            if isinstance(source, MapJob):
                now.append(Running(begun, worker, work_of(source), Kind.ITEM, task.index))
            elif isinstance(source, CallQueue):
                now.append(Running(begun, worker, Work(0, source.name_of(task)), Kind.ITEM, 0))
            else:
                now.append(Running(begun, worker, None, Kind.PREPARING, 0))
        asked = log.asked_at
        if asked is not None:
            now += [
                Running(asked, status.id, None, Kind.STARTING, 0)
                for status in self.backend.workers()
                if status.state == "starting"
            ]
        return log, now

    def scale(self, size: int) -> None:
        """Have this many workers from now on.

        Raises:
            RuntimeError: the pool was shut down.
        """
        with self._lock:
            self._check_open()
            self.dispatcher.scale(size)

    def close(self, *, cancel: bool = False) -> list[Future[Any]]:
        """Take no more tasks, and stop the workers when those that were taken have ended.

        Args:
            cancel: cancel what has not started.

        Returns:
            Futures that are all done when everything has ended.
        """
        with self._lock:
            unfinished = self.dispatcher.unfinished()
            self.dispatcher.close(cancel=cancel)
        return unfinished

    # Time.

    def limit_job(self, job: MapJob, seconds: float, overdue: Callable[[], None]) -> None:
        """Call `overdue` if a job has not ended after some seconds, so that it aborts the job.

        In a browser the job is stopped then even if the notebook computes, and hears of it later.
        """
        call_off = self.backend.limit_lane(job.lane, seconds, overdue)
        job.ended.add_done_callback(lambda _: call_off())

    def let_cancel(self, job: MapJob, name: str, cancel: Callable[[], None]) -> None:
        """Let a page that knows this name stop a job while the notebook computes.

        Args:
            cancel: cancels the job here, when the notebook hears of it.
        """
        call_off = self.backend.let_cancel(job.lane, name, cancel)
        job.ended.add_done_callback(lambda _: call_off())

    def call_later(self, seconds: float, action: Callable[[], None]) -> Callable[[], None]:
        """Call `action` after some time, while this pool runs; returns what calls it off."""
        return self.backend.call_later(seconds, action)


def work_of(job: MapJob) -> Work:
    """What a job is for people who see its items."""
    again = job.options.again
    return Work(job.number, job.label, None if again is None else again.indices)


def _not_callable(fn: object) -> TypeError:
    return TypeError(f"the first argument must be a function, not {type(fn).__name__!r}")


def _end(future: Future[None]) -> None:
    if not future.done():
        future.set_result(None)
