"""Kinds of calls that stand-ins send to workers."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Any

#: The name under which joblib knows the pool.
BACKEND = "jupyterlite"


class Calls:
    """Makes several calls, one after the other, as joblib sends them.

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


class StarCall:
    """Calls a function with the members of its one argument, as `starmap` does."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.__name__ = getattr(function, "__name__", type(function).__name__)

    def __call__(self, args: Iterable[Any]) -> Any:
        """Call it."""
        return self.function(*args)


class LoggedInitializer:
    """Calls an initializer; if it fails, the worker's log says so, as in CPython's workers."""

    def __init__(self, function: Callable[..., object]) -> None:
        self.function = function
        self.__name__ = getattr(function, "__name__", type(function).__name__)

    def __call__(self, *args: Any) -> None:
        """Call it."""
        try:
            self.function(*args)
        except BaseException:
            logging.getLogger("concurrent.futures").critical(
                "Exception in initializer:", exc_info=True
            )
            raise
