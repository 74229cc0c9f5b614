"""What an initializer changes in global variables, for all functions of its worker.

In a process all functions of a module share its globals. But a function of the notebook is sent by
value, with copies of only those globals that it reads. So no other function would see what an
initializer changes. That is why its changes are brought into the globals of every other function of
the same module:

- A variable that it sets with `global` has that value everywhere, whatever the notebook has.
- A variable that a cell assigns which every worker runs (`%%pool_run`) has that value wherever the
  notebook has no such name.
- A dictionary, list or other object that it changes, and an attribute of a class that it sets, are
  kept. A function that comes with the notebook's value of the same name gets the kept one, as long
  as the notebook's value is what it was when the initializer ran.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from ..wire.by_value.classes import Contents
from ..wire.by_value.contents import contents
from ..wire.payload import ATOMS, Found


class SetUpCall:
    """A call that sets a worker up: all functions of the worker see the globals that it changes."""

    def __init__(self, function: Callable[..., Any]) -> None:
        # `inspect.unwrap` looks for this name, and so finds the cell of the function.
        self.__wrapped__ = function
        self.__name__ = getattr(function, "__name__", type(function).__name__)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function."""
        return self.__wrapped__(*args, **kwargs)


#: Stands for no value.
_NOTHING = object()


class Kept(NamedTuple):
    """The value of a variable or an attribute after a set-up."""

    value: Any
    #: Whether it counts whatever the notebook has.
    always: bool
    #: The contents of the notebook's value when the worker was set up; None if it had none.
    instead_of: Contents | None

    def replaces(self, there: object) -> bool:
        """Whether to put this value in place of the one that is there."""
        if there is self.value:
            return False
        if there is _NOTHING:
            return self.always or self.instead_of is None
        return self.always or (self.instead_of is not None and contents(there) == self.instead_of)


class Before(NamedTuple):
    """The names of some globals or of a class, before a set-up."""

    owner: Found
    values: dict[str, Any]
    contents: dict[str, Contents | None]


#: In some globals, what they have only because it was put there: a dictionary by name. It is kept
#: there because nobody else knows how long the globals live.
GIVEN = "__pool_given__"


