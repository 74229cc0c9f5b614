"""`WorkerPoolExecutor`: an executor of `concurrent.futures` over a pool of workers."""

from __future__ import annotations

import asyncio
import concurrent.futures
import time
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from types import TracebackType
from typing import Any, TypeVar

from ..backends.base import Backend, WorkerLimits
from ..dispatch.finalizers import finalize
from ..dispatch.pool import Pool
from ..errors import BlockingUnavailableError
from ..jobs.job import MapJob
from ..jobs.options import MapOptions
from ..notebook.card import show_calls, show_progress
from ..notebook.cell import current_cell
from ..notebook.output import TaskOutput
from ..tracebacks import error_line
from ..waiting.browser import can_block
from ..waiting.futures import PoolFuture
from ..waiting.run_in_executor import install_run_in_executor
from ..waiting.suspending_lock import install_waits
from ..waiting.waits import members, wait_done, wait_for_callbacks
from ..wire.refs import ObjectRef
from .dask_defaults import shuffle_by_tasks
from .default_backend import make_backend
from .map_values import stream
from .names_of_options import explains_its_options
from .options import check_count, check_names, check_seconds
from .status import PoolStatus, status_of

T = TypeVar("T")

_executors: weakref.WeakSet[WorkerPoolExecutor] = weakref.WeakSet()


def all_executors() -> list[WorkerPoolExecutor]:
    """The executors of this kernel that somebody holds, the oldest first."""
    return sorted(members(_executors), key=lambda executor: executor._pool.number)


