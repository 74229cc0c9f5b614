"""`WorkerPoolExecutor`: an executor of `concurrent.futures` over a pool of Pyodide workers.

It encodes calls and keeps what workers need for them; `_dispatch` brings them there and back.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import time
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from types import TracebackType
from typing import Any, TypeVar

from ..backends.base import Backend, WorkerLimits
from ..dispatch.dispatcher import Dispatcher
from ..dispatch.objects import SharedObjects
from ..errors import AFTER_SHUTDOWN, BlockingUnavailableError, TerminatedWorkerError
from ..jobs.call_queue import CallQueue
from ..jobs.job import MapJob
from ..jobs.set_up import SetUp
from ..jobs.tasks import Held, Task
from ..notebook.cell import current_cell
from ..notebook.output import TaskOutput
from ..waiting.browser import can_block
from ..waiting.futures import PoolFuture
from ..waiting.run_in_executor import install_run_in_executor
from ..waiting.suspending_lock import install_waits
from ..waiting.waits import wait_done
from ..wire.buffers import copied
from ..wire.calls import encode_call, encode_function
from ..wire.payload import Encoded
from ..wire.refs import ObjectRef
from ..worker.names import SetUpCall
from .default_backend import browser_backend
from .map_values import stream
from .options import check_count, check_names, check_seconds
from .status import PoolStatus
from .weight import warn_if_heavy

T = TypeVar("T")

#: Called when a job has started.
job_observers: list[Callable[[], None]] = []


class WorkerPoolExecutor(concurrent.futures.Executor):
    """Runs calls on a pool of web workers, each with a Python of its own.

    Starts its workers when it is made and keeps them until `shutdown`, or until nobody holds the
    executor any more. Use it as any executor of `concurrent.futures`, in `with` or, where the
    browser cannot wait, in `async with`.

    Args:
        max_workers: number of workers; None for one per core, as far as memory allows.
        initializer: called once in every worker before anything else; where it raises, the pool
            is broken. What it declares `global` is there for all functions of its module, whatever
            the notebook has under that name.
        initargs: the initializer's arguments.
        packages: names of packages to load in every worker beyond those that the notebook uses.
        idle_timeout: let all workers go when they have had nothing to do for so many seconds; they
            come back with the next call. None to keep them.
        max_tasks_per_child: replace a worker that has run so many tasks; None to keep it. Tasks
            then travel one by one.
        max_worker_memory: replace a worker, between two tasks, whose memory has grown to more bytes
            than this: WebAssembly never gives any back. One that is nearly full always is.
        backend: who runs the workers; None for the browser. The tests' own runs in this process.

    Raises:
        ValueError: `max_workers`, `max_tasks_per_child` or `max_worker_memory` is less than 1, or
            `idle_timeout` is not more than 0.
        TypeError: `initializer` is not callable, one of these is no number, or `packages` is no
            list.
        pickle.PicklingError: the initializer or its arguments cannot be sent to a worker.
    """

    #: Makes the error with which all ends when a worker is lost; None to replace the worker.
    _break_with: Callable[[str], Exception] | None = None

    def __init__(
        self,
        max_workers: int | None = None,
        *,
        initializer: Callable[..., object] | None = None,
        initargs: Sequence[Any] = (),
        packages: Sequence[str] = (),
        idle_timeout: float | None = None,
        max_tasks_per_child: int | None = None,
        max_worker_memory: int | None = None,
        backend: Backend | None = None,
    ) -> None:
        check_count("max_workers", max_workers, optional=True)
        check_count("max_tasks_per_child", max_tasks_per_child, optional=True)
        check_count("max_worker_memory", max_worker_memory, optional=True)
        check_seconds("idle_timeout", idle_timeout)
        check_names("packages", packages)
        if initializer is not None and not callable(initializer):
            raise TypeError(f"initializer must be a callable, not {type(initializer).__name__!r}")
        install_waits()
        install_run_in_executor(WorkerPoolExecutor)
        self._backend = backend or browser_backend(max_workers, packages)
        self._objects = SharedObjects(self._backend)
        self._dispatcher = Dispatcher(self._backend, TaskOutput(), self._break_with)
        self._lock = self._dispatcher.lock
        self._calls = CallQueue()
        self._max_tasks_per_child = max_tasks_per_child
        if initializer is not None:
            self._set_up(initializer, initargs, required=True)
        limits = WorkerLimits(max_tasks_per_child, max_worker_memory, idle_timeout)
        self._backend.start(self._dispatcher, limits)
        # A pool that nobody holds would keep its workers for ever.
        weakref.finalize(self, self._dispatcher.close).atexit = False

    @property
    def max_workers(self) -> int:
        """How many workers it has."""
        return self._backend.size

    @property
    def _max_workers(self) -> int:
        """As executors of the standard library have it: Dask, for one, asks for it."""
        return self._backend.size

    @property
    def broken(self) -> BaseException | None:
        """Why it can run nothing any more; None while it can."""
        return self._dispatcher.broken

    @property
    def closed(self) -> bool:
        """Whether it was shut down."""
        return self._dispatcher.closed

    @property
    def ready_workers(self) -> set[int]:
        """The workers that are ready to run tasks."""
        return self._dispatcher.ready_workers

    # What runs on workers.

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> PoolFuture[T]:
        """Run `fn(*args, **kwargs)` on a worker.

        The function, what it refers to and its arguments are copied as they are now.

        Returns:
            A future, which can be awaited as well.

        Raises:
            TypeError: `fn` is not callable.
            PoolStartError: no worker can start.
            RuntimeError: the executor was shut down.
        """
        return self.submit_to(self._calls, fn, *args, **kwargs)

    def submit_to(
        self, calls: CallQueue, fn: Callable[..., T], /, *args: Any, **kwargs: Any
    ) -> PoolFuture[T]:
        """As `submit`, with a queue of the caller's own, which he can `abandon`."""
        _check_callable(fn)
        future: PoolFuture[T] = PoolFuture()
        with self._lock:
            self._check_open()
            try:
                held = self._hold(fn, future)
                call = self._encode_call(fn, args, kwargs)
            except Exception as error:  # as the standard library: on the future, not here
                future.set_exception(error)
                return future
            # A buffer that stays out of the stream is still the caller's: it may change in line.
            if call.buffers:
                own = [b if type(b.obj) is bytes else copied(b) for b in call.buffers]
                call = call._replace(buffers=own)
            future._stop_worker = partial(self._dispatcher.stop_call, calls)
            calls.add(Task(0, held, call, args, cell=current_cell()), future)
            self._dispatcher.add(calls)
        return future

    def abandon(self, calls: CallQueue, grace: float) -> None:
        """Give up all calls of a queue.

        Those that have not started never will. Those that run have some time to end; then their
        workers are replaced.

        Args:
            grace: seconds that running calls have.
        """
        with self._lock:
            calls.abandon()
            self._dispatcher.take_back()
            if self._dispatcher.is_running(calls):
                self.call_later(grace, lambda: self._dispatcher.stop(calls))

    def map(
        self,
        fn: Callable[..., T],
        *iterables: Iterable[Any],
        timeout: float | None = None,
        chunksize: int = 1,
        buffersize: int | None = None,
    ) -> Iterator[T]:
        """As the built-in `map`, but the calls run on the workers.

        Args:
            timeout: seconds until the iterator gives up, counted from this call.
            chunksize: how many calls travel to a worker at once.
            buffersize: read so many chunks of items ahead of the values that were asked for, so
                that the items may be endless; None to read all of them now.

        Returns:
            An iterator over the values, in the order of the items.

        Raises:
            ValueError: `chunksize` or `buffersize` is less than 1.
            TypeError: `fn` is not callable, `chunksize` or `buffersize` is no integer, or `timeout`
                is no number.
            TimeoutError: from the iterator: a value was not there in time.
            Exception: from the iterator: whatever a call raised.
        """
        check_count("chunksize", chunksize)
        check_seconds("timeout", timeout, positive=False)
        if buffersize is not None and not isinstance(buffersize, int):
            raise TypeError("buffersize must be an integer or None")
        if buffersize is not None and buffersize < 1:
            raise ValueError("buffersize must be None or > 0")
        deadline = None if timeout is None else time.monotonic() + timeout
        if buffersize is None:
            # Like the standard library, it reads everything now and lets every call run.
            iterables = tuple(zip(*zip(*iterables)))  # noqa: B905 - the shortest decides
        job = self.start_job(
            fn, iterables, chunksize=chunksize, buffersize=buffersize, return_exceptions=True
        )
        return stream(job, self._dispatcher, deadline)

    def start_job(
        self, fn: Callable[..., Any], iterables: Sequence[Iterable[Any]], **options: Any
    ) -> MapJob:
        """Run a function over items; options as of `MapJob`."""
        _check_callable(fn)
        if self._max_tasks_per_child is not None:
            options["chunksize"] = 1
        with self._lock:
            self._check_open()
            ended: concurrent.futures.Future[None] = concurrent.futures.Future()
            held = self._hold(fn, ended)
            wake, stop = self._dispatcher.take_back, self._dispatcher.stop
            try:
                job = MapJob(
                    fn,
                    iterables,
                    held=held,
                    cell=current_cell(),
                    wake=wake,
                    stop=stop,
                    ended=ended,
                    **options,
                )
            except BaseException:
                _end(ended)  # or else the workers would hold the function for ever
                raise
            if options.get("buffersize") is not None:
                self._dispatcher.streams.add(job)
                weakref.finalize(job, _end, ended).atexit = False  # it may never be read to its end
            self._dispatcher.add(job)
        for observer in job_observers:
            observer()
        return job

    def jobs(self) -> list[MapJob]:
        """The jobs that have not ended, oldest first."""
        return self._dispatcher.jobs()

    def unfinished(self) -> list[concurrent.futures.Future[Any]]:
        """What is done when all that was taken has ended."""
        with self._lock:
            return self._dispatcher.unfinished()

    def cancel_all(self) -> None:
        """Cancel all jobs and calls, also those that run: their workers are replaced."""
        self._dispatcher.cancel_all()

    def run_everywhere(self, fn: Callable[..., T], /, *args: Any) -> list[T]:
        """Call `fn(*args)` once on every worker, also on each that starts later, before its tasks.

        For what all tasks need: data to load, modules to import, settings to make.

        Returns:
            What the workers returned, when all of them have made the call.

        Raises:
            TypeError: `fn` is not callable.
            BlockingUnavailableError: the browser cannot wait here; nothing was sent.
            Exception: whatever the call raised on a worker; no later worker makes it then.
        """
        if not can_block():
            raise BlockingUnavailableError("values = await executor.submit_everywhere(f)")
        return self.submit_everywhere(fn, *args).result()

    def submit_everywhere(self, fn: Callable[..., T], /, *args: Any) -> PoolFuture[list[T]]:
        """As `run_everywhere`, without waiting: returns a future of the list."""
        _check_callable(fn)
        with self._lock:
            self._check_open()
            return self._set_up(fn, args, required=False).future

    def put(self, obj: T) -> ObjectRef[T]:
        """Keep an object for tasks; each worker is sent it at most once, when a task needs it.

        Worth it for what is large and used by many tasks::

            data = executor.put(big)
            futures = [executor.submit(f, data, i) for i in range(100)]  # f gets the object itself

        Returns:
            A reference that can stand for the object anywhere in the arguments of a task or in the
            variables of its function. The workers let the object go with the last reference.

        Raises:
            pickle.PicklingError: the object cannot be sent to a worker.
            RuntimeError: the executor was shut down.
        """
        with self._lock:
            self._check_open()
            return self._objects.put(obj)

    # The pool as a whole.

    def status(self) -> PoolStatus:
        """The pool as it is now."""
        with self._lock:
            running, waiting = self._dispatcher.count_batches()
            return PoolStatus(
                size=self._backend.size,
                workers=[
                    worker._replace(tasks=self._dispatcher.tasks_run[worker.id])
                    for worker in self._backend.workers()
                ],
                jobs=len({id(source) for source in self._dispatcher.active_sources}),
                batches_running=running,
                batches_waiting=waiting,
                spares=self._backend.spares(),
            )

    def scale(self, max_workers: int) -> None:
        """Have so many workers from now on, also while jobs run.

        More start at once. Of those that are too many, each ends when it has nothing to do; no task
        is lost.

        Args:
            max_workers: number of workers; more than the device can carry means fewer, with a
                `PoolPerformanceWarning`.

        Raises:
            ValueError: `max_workers` is less than 1.
            TypeError: `max_workers` is no integer.
            RuntimeError: the executor was shut down.
        """
        check_count("max_workers", max_workers)
        with self._lock:
            self._check_open()
            self._dispatcher.scale(max_workers)

    def call_later(self, seconds: float, action: Callable[[], None]) -> Callable[[], None]:
        """Call `action` after some time, while this pool runs; returns what calls it off."""
        return self._backend.call_later(seconds, action)

    def call_after(self, seconds: float, action: Callable[[], None]) -> Callable[[], None]:
        """As `call_later`, but the time in which the browser ran nothing does not count."""
        return self._dispatcher.call_after(seconds, action)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take no more calls, and stop the workers when those that were taken have ended.

        Args:
            wait: return only then. Where the browser cannot wait, it is as if this were False.
            cancel_futures: cancel the calls that have not started.
        """
        with self._lock:
            unfinished = self._dispatcher.unfinished()
            self._dispatcher.close(cancel=cancel_futures)
        if wait:
            for future in unfinished:
                if not future.done() and can_block():
                    wait_done(future, None, "", self.cancel_all)

    def terminate_workers(self) -> None:
        """Stop all workers at once, whatever they do, and shut down.

        Calls and items that have not ended fail with `TerminatedWorkerError`.
        """
        with self._lock:
            self._dispatcher.closed = True
            message = "the pool's workers were stopped"
            make = self._break_with
            error = make(message) if make else TerminatedWorkerError(message, started=None)
            self._dispatcher.lose_all(error)

    #: In a browser there is only one way to stop a worker.
    kill_workers = terminate_workers

    async def __aenter__(self) -> WorkerPoolExecutor:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with self._lock:
            pending = [asyncio.wrap_future(future) for future in self._dispatcher.unfinished()]
        self.shutdown(wait=False)
        # Shielded: a wait that is given up must not cancel the work.
        await asyncio.shield(asyncio.gather(*pending, return_exceptions=True))

    # What workers hold.

    def _set_up(self, fn: Callable[..., Any], args: Sequence[Any], *, required: bool) -> SetUp:
        call = self._encode_call(fn, args, {})
        ended: concurrent.futures.Future[None] = concurrent.futures.Future()
        held = self._hold(SetUpCall(fn), ended)
        backend, failed = self._backend, self._dispatcher.on_set_up_failed
        set_up = SetUp(
            held,
            call,
            args,
            lambda: backend.size,
            failed,
            required=required,
            ended=ended,
            cell=current_cell(),
        )
        self._dispatcher.set_up(set_up)
        return set_up

    def _hold(self, fn: Callable[..., Any], until: concurrent.futures.Future[Any]) -> Held:
        """Put a function and the surroundings of now on the workers, for as long as needed."""
        function = encode_function(fn)
        self._objects.check_owner(function)
        warn_if_heavy(fn, function)
        return self._objects.hold_for(function, self._backend.surroundings(), until)

    def _encode_call(
        self, fn: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any]
    ) -> Encoded:
        call = encode_call(fn, args, kwargs)
        self._objects.check_owner(call)
        return call

    def _check_open(self) -> None:
        broken = self._dispatcher.broken
        if self._dispatcher.closed:
            raise RuntimeError(AFTER_SHUTDOWN)
        if broken is not None:
            raise type(broken)(str(broken)) from broken.__cause__


def _check_callable(fn: object) -> None:
    if not callable(fn):
        raise TypeError(f"the first argument must be a function, not {type(fn).__name__!r}")


def _end(future: concurrent.futures.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
