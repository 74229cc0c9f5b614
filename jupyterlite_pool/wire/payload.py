"""Any object as bytes, and back.

Everything is pickled with protocol 5, so that large buffers stay out of the stream and can be
transferred (`wire.buffers`). Plain pickle is tried first, because it is several times faster. But
it sends only the names of functions and classes of `__main__`, and a worker's `__main__` is empty.
So cloudpickle sends these by value, and also objects that plain pickle refuses, such as lambdas and
closures.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Sequence
from typing import Any, NamedTuple

import cloudpickle

from .buffers import OUT_OF_BAND_BYTES, Buffer, RawBytes, RawReader, look_into
from .by_value import header
from .by_value.classes import reading, set_class_state
from .by_value.header import HeaderPickler, NotInHeader, RestPickler
from .by_value.pickler import ByValuePickler
from .by_value.updates import settle
from .refs import ObjectRef, note_refs

#: The function with which cloudpickle makes a function that came by value.
_MAKE_FUNCTION = "_make_function"

#: The functions that fill a class that came by value: ours and, for a few kinds, cloudpickle's.
_FILL_CLASS = set_class_state.__name__, "_class_setstate"

#: What came by value: the globals of functions, and classes.
Found = dict[str, Any] | type

#: Values of these types contain no other objects, and can always be sent and read.
ATOMS = frozenset({type(None), bool, int, float, complex, str})

#: The highest protocol of pickle that every Python of Pyodide has.
PROTOCOL = 5


class Encoded(NamedTuple):
    """An object as bytes, and the buffers that travel beside them."""

    payload: bytes
    buffers: list[memoryview]
    #: The references in the object. A worker must hold their objects to read it.
    refs: tuple[ObjectRef[Any], ...] = ()

    @property
    def nbytes(self) -> int:
        """How many bytes it has, with its buffers."""
        return len(self.payload) + sum(buffer.nbytes for buffer in self.buffers)


def encode(
    obj: object,
    *,
    apart: bool = True,
    kept: bool = False,
    updates: bool = False,
    classes_first: bool = False,
    by_value: bool = False,
) -> Encoded:
    """Pickle an object; functions and classes by value if a worker could not find them by name.

    Args:
        apart: whether to leave large buffers out of the stream.
        kept: whether somebody holds the buffers for long; see `RawBytes.collect`.
        updates: whether a receiver that knows a class of the object brings it to its state of now,
            as it must for a call.
        classes_first: whether the classes of the object go in front of it, if that can be; see
            `by_value.header`.
        by_value: whether it is known that a worker could not find the object by its name, and that
            it holds no large bytes. To find that out takes as long as to pickle a small function.

    Raises:
        pickle.PicklingError: it cannot be pickled; the message names its type.
    """
    if type(obj) in ATOMS:
        return Encoded(pickle.dumps(obj, PROTOCOL), [])
    with note_refs() as refs:
        dump = _Dump(apart, kept, updates, classes_first)
        payload, buffers = dump.by_value(obj) if by_value else dump.dump(obj)
    if not refs:
        return Encoded(payload, buffers)
    return Encoded(payload, buffers, tuple({ref.key: ref for ref in refs}.values()))


class _RawPickler(RawBytes, pickle.Pickler):
    """pickle's own pickler, which leaves out large bytes."""


class _RawByValuePickler(RawBytes, ByValuePickler):
    """The pickler that sends by value, which leaves out large bytes."""


class _RawRestPickler(RawBytes, RestPickler):
    """The pickler of what follows a header, which leaves out large bytes."""


