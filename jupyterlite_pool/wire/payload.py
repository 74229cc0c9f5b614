"""A call or a result to bytes and back.

Everything is pickled with protocol 5, so that large buffers stay out of the stream and can be
transferred (see `_buffers`). Plain pickle is tried first because it is several times faster,
but it sends what `__main__` defines by name, and a worker's `__main__` is empty: such objects, and
those that plain pickle refuses (lambdas, closures), go by value through cloudpickle.
"""

from __future__ import annotations

import io
import pickle
import types
from collections import ChainMap
from collections.abc import Sequence
from typing import Any, ClassVar, NamedTuple

import cloudpickle

from .buffers import OUT_OF_BAND_BYTES, Buffer, RawBytes, RawReader, holds_large_bytes
from .refs import ObjectRef, note_refs

#: What cloudpickle calls to make a function that came by value: a code object and its globals.
_BY_VALUE = b"_make_function"

#: Values of these types hold nothing that would have to be looked at, and can always be read.
ATOMS = frozenset({type(None), bool, int, float, complex, str})

#: pickle has no protocol above this one in any Python that Pyodide ships.
PROTOCOL = 5


class Encoded(NamedTuple):
    """An object as bytes, with the buffers that were left out of them."""

    payload: bytes
    buffers: list[memoryview]
    #: What a worker must hold to read it.
    refs: tuple[ObjectRef[Any], ...] = ()

    @property
    def nbytes(self) -> int:
        """All bytes, in and out of band."""
        return len(self.payload) + sum(buffer.nbytes for buffer in self.buffers)


def encode(obj: object, *, apart: bool = True, kept: bool = False) -> Encoded:
    """Pickle an object by value where a worker could not find it by name.

    Args:
        apart: leave large buffers out of the stream.
        kept: the buffers are held for long; see `RawBytes.kept`.

    Raises:
        pickle.PicklingError: it cannot be pickled; the message names its type.
    """
    if type(obj) in ATOMS:
        return Encoded(pickle.dumps(obj, PROTOCOL), [])
    with note_refs() as refs:
        payload, buffers = _dump(obj, apart, kept)
    if not refs:
        return Encoded(payload, buffers)
    return Encoded(payload, buffers, tuple({ref.key: ref for ref in refs}.values()))


def _reduce_code(code: types.CodeType) -> tuple[Any, ...]:
    """As cloudpickle, but the code keeps the name of its file, where tracebacks find its lines.

    From 3.1.3 on cloudpickle writes another in its place.
    """
    reduced = cloudpickle.CloudPickler.dispatch_table[types.CodeType](code)
    make, fields = reduced[:2]
    return make, tuple(code.co_filename if field == NO_FILE else field for field in fields)


#: What cloudpickle has for the file of all code.
NO_FILE = "<dynamic-code>"


class _ByValuePickler(cloudpickle.CloudPickler):  # type: ignore[misc]
    """cloudpickle's, for code that comes from a cell."""

    dispatch_table: ClassVar[Any] = ChainMap(
        {types.CodeType: _reduce_code}, cloudpickle.CloudPickler.dispatch_table
    )


class _RawPickler(RawBytes, pickle.Pickler):
    """pickle's own, which leaves out large bytes."""


class _RawByValuePickler(RawBytes, _ByValuePickler):
    """The same of cloudpickle's."""


def _dump(obj: object, apart: bool, kept: bool) -> tuple[bytes, list[memoryview]]:
    buffers: list[memoryview] = []

    def keep_in_band(buffer: pickle.PickleBuffer) -> bool:
        raw = buffer.raw()
        if not apart or raw.nbytes < OUT_OF_BAND_BYTES:
            return True
        buffers.append(raw)
        return False

    def dump_with(pickler_class: Any) -> bytes:
        stream = io.BytesIO()
        pickler = pickler_class(stream, PROTOCOL, buffer_callback=keep_in_band)
        pickler.buffers, pickler.kept = buffers, kept
        pickler.dump(obj)
        return stream.getvalue()

    large = apart and holds_large_bytes(obj)
    if not cloudpickle.list_registry_pickle_by_value():
        try:
            if large:
                payload = dump_with(_RawPickler)
            else:
                payload = pickle.dumps(obj, PROTOCOL, buffer_callback=keep_in_band)
        except Exception:
            pass  # cloudpickle takes more, and has the better word where it does not
        else:
            if b"__main__" not in payload:
                return payload, buffers
    buffers.clear()
    try:
        payload = dump_with(_RawByValuePickler if large else _ByValuePickler)
    except Exception as error:
        buffers.clear()  # the error holds this frame, and nobody is to hold the user's buffers
        if isinstance(error, pickle.PicklingError):
            raise
        raise pickle.PicklingError(f"{type(error).__name__}: {error}") from error
    return payload, buffers


def decode(
    payload: bytes | memoryview,
    buffers: Sequence[Buffer] = (),
    spaces: list[dict[str, Any]] | None = None,
) -> Any:
    """The inverse of `encode`; adds to `spaces` the globals of functions that came by value."""
    if spaces is not None and _BY_VALUE in bytes(payload):
        return _FunctionUnpickler(payload, buffers, spaces).load()
    if buffers:
        return _Unpickler(payload, buffers).load()
    return pickle.loads(payload)


class _Unpickler(RawReader, pickle.Unpickler):
    """Takes what was left out of the stream from buffers."""

    def __init__(self, payload: bytes | memoryview, buffers: Sequence[Buffer]) -> None:
        self.rest = iter(buffers)
        # Both take the next one: that is how they were left out.
        memory = (buffer.to_memoryview() for buffer in self.rest)
        super().__init__(io.BytesIO(payload), buffers=memory)


class _FunctionUnpickler(_Unpickler):
    """Notes the globals of the functions that it makes."""

    def __init__(
        self, payload: bytes | memoryview, buffers: Sequence[Buffer], spaces: list[dict[str, Any]]
    ) -> None:
        super().__init__(payload, buffers)
        self._spaces = spaces

    def find_class(self, module: str, name: str) -> Any:
        found = super().find_class(module, name)
        if name != _BY_VALUE.decode():
            return found

        def make_function(code: object, space: dict[str, Any], *rest: Any) -> Any:
            if not any(known is space for known in self._spaces):
                self._spaces.append(space)
            return found(code, space, *rest)

        return make_function
