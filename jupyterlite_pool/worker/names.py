"""Global variables that an initializer sets for all functions of its worker.

In a process all functions of a module share its globals. But a function of the notebook is sent by
value, with copies of only those globals that it reads. So no other function would see a variable
that an initializer sets with `global`. That is why such variables are copied into the globals of
every other function of the same module.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Globals = dict[str, Any]


class SetUpCall:
    """A call that sets a worker up: all functions of the worker see the globals that it sets."""

    def __init__(self, function: Callable[..., Any]) -> None:
        # `inspect.unwrap` looks for this name, and so finds the cell of the function.
        self.__wrapped__ = function
        self.__name__ = getattr(function, "__name__", type(function).__name__)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function."""
        return self.__wrapped__(*args, **kwargs)


class SharedNames:
    """The globals of the functions that a worker knows, and the variables that they share."""

    def __init__(self) -> None:
        #: The globals of each function, by the function's key. There are several if the function
        #: brought others along.
        self._spaces: dict[str, list[Globals]] = {}
        #: The shared variables, by the name of their module.
        self._set: dict[Any, Globals] = {}

    def __bool__(self) -> bool:
        return bool(self._set)

    def add(self, key: str, spaces: list[Globals]) -> None:
        """Note the globals of a new function, and give it the shared variables."""
        self._spaces[key] = spaces
        self.fill(spaces)

    def drop(self, key: str) -> None:
        """Forget a function."""
        self._spaces.pop(key, None)

    def fill(self, spaces: list[Globals]) -> None:
        """Copy the shared variables into some globals."""
        for space in spaces:
            space.update(self._set.get(space.get("__name__"), {}))

    def before(self, key: str) -> list[Globals]:
        """A copy of the globals of a function, for `share`."""
        return [dict(space) for space in self._spaces[key]]

    def share(self, key: str, before: list[Globals]) -> None:
        """Share the variables that a function has set since `before` with all functions."""
        for space, old in zip(self._spaces[key], before, strict=True):
            new = {
                name: value
                for name, value in space.items()
                if not name.startswith("__") and (name not in old or old[name] is not value)
            }
            self._set.setdefault(space.get("__name__"), {}).update(new)
        for spaces in self._spaces.values():
            self.fill(spaces)
