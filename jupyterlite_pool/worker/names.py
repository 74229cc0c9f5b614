"""The globals that a call sets for all functions of its worker.

A function of the notebook travels by value, with globals of its own: the ones that it reads, as the
notebook has them. So what an initializer declares `global` would be seen by nobody. In a process
all functions of a module share its globals; here the names that a call sets while it sets a worker
up are put among the globals of every other function of the same module.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Globals = dict[str, Any]


class SetUpCall:
    """A function whose globals are for all functions of its worker."""

    def __init__(self, function: Callable[..., Any]) -> None:
        #: Its usual name: the lines of a cell that a traceback shows are found through it.
        self.__wrapped__ = function
        self.__name__ = getattr(function, "__name__", type(function).__name__)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call it."""
        return self.__wrapped__(*args, **kwargs)


class SharedNames:
    """The globals of the functions that a worker knows, and what of them was set for all."""

    def __init__(self) -> None:
        self._spaces: dict[str, list[Globals]] = {}
        #: What was set, by the name of the module.
        self._set: dict[Any, Globals] = {}

    def __bool__(self) -> bool:
        return bool(self._set)

    def add(self, key: str, spaces: list[Globals]) -> None:
        """A function has come, with these globals."""
        self._spaces[key] = spaces
        self.fill(spaces)

    def drop(self, key: str) -> None:
        """A function has gone."""
        self._spaces.pop(key, None)

    def fill(self, spaces: list[Globals]) -> None:
        """Put what was set among some globals."""
        for space in spaces:
            space.update(self._set.get(space.get("__name__"), {}))

    def before(self, key: str) -> list[Globals]:
        """The globals of a function as they are now, for `share`."""
        return [dict(space) for space in self._spaces[key]]

    def share(self, key: str, before: list[Globals]) -> None:
        """Give all functions what one of them has set since `before`."""
        for space, old in zip(self._spaces[key], before, strict=True):
            new = {
                name: value
                for name, value in space.items()
                if not name.startswith("__") and (name not in old or old[name] is not value)
            }
            self._set.setdefault(space.get("__name__"), {}).update(new)
        for spaces in self._spaces.values():
            self.fill(spaces)
