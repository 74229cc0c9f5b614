"""`PoolBackend`: joblib's `Parallel` on the shared pool.

joblib submits batches of calls. When a batch has ended it wants to be called back, and submits the
next one. It waits for results with `time.sleep`, which suspends Pyodide.

joblib expects that another thread calls it back, and holds a lock while it reads the iterable of
calls, so that the thread has to wait. In a browser there is one thread: if the iterable is
suspended while joblib reads it, a callback would find its generator running. So in a browser
joblib is given a lock of ours, and callbacks wait until it is free.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from pickle import PicklingError
from types import FunctionType, MappingProxyType
from typing import Any

from joblib.parallel import (
    AutoBatchingMixin,
    FallbackToBackend,
    ParallelBackendBase,
    SequentialBackend,
    get_active_backend,
)

from ..api.executor import WorkerPoolExecutor
from ..api.shared import get_reusable_executor
from ..errors import BlockingUnavailableError
from ..jobs.call_queue import CallQueue
from ..notebook.card import show_calls
from ..waiting.browser import IN_BROWSER, can_block
from ..waiting.futures import PoolFuture
from ..wire.calls import encode_call
from ..worker.current_worker import current_worker
from ..worker.stand_in_calls import Calls

#: When results are no longer wanted, calls that run have this many seconds to end. Replacing a
#: worker takes about as long.
GRACE = 1.0

_INSTEAD = "results = await pool_map(f, xs)"


class PoolBackend(AutoBatchingMixin, ParallelBackendBase):  # type: ignore[misc]
    """Runs the calls of one `Parallel` on the shared pool."""

    supports_retrieve_callback = True
    #: A worker has one thread, so it keeps any limit.
    supports_inner_max_num_threads = True
    #: Further options of `parallel_config`. joblib before 1.5 takes none, and does not set this.
    backend_kwargs: Any = MappingProxyType({})

    #: The use of `Parallel` that it was configured for last.
    parallel: Any = None
    _executor: WorkerPoolExecutor
    #: The calls of one use of `Parallel`; None before and after it. joblib's tests use this name.
    _workers: CallQueue | None = None
    _completions: CompletionLock | None = None

    @property
    def default_n_jobs(self) -> int:
        """-1 (all workers) if `parallel_config` has chosen this backend; 1, as usual, otherwise."""
        return -1 if get_active_backend()[0] is self else 1

    def effective_n_jobs(self, n_jobs: int | None) -> int:
        """How many calls to run at once; a negative number counts from the number of workers.

        Raises:
            ValueError: `n_jobs` is 0.
            PoolStartError: no worker can start.
        """
        if n_jobs == 0:
            raise ValueError("n_jobs == 0 in Parallel has no meaning")
        if current_worker() is not None:
            return 1
        if n_jobs is None:
            n_jobs = self.default_n_jobs
        if n_jobs < 0:
            return max(get_reusable_executor().max_workers + 1 + n_jobs, 1)
        return n_jobs

    def configure(self, n_jobs: int = 1, parallel: Any = None, **options: Any) -> int:
        """Get ready for a use of `Parallel`. Options that concern processes are ignored.

        Raises:
            BlockingUnavailableError: Python cannot be paused here.
            ValueError: `n_jobs` is 0, or there is an `initializer`.
            PoolStartError: no worker can start.
        """
        if {**self.backend_kwargs, **options}.get("initializer") is not None:
            raise ValueError(
                "the workers of the pool are shared: they take no `initializer`. Do its work in "
                "the function that is called."
            )
        n_jobs = self.effective_n_jobs(n_jobs)
        if n_jobs == 1:
            raise FallbackToBackend(SequentialBackend(nesting_level=self.nesting_level))
        if not can_block():
            raise BlockingUnavailableError(_INSTEAD)
        if self._workers is not None and self.parallel is not parallel:
            # All uses of `Parallel` in one `parallel_config` have the same backend, and one can
            # begin while the generator of another is still being read.
            again = type(self)(nesting_level=self.nesting_level, **self.backend_kwargs)
            raise FallbackToBackend(again)
        self.parallel = parallel
        self._executor = get_reusable_executor()
        self._open(n_jobs)
        return n_jobs

    def start_call(self) -> None:
        """Give joblib our lock, so that callbacks wait while it reads the iterable of calls."""
        if IN_BROWSER:
            self._completions = self.parallel._lock = CompletionLock()

    def submit(
        self, func: Any, callback: Callable[[PoolFuture[Any]], None] | None = None
    ) -> PoolFuture[Any]:
        """Run a batch of calls on a worker."""
        calls = list(func.items)
        functions = {id(function): function for function, _, _ in calls}
        [function, *others] = functions.values()
        nesting_level = (self.nesting_level or 0) + 1
        if not others and isinstance(function, FunctionType):
            # The function is sent to each worker once, with everything that its closure holds.
            run, arguments = Calls(function, nesting_level), [call[1:] for call in calls]
        else:
            run, arguments = Calls(None, nesting_level), calls
        assert self._workers is not None
        future = self._executor._pool.submit(self._workers, run, arguments, {})
        if future.done() and isinstance(error := future.exception(), PicklingError):
            future = PoolFuture()
            future.set_exception(_unsendable(calls, error))
        if callback is not None:
            future.add_done_callback(partial(_call_back, callback, self._completions))
        return future

    def apply_async(
        self, func: Any, callback: Callable[[PoolFuture[Any]], None] | None = None
    ) -> PoolFuture[Any]:
        """As `submit`: joblib before 1.5 knows it by this name."""
        return self.submit(func, callback)

    def retrieve_result_callback(self, out: PoolFuture[Any]) -> Any:
        """The values of a batch that has ended.

        Raises:
            Exception: whatever one of its calls raised.
        """
        return out.result(0)

    @contextlib.contextmanager
    def retrieval_context(self) -> Iterator[None]:
        """Check that results can be waited for: a generator may be read long after it was made."""
        if self._workers is not None and self._workers.unfinished() and not can_block():
            raise BlockingUnavailableError(_INSTEAD)
        yield

    def abort_everything(self, ensure_ready: bool = True) -> None:
        """Give up all calls that were submitted."""
        if self._workers is None:
            return
        limit = self._workers.max_workers
        self._executor._pool.abandon(self._workers, GRACE)
        self._workers = None
        if ensure_ready:
            self._executor = get_reusable_executor()
            self._workers = self._queue(limit)

    def terminate(self) -> None:
        """The use of `Parallel` is over; the workers stay."""
        self._workers = None
        self.reset_batch_stats()

    def _open(self, n_jobs: int) -> None:
        # Without a limit, the next batch already waits at a worker when it ends one.
        limit = n_jobs if n_jobs < self._executor.max_workers else None
        self._workers = self._queue(limit)

    def _queue(self, limit: int | None) -> CallQueue:
        """A queue for calls, whose card counts the calls of all batches."""
        calls = CallQueue(limit)
        # joblib makes calls as others end, so nobody knows how many there will be.
        show_calls(calls, self._executor._pool, counted=False, size=lambda task: len(task.args))
        return calls


class CompletionLock:
    """Stands in for the lock that joblib holds while it changes its lists of calls.

    All code that takes the lock runs in one thread, so nothing has to wait for it. But its holder
    can be suspended. Callbacks that arrive meanwhile are called when the lock is free.
    """

    def __init__(self) -> None:
        self._holders = 0
        self._put_off: deque[Callable[[], None]] = deque()

    def __enter__(self) -> bool:
        self._holders += 1
        return True

    def __exit__(self, *_: object) -> None:
        self._holders -= 1
        while self._put_off and not self._holders:
            self._put_off.popleft()()

    def call_when_free(self, action: Callable[[], None]) -> None:
        """Call `action` now if nobody holds the lock, otherwise as soon as nobody does."""
        if self._holders:
            self._put_off.append(action)
        else:
            action()


def _call_back(
    callback: Callable[[PoolFuture[Any]], None],
    lock: CompletionLock | None,
    future: PoolFuture[Any],
) -> None:
    """Call joblib back outside of the dispatcher's work, since joblib may submit or wait then."""
    if lock is not None:
        later = partial(lock.call_when_free, partial(callback, future))
        asyncio.get_event_loop().call_soon(later)
    else:
        threading.Thread(target=callback, args=(future,), daemon=True).start()


def _unsendable(calls: list[tuple[Any, ...]], error: BaseException) -> PicklingError:
    """An error that names the argument that cannot be sent, as the user knows it."""
    for function, args, kwargs in calls:
        try:
            encode_call(function, args, kwargs)
        except PicklingError as cause:
            error = cause
            break
    unsendable = PicklingError(f"cannot pickle the task to send it to a worker: {error}")
    unsendable.__cause__ = error
    return unsendable
