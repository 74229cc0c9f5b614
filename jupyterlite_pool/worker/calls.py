"""Several calls as one task of the pool: what joblib sends at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

#: The name under which joblib knows the pool.
BACKEND = "jupyterlite"


class Calls:
    """Makes several calls, one after the other.

    Args:
        function: what all of them call, sent to a worker once; None where each call brings its own.
        nesting_level: how deep in calls of joblib they are.
    """

    def __init__(self, function: Callable[..., Any] | None, nesting_level: int) -> None:
        self.__name__ = getattr(function, "__name__", type(self).__name__)
        # Its usual name: the lines of a cell that a traceback shows are found through it.
        self.__wrapped__ = function
        self.nesting_level = nesting_level

    def __call__(self, *calls: tuple[Any, ...]) -> list[Any]:
        """The values of the calls.

        Args:
            *calls: each an argument list and keyword arguments, after the function where there is
                none for all.
        """
        from joblib.parallel import (
            BACKENDS,
            SequentialBackend,
            ThreadingBackend,
            parallel_config,
            register_parallel_backend,
        )

        if BACKEND not in BACKENDS:  # a task may name the backend, and runs serially then
            register_parallel_backend(BACKEND, SequentialBackend)
        if self.__wrapped__ is not None:
            calls = tuple((self.__wrapped__, *call) for call in calls)
        # As in every worker of joblib's: what is parallel in a task would be threads, and one after
        # the other where there are no threads.
        with parallel_config(backend=ThreadingBackend(nesting_level=self.nesting_level)):
            return [function(*args, **kwargs) for function, args, kwargs in calls]
