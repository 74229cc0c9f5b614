"""Callables that the stand-ins for joblib and the standard library send to workers."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Any

#: The name under which joblib knows the pool.
BACKEND = "jupyterlite"


class Calls:
    """Makes several calls of joblib, one after the other.

    Args:
        function: the function of all calls, which is sent to a worker once; None if each call has
            its own.
        nesting_level: how deep the calls are nested in other calls of joblib.
    """

    def __init__(self, function: Callable[..., Any] | None, nesting_level: int) -> None:
        self.__name__ = getattr(function, "__name__", type(self).__name__)
        # `inspect.unwrap` looks for this name, and so finds the cell of the function.
        self.__wrapped__ = function
        self.nesting_level = nesting_level

    def __call__(self, *calls: tuple[Any, ...]) -> list[Any]:
        """The values of the calls.

        Args:
            *calls: positional and keyword arguments of each call, after its function if each call
                has its own.
        """
        from joblib.parallel import (
            BACKENDS,
            SequentialBackend,
            ThreadingBackend,
            parallel_config,
            register_parallel_backend,
        )

        if BACKEND not in BACKENDS:  # if a task asks for this backend, it runs serially
            register_parallel_backend(BACKEND, SequentialBackend)
        if self.__wrapped__ is not None:
            calls = tuple((self.__wrapped__, *call) for call in calls)
        # As in every worker of joblib, a task runs its own parallel calls in threads. Without
        # threads they run one after the other.
        with parallel_config(backend=ThreadingBackend(nesting_level=self.nesting_level)):
            return [function(*args, **kwargs) for function, args, kwargs in calls]


class StarCall:
    """Calls a function with the members of one argument, as `starmap` does."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.__name__ = getattr(function, "__name__", type(function).__name__)

    def __call__(self, args: Iterable[Any]) -> Any:
        """Call the function."""
        return self.function(*args)


class LoggedInitializer:
    """Calls an initializer. If it fails, the worker logs the error, as CPython's workers do."""

    def __init__(self, function: Callable[..., object]) -> None:
        self.function = function
        self.__name__ = getattr(function, "__name__", type(function).__name__)

    def __call__(self, *args: Any) -> None:
        """Call the function."""
        try:
            self.function(*args)
        except BaseException:
            logging.getLogger("concurrent.futures").critical(
                "Exception in initializer:", exc_info=True
            )
            raise
