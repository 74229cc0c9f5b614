"""What a value consists of, to tell whether it has changed."""

from __future__ import annotations

import hashlib
import io
import pickle
import types
from typing import Any

import cloudpickle

from .payload import PROTOCOL


class _Pickler(cloudpickle.CloudPickler):  # type: ignore[misc]
    """Pickles a value, but names the functions, classes and modules in it.

    What a function refers to is no part of the value. A worker that reads a function twice has two
    objects with the same code.
    """

    #: The functions inside whose parts the value was found.
    inside: frozenset[int] = frozenset()

    def persistent_id(self, obj: Any) -> Any:
        """The name that stands for an object; None for an object that is pickled itself."""
        if isinstance(obj, type):
            return "class", obj.__module__, obj.__qualname__, id(obj)
        if isinstance(obj, types.ModuleType):
            return "module", obj.__name__
        if isinstance(obj, types.FunctionType):
            name = "function", obj.__module__, hash(obj.__code__)
            if id(obj) in self.inside:  # it captures itself
                return name
            captured = [cell.cell_contents for cell in obj.__closure__ or () if _is_full(cell)]
            parts = captured, obj.__defaults__, obj.__kwdefaults__
            return *name, contents(parts, self.inside | {id(obj)})
        return None


def contents(value: object, inside: frozenset[int] = frozenset()) -> bytes | None:
    """A digest of a value: two values that are made alike have the same one.

    None if it cannot be had: for an object that cannot be pickled.
    """
    digest = hashlib.blake2b(digest_size=16)
    buffers: list[pickle.PickleBuffer] = []
    stream = io.BytesIO()
    pickler = _Pickler(stream, PROTOCOL, buffer_callback=buffers.append)
    pickler.inside = inside
    try:
        pickler.dump(value)
        digest.update(stream.getbuffer())
        for buffer in buffers:
            digest.update(buffer.raw())
    except Exception:  # whatever a method of the user's raises
        return None
    return digest.digest()


def _is_full(cell: types.CellType) -> bool:
    try:
        cell.cell_contents  # noqa: B018 - an empty cell has none
    except ValueError:
        return False
    return True