class SharedNames:
    """The globals of the functions that a worker knows, and what they share."""

    def __init__(self) -> None:
        #: The globals of each function and the classes that came with it, by the function's key.
        self._found: dict[str, list[Found]] = {}
        #: The shared variables, by the name of their module.
        self._variables: dict[Any, dict[str, Kept]] = {}
        #: The changed attributes of classes.
        self._attributes: dict[type, dict[str, Kept]] = {}

    def __bool__(self) -> bool:
        return bool(self._variables or self._attributes)

    def add(self, key: str, found: list[Found]) -> None:
        """Note what came with a new function, and bring the shared values into it."""
        self._found[key] = found
        self.fill(found)

    def extend(self, key: str, found: Iterable[Found]) -> None:
        """Note what came with the arguments of a set-up, which may change that as well."""
        known = self._found[key]
        known.extend(owner for owner in found if not any(owner is each for each in known))

    def refill(self, key: str) -> None:
        """Bring the shared values into what came with a function, once more."""
        if self:
            self.fill(self._found.get(key, ()))

    def drop(self, key: str) -> None:
        """Forget a function."""
        self._found.pop(key, None)

    def fill(self, found: Iterable[Found]) -> None:
        """Bring the shared values into some globals and classes."""
        for owner in found:
            if isinstance(owner, type):
                for name, kept in self._attributes.get(owner, {}).items():
                    if kept.replaces(vars(owner).get(name, _NOTHING)):
                        type.__setattr__(owner, name, kept.value)
                # A class that came before has methods that read globals of their own.
                for space in _spaces_of(owner):
                    self._fill_space(space)
            else:
                self._fill_space(owner)

    def _fill_space(self, space: dict[str, Any]) -> None:
        # First look at all of them, since a value may refer to others.
        wanted = {
            name: kept.value
            for name, kept in self._variables.get(_module_of(space), {}).items()
            if name not in space or kept.replaces(space[name]) or _was_given(space, name)
        }
        absent = wanted.keys() - space.keys()
        given = space.setdefault(GIVEN, {}) if absent else space.get(GIVEN, {})
        given.update({name: wanted[name] for name in wanted.keys() & (absent | given.keys())})
        space.update(wanted)

    def before(self, key: str) -> list[Before]:
        """What a set-up may change, for `share`."""
        before = []
        for owner in self._found[key]:
            values = _names_of(owner)
            before.append(Before(owner, values, _contents_of(owner, values)))
        return before

    def share(self, before: Sequence[Before], *, notebook_first: bool = False) -> None:
        """Share what a set-up has changed since `before` with all functions.

        Args:
            notebook_first: whether a variable that it has set counts only where the notebook has
                no such name.
        """
        for owner, values, had in before:
            known: dict[Any, dict[str, Kept]]
            if isinstance(owner, type):
                known, place, always = self._attributes, owner, False
            else:
                known, place, always = self._variables, _module_of(owner), not notebook_first
            for name, value in _names_of(owner).items():
                kept = known.get(place, {}).get(name)
                if kept is not None and kept.value is value:
                    continue  # all functions have this very object
                if name not in values or values[name] is not value:
                    stays = always or (kept is not None and kept.always)
                    instead_of = had.get(name)
                    if notebook_first and not isinstance(owner, type):
                        instead_of = None
                        _note_own(owner, name, value, name in values)
                    kept = Kept(value, stays, instead_of)
                elif had.get(name) is not None and contents(value) != had[name]:
                    kept = Kept(value, False, had[name])
                else:
                    continue
                known.setdefault(place, {})[name] = kept
        for found in self._found.values():
            self.fill(found)


def _note_own(space: dict[str, Any], name: str, value: object, had: bool) -> None:
    """Note that a variable of a cell is shared: a later cell may set it for this one, too.

    Args:
        had: whether there was such a variable before the cell ran: it may be the notebook's.
    """
    given = space.setdefault(GIVEN, {})
    if not had or name in given:
        given[name] = value


def _was_given(space: dict[str, Any], name: str) -> bool:
    """Whether some globals still have what was put there under a name."""
    given = space.get(GIVEN, {})
    return name in given and space.get(name, _NOTHING) is given[name]


def _module_of(space: dict[str, Any]) -> Any:
    """The module of some globals. Only the variables of a parallel cell do not name it."""
    return space.get("__name__", "__main__")


def _spaces_of(cls: type) -> list[dict[str, Any]]:
    """The globals of a class's own methods, each once, also inside of properties and the like."""
    spaces: dict[int, dict[str, Any]] = {}
    for value in vars(cls).values():
        parts = [value, *(getattr(value, name, None) for name in _HOLDERS)]
        for part in parts:
            if isinstance(part, types.FunctionType):
                spaces[id(part.__globals__)] = part.__globals__
    return list(spaces.values())


#: Where descriptors and decorators keep their functions.
_HOLDERS = ("__func__", "__wrapped__", "fget", "fset", "fdel", "func")


def _names_of(owner: Found) -> dict[str, Any]:
    names: Mapping[str, Any] = vars(owner) if isinstance(owner, type) else owner
    return {name: value for name, value in names.items() if not name.startswith("__")}


def _contents_of(owner: Found, values: Mapping[str, Any]) -> dict[str, Contents | None]:
    """The contents of what a set-up may change without setting it; of attributes, all contents."""
    return {
        name: contents(value)
        for name, value in values.items()
        if isinstance(owner, type) or type(value) not in _UNCHANGING
    }


#: Types of values that nobody can change.
_UNCHANGING = ATOMS | {bytes, types.ModuleType, type}
