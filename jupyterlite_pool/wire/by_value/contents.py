"""What a value consists of, to tell whether it has changed.

A value is what pickle writes of it. So this knows every kind of value that can be sent.
"""

from __future__ import annotations

import functools
import hashlib
import io
import pickle
import types
from typing import Any

from .birth import can_be_made
from .classes import Contents, Reduced
from .ids import id_of
from .pickler import ByValuePickler, goes_by_name

#: Values of these types are their own contents.
_PLAIN = frozenset({type(None), bool, int, str, bytes})


def contents(value: object, *, whole: bool = False) -> Contents | None:
    """The contents of a value. Two values that are made alike have equal ones.

    Args:
        whole: whether the variables that functions refer to are part of the value. If not, only
            what they capture is.

    Returns:
        None if they cannot be had: for an object that cannot be pickled. They are unknown then.
    """
    kind = type(value)
    if kind in _PLAIN:
        return kind, value
    if kind is float:
        return kind, repr(value)  # nan is not equal to itself, and -0.0 is equal to 0.0
    digest = hashlib.blake2b(digest_size=16)
    buffers: list[pickle.PickleBuffer] = []
    stream = io.BytesIO()
    try:
        _Pickler(stream, buffers, whole).dump(value)
        digest.update(stream.getbuffer())
        for buffer in buffers:
            digest.update(buffer.raw())
    except Exception:  # whatever a method of the user's raises
        return None
    return digest.digest()


class _Pickler(ByValuePickler):
    """Pickles a value, but names the classes and modules in it."""

    def __init__(self, stream: io.BytesIO, buffers: list[pickle.PickleBuffer], whole: bool) -> None:
        super().__init__(stream, pickle.HIGHEST_PROTOCOL, buffer_callback=buffers.append)
        self._whole = whole
        self._texts: dict[str, str] = {}

    def persistent_id(self, obj: Any) -> Any:
        """What stands for an object; None for an object that is pickled itself."""
        kind = type(obj)
        if kind is str:  # whether two equal texts are one object must not count
            return self._texts.setdefault(obj, obj)
        if issubclass(kind, type):
            if can_be_made(obj) and not goes_by_name(obj):
                return "class", id_of(obj)
            return "class", obj.__module__, obj.__qualname__
        if kind is types.ModuleType:
            return "module", obj.__name__
        return None

    def reducer_override(self, obj: Any) -> Any:
        """As in `pickle.Pickler`, which calls this for most objects."""
        reduced = super().reducer_override(obj)
        if type(obj) is not _CACHED or isinstance(reduced, str):  # a module has it by that name
            return reduced
        return self._reduce_cached(obj)

    def _reduce_cached(self, obj: Any) -> Reduced:
        """How much a function with a cache was used is part of it."""
        self._whole = True  # what it has cached depends on all that it reads
        about = obj.cache_parameters(), tuple(obj.cache_info())
        return _stands_for, about, (obj.__wrapped__, vars(obj))

    def _recipe_of_function(self, function: types.FunctionType) -> Reduced:
        code, space = function.__code__, function.__globals__
        cells = [cell.cell_contents for cell in function.__closure__ or () if _is_full(cell)]
        parts: list[Any] = [cells, function.__defaults__, function.__kwdefaults__]
        parts.append(function.__dict__)
        if self._whole:  # the globals of a function that was sent are those that it reads
            parts.append({name: space[name] for name in _names(code) if name in space})
        return _stands_for, (function.__module__, function.__qualname__, code), parts


def _stands_for(*_: object) -> None:
    """Stands in a pickle that nobody reads."""


_CACHED = type(functools.lru_cache(_stands_for))


def _names(code: types.CodeType) -> list[str]:
    """All names that code has, for globals and for attributes. To tell them apart takes long."""
    names = list(code.co_names)
    for inner in code.co_consts:
        if type(inner) is types.CodeType:
            names += _names(inner)
    return names


def _is_full(cell: types.CellType) -> bool:
    try:
        cell.cell_contents  # noqa: B018 - an empty cell has none
    except ValueError:
        return False
    return True
