"""The content of an object, to see whether two copies of it are equal.

Two copies of an object that came one after the other are never the same object. Their contents are
equal only if nothing in the object has changed. Where this cannot tell, the contents are unequal.
"""

from __future__ import annotations

import enum
import types
from typing import Any

from cloudpickle import cloudpickle

Content = Any

#: How many objects to look at in one; larger ones count as changed.
_LOOK_AT = 1000

#: Values of these types are their own content.
_ATOMS = (type(None), bool, int, float, complex, str, bytes, type(...), type(NotImplemented))


#: Methods that an instance which has nothing but attributes has from `object`.
_PLAIN = ("__new__", "__reduce__", "__reduce_ex__")


class _Same:
    """Equal to itself and to whatever stands for the same object."""

    def __init__(self, obj: object) -> None:
        self.obj = obj

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.obj is self.obj

    __hash__ = None  # type: ignore[assignment]


class _CannotTell(Exception):  # noqa: N818 - it never leaves this module
    """The object is too large, or of a kind that this does not know."""


def content_of(obj: object) -> Content:
    """The content of an object. If it cannot be told, it is equal to nothing."""
    try:
        return _Reader().read(obj)
    except Exception:  # it says so, or it is too deep or too odd to be read
        return float("nan")


class _Reader:
    def __init__(self) -> None:
        self._seen: dict[int, tuple[int, object]] = {}

    def read(self, obj: Any) -> Content:
        kind = type(obj)
        if kind in _ATOMS:
            return kind, repr(obj) if kind in (float, complex) else obj  # nan, and -0.0
        if id(obj) in self._seen:
            return "again", self._seen[id(obj)][0]
        if len(self._seen) >= _LOOK_AT:
            raise _CannotTell
        self._seen[id(obj)] = (len(self._seen), obj)
        if kind in (tuple, list):
            return kind, [self.read(value) for value in obj]
        if kind is dict:
            return kind, [(self.read(key), self.read(value)) for key, value in obj.items()]
        if kind in (set, frozenset) and all(type(value) in _ATOMS for value in obj):
            return kind, obj.copy()
        if isinstance(obj, (type, types.ModuleType, types.BuiltinFunctionType, enum.Enum)):
            return _Same(obj)
        if kind is types.FunctionType:
            return self._function(obj)
        if kind in (staticmethod, classmethod):
            return kind, self.read(obj.__func__)
        if kind is property:
            return kind, [self.read(part) for part in (obj.fget, obj.fset, obj.fdel, obj.__doc__)]
        if kind in (types.GetSetDescriptorType, types.MemberDescriptorType):
            return kind, _Same(obj.__objclass__), obj.__name__
        return self._instance(obj, kind)

    def _function(self, obj: types.FunctionType) -> Content:
        if cloudpickle._should_pickle_by_reference(obj):
            return _Same(obj)
        space = obj.__globals__  # it has only what was sent
        used = {name: space[name] for name in _names(obj.__code__) if name in space}
        cells = [_contents(cell) for cell in obj.__closure__ or ()]
        rest = (obj.__defaults__, obj.__kwdefaults__, cells, used, obj.__dict__)
        return obj.__code__, obj.__qualname__, [self.read(part) for part in rest]

    def _instance(self, obj: Any, kind: type) -> Content:
        """An instance of a Python class that has nothing but attributes."""
        if any(getattr(kind, name) != getattr(object, name) for name in _PLAIN):
            raise _CannotTell
        if not kind.__dictoffset__:
            raise _CannotTell
        if any("__slots__" in vars(base) for base in kind.__mro__[:-1]):
            raise _CannotTell
        return _Same(kind), self.read(dict(object.__getattribute__(obj, "__dict__")))


def _names(code: types.CodeType) -> list[str]:
    """All names that code has, for globals and for attributes. To tell them apart takes long."""
    names = list(code.co_names)
    for inner in code.co_consts:
        if type(inner) is types.CodeType:
            names += _names(inner)
    return names


def _contents(cell: types.CellType) -> object:
    try:
        return cell.cell_contents
    except ValueError:
        return _EMPTY


_EMPTY = ("an empty cell",)
