"""The objects that a value consists of, to tell whether two values have some in common."""

from __future__ import annotations

import datetime
import decimal
import enum
import fractions
import pathlib
import pickle
import re
import sys
import types
import uuid
from collections.abc import Mapping
from typing import Any

from .pickler import ByValuePickler, goes_by_name

#: Objects of these types do not change, and have no parts that do.
_FIXED = (
    *(int, float, complex, str, bytes, bool, type(None), type(...), type(NotImplemented), range),
    *(datetime.date, datetime.time, datetime.timedelta, datetime.tzinfo, decimal.Decimal),
    *(fractions.Fraction, pathlib.PurePath, re.Pattern, uuid.UUID, enum.Enum, types.ModuleType),
    *(types.BuiltinFunctionType, types.CodeType, type),
)

#: Objects of these types do not change, but their parts may.
_FROZEN = (tuple, frozenset, slice)


class Objects:
    """The objects in some values that can change, and the functions of the notebook in them."""

    def __init__(self, values: Mapping[str, Any], *, classes: bool = False) -> None:
        """Find them by pickling the values.

        Args:
            classes: whether the attributes of the notebook's classes are part of the values.

        Raises:
            Exception: something cannot be pickled.
        """
        #: By their ids. They are kept: the id of an object that is gone may be given again.
        self._found: dict[int, object] = {}
        self.functions: list[types.FunctionType] = []
        #: The classes of the notebook.
        self.classes: list[type] = []
        for value in values.values():
            self._walk(value)
        if classes:
            for cls in self.classes:  # the list grows meanwhile
                for value in attributes(cls).values():
                    self._walk(value)

    def _walk(self, value: object) -> None:
        _Walk(self._found, self.functions, self.classes).dump(value)

    def has_of(self, other: Objects) -> bool:
        """Whether both have an object."""
        return not self._found.keys().isdisjoint(other._found)


def attributes(cls: type) -> dict[str, Any]:
    """The attributes of a class that are data, also those that its methods capture or use."""
    slots = (types.MemberDescriptorType, types.GetSetDescriptorType)
    return {
        name: value
        for name, value in vars(cls).items()
        if not isinstance(value, slots) and name not in ("__dict__", "__weakref__", "__doc__")
    }


class _Sink:
    """A file that keeps nothing."""

    def write(self, data: Any) -> int:
        """Take what is written."""
        return len(data)


class _Walk(ByValuePickler):
    """Pickles a value, and notes what is in it."""

    def __init__(
        self,
        found: dict[int, object],
        functions: list[types.FunctionType],
        classes: list[type],
    ) -> None:
        super().__init__(_Sink(), pickle.HIGHEST_PROTOCOL, buffer_callback=lambda _: None)
        self._found = found
        self._functions = functions
        self._classes = classes

    def persistent_id(self, obj: Any) -> Any:
        """Note an object; what does not change is not looked into."""
        if isinstance(obj, type) and obj.__module__ == "__main__" and obj not in self._classes:
            self._classes.append(obj)
        if isinstance(obj, _FIXED):  # a class of the notebook is the same in each process
            return "fixed"
        if type(obj) in _FROZEN:
            return None
        if isinstance(obj, _fixed_of_libraries()) or _is_of_module(obj):
            return "fixed"
        if isinstance(obj, types.FunctionType):
            if goes_by_name(obj):
                return "fixed"
            self._functions.append(obj)
        owner = _owner(obj)
        self._found[id(owner)] = owner
        return None


def _is_of_module(obj: Any) -> bool:
    """Whether something is part of a module, which each process has."""
    if callable(obj):
        name, module = getattr(obj, "__qualname__", None), getattr(obj, "__module__", None)
        if isinstance(name, str) and isinstance(module, str) and module != "__main__":
            return vars(sys.modules.get(module, object)).get(name) is obj
    pandas: Any = sys.modules.get("pandas")
    # Each table is pickled with this list of its class.
    return hasattr(pandas, "DataFrame") and obj is getattr(pandas.DataFrame, "_metadata", None)


def _owner(obj: Any) -> Any:
    """What owns the memory of an array."""
    if isinstance(obj, memoryview):
        return obj.obj
    numpy: Any = sys.modules.get("numpy")
    if hasattr(numpy, "ndarray") and isinstance(obj, numpy.ndarray):
        while getattr(obj, "base", None) is not None:
            obj = obj.base
            if isinstance(obj, memoryview):
                return obj.obj
    return obj


def _fixed_of_libraries() -> tuple[type, ...]:
    numpy: Any = sys.modules.get("numpy")
    pandas: Any = sys.modules.get("pandas")
    found: list[type] = []
    if hasattr(numpy, "generic"):
        found += [numpy.generic, numpy.dtype]
    if hasattr(pandas, "Index"):
        found += [pandas.Index, pandas.api.extensions.ExtensionDtype, pandas.Timestamp]
    return tuple(found)
