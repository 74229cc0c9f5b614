"""The code of functions, as bytes of its own.

Nobody can change code, and its many parts take long to pickle and to read. So each side does it
once and remembers the bytes, or what it has made of them.
"""

from __future__ import annotations

import functools
import io
import pickle
import types
import weakref
from typing import Any

from cloudpickle import cloudpickle

from .classes import Reduced

#: The highest protocol of pickle that every Python of Pyodide has.
_PROTOCOL = 5

#: The name with which cloudpickle replaces the file names of code.
NO_FILE = "<dynamic-code>"

#: The bytes of code, by its address: two codes that are equal may have other names of files.
_bytes: dict[int, tuple[weakref.ref[types.CodeType], bytes]] = {}


class _Pickler(pickle.Pickler):
    """Pickles the parts of code, in which there may be more code."""

    def reducer_override(self, obj: Any) -> Any:
        """As in `pickle.Pickler`, which calls this for most objects."""
        return reduce_code(obj) if type(obj) is types.CodeType else NotImplemented


def reduce_code(code: types.CodeType) -> Reduced:
    """A recipe of code."""
    key = id(code)
    known = _bytes.get(key)
    if known is None or known[0]() is not code:
        stream = io.BytesIO()
        _Pickler(stream, _PROTOCOL).dump(_parts(code))
        ref = weakref.ref(code, lambda _: _bytes.pop(key, None))
        known = _bytes[key] = ref, stream.getvalue()
    return make_code, (known[1],)


def _parts(code: types.CodeType) -> tuple[Any, ...]:
    """What cloudpickle takes code apart to, but with the file name, by which tracebacks find lines.

    From 3.1.3 on, cloudpickle replaces the file name.
    """
    _, fields = cloudpickle.CloudPickler.dispatch_table[types.CodeType](code)[:2]
    return tuple(code.co_filename if field == NO_FILE else field for field in fields)


@functools.lru_cache(maxsize=1024)
def make_code(data: bytes) -> types.CodeType:
    """The code of a recipe."""
    return types.CodeType(*pickle.loads(data))