class _Dump:
    """Pickles one object; see `encode`."""

    __slots__ = ("_apart", "_buffers", "_classes_first", "_kept", "_updates")

    def __init__(self, apart: bool, kept: bool, updates: bool, classes_first: bool) -> None:
        self._apart = apart
        self._kept = kept
        self._updates = updates
        self._classes_first = classes_first
        self._buffers: list[memoryview] = []

    def dump(self, obj: object) -> tuple[bytes, list[memoryview]]:
        """The object as bytes, and the buffers beside them."""
        large, kinds = look_into(obj) if self._apart else (False, set())
        if not cloudpickle.list_registry_pickle_by_value():
            classes = header.of_notebook(kinds) if self._classes_first else []
            payload = None if classes else self._by_name(obj, large)
            if payload is None and self._classes_first:
                self._buffers.clear()
                payload = self._with_header(obj, classes, large)
            if payload is not None:
                return payload, self._buffers
        return self.by_value(obj, large)

    def by_value(self, obj: object, large: bool = False) -> tuple[bytes, list[memoryview]]:
        """The same for an object whose functions and classes a worker could not find by name."""
        self._buffers.clear()
        try:
            payload = self._dump_with(_RawByValuePickler if large else ByValuePickler, obj)
        except Exception as error:
            # The error holds this frame, which must not hold the user's buffers.
            self._buffers.clear()
            if isinstance(error, pickle.PicklingError):
                raise
            raise pickle.PicklingError(f"{type(error).__name__}: {error}") from error
        return payload, self._buffers

    def _by_name(self, obj: object, large: bool) -> bytes | None:
        """The object as plain pickle has it; None if a worker could not read that."""
        try:
            if large:
                payload = self._dump_with(_RawPickler, obj)
            else:
                payload = pickle.dumps(obj, PROTOCOL, buffer_callback=self._keep_in_band)
        except Exception:  # cloudpickle can send more, and has better messages
            return None
        return None if b"__main__" in payload else payload

    def _with_header(self, obj: object, classes: list[type], large: bool) -> bytes | None:
        """The object with its classes in front of it; None if they cannot be told apart."""
        kind = _RawRestPickler if large else RestPickler
        for _ in range(_MOST_HEADERS):
            stream = io.BytesIO()
            first = HeaderPickler(stream, PROTOCOL, self._updates)
            try:
                first.dump(classes)
                rest = self._dump_with(kind, obj, first)
            except NotInHeader as error:
                if not isinstance(error.obj, type):
                    return None
                classes.append(error.obj)
                self._buffers.clear()
            except Exception:  # there is a better message without a header
                return None
            else:
                ids = first.classes.values()
                return header.join(stream.getvalue(), ids, self._updates, rest, PROTOCOL)
        return None

    def _keep_in_band(self, buffer: pickle.PickleBuffer) -> bool:
        raw = buffer.raw()
        if not self._apart or raw.nbytes < OUT_OF_BAND_BYTES:
            return True
        self._buffers.append(raw)
        return False

    def _dump_with(self, kind: Any, obj: object, first: HeaderPickler | None = None) -> bytes:
        stream = io.BytesIO()
        pickler = kind(stream, PROTOCOL, buffer_callback=self._keep_in_band)
        if isinstance(pickler, RawBytes):
            pickler.collect(self._buffers, self._kept)
        if isinstance(pickler, ByValuePickler):
            pickler.updates = self._updates
        if first is not None:
            pickler.header = first
        pickler.dump(obj)
        return stream.getvalue()


#: How often to try again with a class more in the header.
_MOST_HEADERS = 4


def decode(
    payload: bytes | memoryview,
    buffers: Sequence[Buffer] = (),
    found: list[Found] | None = None,
) -> Any:
    """The inverse of `encode`.

    Args:
        found: gets the globals of all functions, and all classes, that came by value.
    """
    if payload[:1] == header.MARK:
        return _read_with_header(payload, buffers, found)
    pending = reading.pending
    start = len(pending)  # to read an object can make another one be read
    try:
        if found is not None and _came_by_value(bytes(payload)):
            obj = _ByValueUnpickler(payload, buffers, found).load()
        elif buffers:
            obj = _Unpickler(payload, buffers).load()
        else:
            obj = pickle.loads(payload)
    except BaseException:
        del pending[
            start:
        ]  # these classes are not complete: if they come again, they are read anew
        raise
    if len(pending) > start:
        settle(start)
    return obj


def _read_with_header(
    payload: bytes | memoryview, buffers: Sequence[Buffer], found: list[Found] | None
) -> Any:
    parts = header.Parts(*pickle.loads(payload[1:]))
    classes = header.classes_of(parts)  # held until the rest is read
    if not header.is_needless(parts, classes):
        classes = decode(parts.header, (), found)
        header.note(parts)
    elif found is not None:
        found += [cls for cls in classes if cls and not any(cls is each for each in found)]
    rest = decode(parts.rest, buffers, found)
    del classes
    return rest


class _Unpickler(RawReader, pickle.Unpickler):
    """Reads a stream, and the buffers that were left out of it."""

    def __init__(self, payload: bytes | memoryview, buffers: Sequence[Buffer]) -> None:
        # pickle and `RawReader` take the buffers in the order in which they were left out.
        memory = (buffer.to_memoryview() for buffer in self.read_from(buffers))
        super().__init__(io.BytesIO(payload), buffers=memory)


class _ByValueUnpickler(_Unpickler):
    """Notes the globals of the functions, and the classes, that came by value."""

    def __init__(
        self, payload: bytes | memoryview, buffers: Sequence[Buffer], found: list[Found]
    ) -> None:
        super().__init__(payload, buffers)
        self._found = found

    def find_class(self, module: str, name: str) -> Any:
        original = super().find_class(module, name)
        if name == _MAKE_FUNCTION:

            def make_function(code: object, space: dict[str, Any], *rest: Any) -> Any:
                self._note(space)
                return original(code, space, *rest)

            return make_function
        if name in _FILL_CLASS:

            def fill_class(kind: type, *state: Any) -> Any:
                self._note(kind)
                return original(kind, *state)

            return fill_class
        return original

    def _note(self, owner: Found) -> None:
        if not any(known is owner for known in self._found):
            self._found.append(owner)


def _came_by_value(payload: bytes) -> bool:
    return any(name.encode() in payload for name in (_MAKE_FUNCTION, *_FILL_CLASS))
