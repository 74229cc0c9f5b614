"""An initializer that leaves a word in the worker's log when it fails, as CPython's workers do."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any


class LoggedInitializer:
    """Calls a function; what it raises is logged where the function may have set up a log."""

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
