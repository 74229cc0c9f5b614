"""The errors and warnings of a pool.

Every error of the pool derives from `PoolError`. If the standard library has a class for the same
case, the error derives from it, too, so that code written for `concurrent.futures` catches it::

    PoolError
    ├── PoolStartError            (BrokenExecutor)   no worker can start
    ├── TerminatedWorkerError     (BrokenExecutor)   a worker stopped while it ran a task
    ├── TaskTimeoutError          (TimeoutError)     a task ran longer than it may
    ├── BlockingUnavailableError  (RuntimeError)     Python cannot pause in this browser or here
    ├── UnavailableError          (NotImplementedError, ImportError)  a browser cannot have it
    ├── RemoteError                                  a task's error, whose class could not be sent
    └── RemoteUnpicklingError     (UnpicklingError)  arguments or a result could not be read

    UserWarning
    ├── PoolFallbackWarning       the work runs in the kernel, one item at a time
    └── PoolPerformanceWarning    it works, but something makes it needlessly slow

An exception that a task raises is none of these: it comes back as its own class. Something that
cannot be pickled is a `pickle.PicklingError`.
"""

from __future__ import annotations

import pickle
from concurrent.futures import BrokenExecutor

__all__ = [
    "BlockingUnavailableError",
    "PoolError",
    "PoolFallbackWarning",
    "PoolPerformanceWarning",
    "PoolStartError",
    "RemoteError",
    "RemoteUnpicklingError",
    "TaskTimeoutError",
    "TerminatedWorkerError",
    "UnavailableError",
]


#: The standard library's message, and what to do.
AFTER_SHUTDOWN = "cannot schedule new futures after shutdown: make another executor"


class PoolError(Exception):
    """The base of all errors that a pool raises itself."""


class PoolStartError(PoolError, BrokenExecutor):
    """The pool has no workers: none could start or be set up, or its engine is missing.

    The message says why; if a file could not be loaded, it names its URL.
    """


class TerminatedWorkerError(PoolError, BrokenExecutor):
    """A worker, or the task that it ran, was stopped or crashed; the other tasks go on.

    Attributes:
        reason: `"exited"` (the task called `os._exit`), `"fatal"` (Python crashed), `"silent"` (the
            worker closed itself), `"terminated"` (somebody stopped it) or `"protocol"` (the worker
            sent something that no worker should send).
        exit_status: the status given to `os._exit`; None if it was not called.
        started: whether the task had started; None if that is not known.
    """

    def __init__(
        self,
        message: str,
        *,
        reason: str = "terminated",
        exit_status: int | None = None,
        started: bool | None = True,
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.exit_status = exit_status
        self.started = started


class TaskTimeoutError(PoolError, TimeoutError):
    """A task ran longer than its time limit, and was stopped.

    If it did not end when it was asked to, its worker was replaced.
    """


class BlockingUnavailableError(PoolError, RuntimeError):
    """Python cannot pause here; the message says what to write instead."""

    def __init__(
        self, instead: str = "results = await pool_map(f, xs)", more: str | None = None
    ) -> None:
        message = f"this browser cannot pause Python here. Write `{instead}`."
        super().__init__(message if more is None else f"{message} {more}")


class UnavailableError(PoolError, NotImplementedError, ImportError):
    """A part of the standard library cannot work in a browser; the message says what to use.

    It is an `ImportError`, as without `install`, so that programs that can do without go on.
    """


class RemoteError(PoolError):
    """An exception of a task, whose class could not be sent to the notebook.

    Attributes:
        type_name: the name of the class in the worker, with its module.
        traceback_text: the traceback in the worker, as text.
    """

    def __init__(self, message: str, *, type_name: str = "", traceback_text: str = "") -> None:
        super().__init__(message)
        self.type_name = type_name
        self.traceback_text = traceback_text


class RemoteUnpicklingError(PoolError, pickle.UnpicklingError):
    """Something that was sent could not be read where it arrived. The pool goes on."""


class PoolFallbackWarning(UserWarning):
    """No worker could start: the work runs in the kernel, one item at a time."""


class PoolPerformanceWarning(UserWarning):
    """The work succeeds, but something makes it needlessly slow."""