class WorkerPoolExecutor(concurrent.futures.Executor):
    """Runs calls on a pool of workers, each with a Python of its own.

    In a browser these are web workers; elsewhere processes of this machine, or of a cluster.

    Starts its workers when it is made and keeps them until `shutdown`, or until nobody holds the
    executor any more. Use it as any executor of `concurrent.futures`, in `with` or, where the
    browser cannot wait, in `async with`.

    Args:
        max_workers: number of workers; None for one per core, as far as memory allows.
        initializer: called once in every worker before anything else; if it raises, the pool is
            broken. Names that it declares `global` have their values in all functions of its
            module, whatever the notebook has under these names. Dictionaries, lists and other
            objects that it changes, and attributes of classes that it sets, stay as it has left
            them, until the notebook changes its own. Context variables that it sets, such as the
            context of `decimal`, hold for all tasks.
        initargs: the initializer's arguments.
        packages: names of packages to load in every worker beyond those that the notebook uses.
        idle_timeout: stop all workers when none has had anything to do for this many seconds; they
            start again with the next call. None to keep them.
        max_tasks_per_child: replace a worker that has run this many tasks; tasks then travel one by
            one. None to keep it.
        max_worker_memory: replace a worker, between two tasks, whose memory has grown beyond this
            many bytes: WebAssembly never gives memory back. A worker whose memory is nearly full is
            always replaced.
        progress: False to show no progress cards; None to show one for the calls of a cell, and for
            each `map`, that take longer than half a second.
        backend: which engine runs the calls, as `use` takes it: "local", the address of a Dask
            scheduler, a `distributed.Client` and so on; or an object that is a backend. None for
            the browser, or in ordinary Python for the cores of this machine, unless `use` has said
            something else. `testing.InProcessBackend` has threads of this process as workers.

    Raises:
        ValueError: `max_workers`, `max_tasks_per_child` or `max_worker_memory` is less than 1, or
            `idle_timeout` is not more than 0, or there is no engine of this name.
        TypeError: `initializer` is not callable, one of these options is not a number,
            `packages` is not a list, or `backend` is no engine.
        PoolStartError: the engine cannot work here; the message says what it needs.
        pickle.PicklingError: the initializer or its arguments cannot be sent to a worker.
    """

    #: Makes the error with which everything ends when a worker is lost; None to replace the worker.
    _break_with: Callable[[str], Exception] | None = None

    @explains_its_options
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
        progress: bool | None = None,
        backend: Backend | str | Any | None = None,
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
        shuffle_by_tasks()
        #: How many workers somebody has asked for last; None if nobody has.
        self._asked = max_workers
        #: Does the work. The other modules of this package use it, too; it is not for users.
        self._pool = Pool(
            make_backend(backend, max_workers, packages),
            TaskOutput(),
            current_cell,
            self._break_with,
        )
        self._progress = progress
        if progress is not False:
            show_calls(self._pool.calls, self._pool)
        if initializer is not None:
            self._pool.set_up(initializer, initargs, required=True)
        self._pool.start(WorkerLimits(max_tasks_per_child, max_worker_memory, idle_timeout))
        _executors.add(self)
        # Without this, a pool that nobody holds would keep its workers for ever.
        weakref.finalize(self, finalize, self._pool, self._pool.dispatcher.close).atexit = False

    @property
    def max_workers(self) -> int:
        """How many workers it has."""
        return self._pool.backend.size

    @property
    def _max_workers(self) -> int:
        """The same under the name of the standard library's executors; Dask asks for it."""
        return self._pool.backend.size

    @property
    def broken(self) -> BaseException | None:
        """The reason why it cannot run calls any more; None while it can."""
        return self._pool.dispatcher.broken

    @property
    def closed(self) -> bool:
        """Whether it was shut down."""
        return self._pool.dispatcher.closed

    @property
    def ready_workers(self) -> set[int]:
        """The numbers of the workers that are ready to run tasks.

        Workers start beside the notebook. A program that measures can wait for all of them.
        """
        return set(self._pool.ready_workers)

    def __repr__(self) -> str:
        name = type(self).__name__
        if self.broken is not None:
            return f"<{name}: broken, {error_line(self.broken)}>"
        if self.closed:
            return f"<{name}: shut down>"
        return f"<{name}: {self.status().line()}>"

    def _repr_html_(self) -> str | None:
        """A table of the workers; None for the text alone if there are none."""
        return None if self.closed or self.broken is not None else self.status()._repr_html_()

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
        return self._pool.submit(self._pool.calls, fn, args, kwargs)

    @explains_its_options
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
            buffersize: read this many chunks of items ahead of the values that were asked for, so
                that the items may be endless; None to read all of them now.

        Returns:
            An iterator over the values, in the order of the items.

        Raises:
            ValueError: `chunksize` or `buffersize` is less than 1.
            TypeError: `fn` is not callable, `chunksize` or `buffersize` is not an integer, or
                `timeout` is not a number.
            TimeoutError: from the iterator: a value did not come in time.
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
            # As in the standard library, all items are read now, and every call runs.
            iterables = tuple(zip(*zip(*iterables)))  # noqa: B905 - the shortest decides
        options = MapOptions(chunksize=chunksize, buffersize=buffersize, return_exceptions=True)
        # What is read as values are asked for is as far as whoever asks.
        progress = self._progress if buffersize is None else False

        def begins(job: MapJob) -> None:
            show_progress(job, job.label, progress, self._pool)

        job = self._pool.start_job(fn, iterables, options, begins=begins)
        return stream(job, self._pool, deadline)

    def run_everywhere(self, fn: Callable[..., T], /, *args: Any) -> list[T]:
        """Call `fn(*args)` once on every worker, also on each that starts later, before its tasks.

        Use it to load data, import modules or make settings that all tasks need.

        Returns:
            The values from all workers, when all of them have made the call.

        Raises:
            TypeError: `fn` is not callable.
            BlockingUnavailableError: the browser cannot wait here; nothing was sent.
            Exception: whatever the call raised on a worker. Then no later worker makes the call.
        """
        if not can_block():
            raise BlockingUnavailableError("values = await executor.submit_everywhere(f)")
        return self.submit_everywhere(fn, *args).result()

    def submit_everywhere(self, fn: Callable[..., T], /, *args: Any) -> PoolFuture[list[T]]:
        """As `run_everywhere`, without waiting.

        Returns:
            A future of the list of values.

        Raises:
            TypeError: `fn` is not callable.
            PoolStartError: no worker can start.
            RuntimeError: the executor was shut down.
        """
        return self._pool.set_up(fn, args, required=False)

    def put(self, obj: T) -> ObjectRef[T]:
        """Keep an object for tasks. It is sent to each worker once, when a task there needs it.

        Use it for a large object that many tasks need::

            data = executor.put(big)
            futures = [executor.submit(f, data, i) for i in range(100)]  # f gets the object itself

        Returns:
            A reference, which can stand for the object anywhere in the arguments of a task or in
            the variables of its function. The workers drop the object when the last reference is
            gone.

        Raises:
            pickle.PicklingError: the object cannot be sent to a worker.
            RuntimeError: the executor was shut down.
        """
        return self._pool.put(obj)

    # The pool as a whole.

    def status(self) -> PoolStatus:
        """The pool as it is now."""
        return status_of(self._pool)

    def scale(self, max_workers: int) -> None:
        """Have this many workers from now on, also while jobs run.

        Additional workers start at once. Surplus workers end when they have nothing to do, so that
        no task is lost.

        Args:
            max_workers: number of workers. If the device cannot carry as many, there are fewer,
                with a `PoolPerformanceWarning`.

        Raises:
            ValueError: `max_workers` is less than 1.
            TypeError: `max_workers` is not an integer.
            RuntimeError: the executor was shut down.
        """
        check_count("max_workers", max_workers)
        self._pool.scale(max_workers)
        self._asked = max_workers

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take no more calls, and stop the workers when those that were taken have ended.

        Args:
            wait: return only then, when all callbacks of their futures have run, too. Where the
                browser cannot wait, it is as if this were False.
            cancel_futures: cancel the calls that have not started.
        """
        unfinished = self._pool.close(cancel=cancel_futures)
        if wait:
            for future in unfinished:
                if not future.done() and can_block():
                    wait_done(future, None, "", self._pool.dispatcher.cancel_all)
            wait_for_callbacks(self._pool.dispatcher.lock)

    def terminate_workers(self) -> None:
        """Stop all workers at once, whatever they do, and shut down.

        Calls and items that have not ended fail with `TerminatedWorkerError`.
        """
        self._pool.dispatcher.terminate()

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
        pending = [asyncio.wrap_future(future) for future in self._pool.dispatcher.unfinished()]
        self.shutdown(wait=False)
        # Shielded: a wait that is given up must not cancel the work.
        await asyncio.shield(asyncio.gather(*pending, return_exceptions=True))
