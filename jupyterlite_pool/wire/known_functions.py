"""Functions that were encoded before, and whether they are still what they were.

To encode a small function takes longer than to run it. A function that is called again and again is
encoded once, as long as a comparison can tell for certain that its bytes would be the same. That is
so if all that it refers to can be compared by identity: values of simple types, modules, what
modules have under its name, and functions of the notebook of which the same is true. A list may
have changed although it is the same list; so a function that refers to one is encoded each time.
"""

from __future__ import annotations

import linecache
import sys
import weakref
from collections.abc import Callable
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any, NamedTuple

from cloudpickle import cloudpickle

from .by_value.functions import names_of_class_bodies
from .payload import ATOMS, Encoded

#: This many functions are known at once.
MOST = 16

#: A function of more bytes is encoded each time: it is not kept beside what it was made of.
LARGEST = 1 << 16

#: Stands for a global variable that is not there.
_ABSENT = object()

#: Names of a function's globals that are sent with every function.
_ALWAYS = ("__package__", "__name__", "__path__", "__file__")


class Named(NamedTuple):
    """An object that a module has under its name; a module itself has no second name."""

    obj: Any
    module: str
    name: str | None

    def is_there(self) -> bool:
        """Whether the module still has it."""
        module = sys.modules.get(self.module)
        if self.name is None:
            return module is self.obj
        return getattr(module, "__dict__", {}).get(self.name) is self.obj


class Body(NamedTuple):
    """What a function of the notebook was when it was encoded."""

    function: weakref.ref[Any]
    #: Attributes that are compared by identity.
    attributes: tuple[Any, ...]
    annotations: dict[str, Any]
    #: Its global variables: which it reads, and what they were.
    names: tuple[str, ...]
    values: tuple[Any, ...]
    #: The lines of its cell.
    lines: Any

    def is_there(self) -> bool:
        """Whether the function is what it was."""
        function = self.function()
        if function is None:
            return False
        space = function.__globals__
        values = [space.get(name, _ABSENT) for name in self.names]
        return (
            all(map(_is, _attributes(function), self.attributes))
            and not function.__dict__
            and function.__annotations__ == self.annotations
            and all(map(_is, values, self.values))
            and linecache.cache.get(function.__code__.co_filename) is self.lines
        )


class Look(NamedTuple):
    """What a function is at some time."""

    function: weakref.ref[Any]
    #: What its bytes depend on.
    parts: list[Body | Named]
    #: The modules that were imported, if its bytes depend on that.
    imported: tuple[int, str] | None

    def holds(self, function: Callable[..., Any]) -> bool:
        """Whether the function is still that."""
        return (
            self.function() is function
            and (self.imported is None or self.imported == _imported())
            and not cloudpickle._PICKLE_BY_VALUE_MODULES
            and all(part.is_there() for part in self.parts)
        )


class Known(NamedTuple):
    """A function that was encoded."""

    look: Look
    encoded: Encoded
    key: str


class KnownFunctions:
    """The functions that were encoded last."""

    def __init__(self) -> None:
        self._known: dict[int, Known] = {}
        #: The function that was encoded last. Many are encoded only once, so it is looked into the
        #: second time.
        self._last: weakref.ref[Any] | None = None

    def get(self, function: Callable[..., Any]) -> tuple[Encoded, str] | None:
        """The bytes of a function and its key; None if it has to be encoded."""
        known = self._known.get(id(function))
        if known is None:
            return None
        try:
            if known.look.holds(function):
                return known.encoded, known.key
        except Exception:  # annotations of today may name what is not there
            pass
        del self._known[id(function)]
        return None

    def look(self, function: Callable[..., Any]) -> Look | None:
        """What a function is now, before it is encoded; None if that cannot be compared later."""
        if type(function) not in (FunctionType, BuiltinFunctionType):
            return None
        again = self._last is not None and self._last() is function
        self._last = weakref.ref(function)
        parts = _parts(function) if again else None
        if parts is None or cloudpickle._PICKLE_BY_VALUE_MODULES:
            return None
        packages = any(isinstance(part, Named) and part.name is None for part in parts)
        place = id(function)
        ref = weakref.ref(function, lambda _: self._known.pop(place, None))
        return Look(ref, parts, _imported() if packages else None)

    def keep(self, look: Look | None, encoded: Encoded, key: str) -> None:
        """A function was encoded.

        Args:
            look: what it was before. Another thread may have changed it meanwhile.
            key: its key.
        """
        function = None if look is None else look.function()
        if look is None or function is None or not look.holds(function):
            return
        if encoded.buffers or encoded.refs or len(encoded.payload) > LARGEST:
            return
        while len(self._known) >= MOST:
            del self._known[next(iter(self._known))]
        self._known[id(function)] = Known(look, encoded, key)


def _is(one: object, other: object) -> bool:
    return one is other


def _imported() -> tuple[int, str]:
    """Tells whether a module was imported: a function is sent with submodules that it reads."""
    return len(sys.modules), next(reversed(sys.modules))


def _attributes(function: FunctionType) -> tuple[Any, ...]:
    return (
        function.__code__,
        function.__defaults__,
        function.__kwdefaults__,
        function.__closure__,
        function.__name__,
        function.__qualname__,
        function.__module__,
        function.__doc__,
    )


def _parts(function: Callable[..., Any]) -> list[Body | Named] | None:
    """What the bytes of a function depend on; None if not all of it can be compared."""
    parts: list[Body | Named] = []
    seen: set[int] = set()
    left: list[Any] = [function]
    while left:
        obj = left.pop()
        if type(obj) in ATOMS or id(obj) in seen:
            continue
        seen.add(id(obj))
        if obj is _ABSENT:
            continue
        if type(obj) is FunctionType and obj.__module__ == "__main__":
            body = _body(obj)
            if body is None:
                return None
            parts.append(body)
            left += body.values
            continue
        named = _named(obj)
        if named is None or not named.is_there():
            return None
        parts.append(named)
    return parts


def _named(obj: Any) -> Named | None:
    if isinstance(obj, ModuleType):
        return Named(obj, obj.__name__, None)
    if isinstance(obj, (type, FunctionType, BuiltinFunctionType)) and obj.__module__ != "__main__":
        return Named(obj, obj.__module__, obj.__qualname__)
    return None


def _body(function: FunctionType) -> Body | None:
    code = function.__code__
    plain = function.__defaults__ is None or ATOMS.issuperset(map(type, function.__defaults__))
    if (
        not plain
        or function.__kwdefaults__ is not None
        or function.__closure__ is not None
        or function.__dict__
        or getattr(function, "__type_params__", None)
        or names_of_class_bodies(code)
    ):
        return None
    try:
        annotations = dict(function.__annotations__)
    except Exception:  # they may name what is not there
        return None
    if not all(type(value) in ATOMS or _is_builtin(value) for value in annotations.values()):
        return None
    names = (*cloudpickle._extract_code_globals(code), *_ALWAYS)
    space = function.__globals__
    return Body(
        weakref.ref(function),
        _attributes(function),
        annotations,
        names,
        tuple(space.get(name, _ABSENT) for name in names),
        linecache.cache.get(code.co_filename),
    )


def _is_builtin(value: Any) -> bool:
    return isinstance(value, type) and value.__module__ == "builtins"
