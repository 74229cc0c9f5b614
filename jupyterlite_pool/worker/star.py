"""A call whose arguments come as one tuple, as `starmap` has them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any


class StarCall:
    """Calls a function with the members of its one argument."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.__name__ = getattr(function, "__name__", type(function).__name__)

    def __call__(self, args: Iterable[Any]) -> Any:
        """Call it."""
        return self.function(*args)
