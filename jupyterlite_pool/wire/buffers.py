"""Large bytes travel beside a pickle instead of in it.

Protocol 5 of pickle leaves large buffers of numpy's arrays out of the stream (`payload.py` collects
them), but not those of `bytes`, `bytearray`, `array.array` and `memoryview`. The classes here leave
these out, too. The stream has a persistent id in their place, and their bytes travel as a buffer.
So large data is copied only twice: out of the sender's heap, and straight into the new object in
the receiver's.
"""

from __future__ import annotations

import types
from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple, Protocol
from zlib import crc32

#: Buffers of fewer bytes stay in the stream: beside it they would not be faster. Measured by
#: `benchmarks/thresholds.py`.
OUT_OF_BAND_BYTES = 64 * 1024

#: How many bytes of a buffer its checksum covers: so few that it takes almost no time.
CHECKED_BYTES = 64 * 1024

#: How many objects to search for large bytes, in all and in each container.
_LOOK_AT, _IN_EACH = 64, 16

#: Objects of these types are pickled without their `__dict__`.
_NO_STATE = (type, types.ModuleType, types.FunctionType)


class Buffer(Protocol):
    """A buffer that has arrived and is not in the heap yet, such as a `pyodide.ffi.JsBuffer`."""

    @property
    def byteLength(self) -> int:  # noqa: N802 - JavaScript's name
        """How many bytes it has."""

    def to_bytes(self) -> bytes:
        """Copy it into the heap."""

    def to_memoryview(self) -> memoryview:
        """Copy it into writable memory of the heap."""

    def assign_to(self, target: Any) -> None:
        """Copy it into an object of the same size."""


class HeapBuffer:
    """A `Buffer` without JavaScript: bytes of this process."""

    def __init__(self, data: Any) -> None:
        """Copy any object that has bytes."""
        self._data = bytes(data)

    @property
    def byteLength(self) -> int:  # noqa: N802 - JavaScript's name
        """As `Buffer.byteLength`."""
        return len(self._data)

    def to_bytes(self) -> bytes:
        """As `Buffer.to_bytes`."""
        return self._data

    def to_memoryview(self) -> memoryview:
        """As `Buffer.to_memoryview`."""
        return memoryview(bytearray(self._data))

    def assign_to(self, target: Any) -> None:
        """As `Buffer.assign_to`."""
        memoryview(target)[:] = self._data


def in_heap(buffers: Iterable[Any]) -> list[HeapBuffer]:
    """Copies of buffers, each as a `Buffer` without JavaScript."""
    return [HeapBuffer(buffer) for buffer in buffers]


class RawId(NamedTuple):
    """Stands in a pickle for an object whose bytes travel beside it."""

    #: The objects of a stream are numbered from 0. If a number comes again, it is the same object.
    number: int
    #: The name of its type.
    kind: str
    nbytes: int
    #: The CRC-32 of its first bytes.
    checksum: int
    #: The type code of an array.
    typecode: str | None = None


def look_into(obj: object) -> tuple[bool, set[type]]:
    """What an object is or contains: large bytes, and objects of which types but containers.

    Large bytes should travel beside its pickle. This looks only some steps into containers and
    attributes. Large bytes that it does not find travel in the pickle.
    """
    left = _LOOK_AT
    large = False
    kinds: set[type] = set()
    to_see: list[Iterator[Any]] = [iter((obj,))]
    while to_see:
        for value in to_see.pop():
            kind = type(value)
            if kind in _RAW:
                large = large or _nbytes(value) >= OUT_OF_BAND_BYTES
            elif kind is tuple or kind is list:
                to_see.append(_first_of(value))
            elif kind is dict:
                to_see.append(_first_of(value.values()))
            else:
                kinds.add(kind)
                if kind.__dictoffset__ and not issubclass(kind, _NO_STATE):
                    to_see.append(_first_of(_attributes(value)))
            left -= 1
            if not left:
                return large, kinds
    return large, kinds


def _first_of(values: Iterable[Any]) -> Iterator[Any]:
    """The first few values, as they are now: another thread may change their container."""
    return iter(tuple(islice(values, _IN_EACH)))


def _attributes(value: object) -> Iterable[Any]:
    try:
        state = object.__getattribute__(value, "__dict__")
    except Exception:  # classes written in C may hide it, and others compute it
        return ()
    return state.values() if type(state) is dict else ()


class RawBytes:
    """A pickler's base that leaves large bytes out of the stream.

    A `memoryview` arrives as `bytes`; cloudpickle does the same with small ones.
    """

    def collect(self, buffers: list[memoryview], kept: bool) -> None:
        """Say where to put the bytes. Call this before the pickler dumps.

        Args:
            buffers: gets them in the order of the stream. The pickler's `buffer_callback` may add
                others to the same list.
            kept: whether somebody holds the buffers for long. Then objects that could change or
                grow in the meantime are copied.
        """
        self._buffers = buffers
        self._kept = kept
        #: By the address of the object. The object is held, so that no other gets its address.
        self._noted: dict[int, tuple[RawId, object]] = {}

    def persistent_id(self, obj: Any) -> tuple[Any, ...] | None:
        """As in `pickle.Pickler`, which calls this for every object."""
        kind = type(obj)
        if kind not in _RAW or _nbytes(obj) < OUT_OF_BAND_BYTES:
            return None
        view = memoryview(obj)
        if not view.c_contiguous:
            return None  # pickle gathers its bytes
        noted = self._noted
        if id(obj) not in noted:
            name = "bytes" if kind is memoryview else kind.__name__
            typecode = obj.typecode if kind is array else None
            plain = view.cast("B")
            if self._kept and kind is not bytes:
                plain = copied(plain)
            raw = RawId(len(noted), name, view.nbytes, _checksum(plain), typecode)
            noted[id(obj)] = raw, obj
            self._buffers.append(plain)
        return tuple(noted[id(obj)][0])


class RawReader:
    """An unpickler's base that makes the objects that `RawBytes` has left out."""

    def read_from(self, buffers: Iterable[Buffer]) -> Iterator[Buffer]:
        """Say where the bytes are. Call this before the unpickler loads.

        Returns:
            The buffers that were not read yet. Others may take from them, too.
        """
        self._rest = iter(buffers)
        self._made: list[Any] = []
        return self._rest

    def persistent_load(self, pid: Sequence[Any]) -> Any:
        """As in `pickle.Unpickler`."""
        raw = RawId._make(pid)
        made = self._made
        if raw.number == len(made):
            made.append(_make(raw, next(self._rest)))
        if not 0 <= raw.number < len(made):
            raise ValueError(f"it names bytes {raw.number} of {len(made)}")
        return made[raw.number]


def _make(raw: RawId, buffer: Buffer) -> Any:
    if buffer.byteLength != raw.nbytes:  # checked before so much memory is taken
        raise ValueError(f"it has {buffer.byteLength} bytes, not {raw.nbytes}")
    made: Any
    if raw.kind == "bytes":
        made = buffer.to_bytes()
    elif raw.kind == "bytearray":
        made = bytearray(raw.nbytes)
    else:
        one = array(raw.typecode or "", bytes(array(raw.typecode or "").itemsize))
        made = one * (raw.nbytes // one.itemsize)
    with memoryview(made) as view, view.cast("B") as plain:
        if raw.kind != "bytes":
            buffer.assign_to(plain)
        if _checksum(plain) != raw.checksum:
            raise ValueError("its checksum is wrong")
    return made


def _checksum(view: memoryview) -> int:
    with view[:CHECKED_BYTES] as head:
        return crc32(head)


def copied(buffer: memoryview) -> memoryview:
    """A copy that nobody can change."""
    return memoryview(bytes(buffer))


def _nbytes(value: Any) -> int:
    if type(value) is memoryview:
        try:
            return value.nbytes
        except ValueError:  # it was released, and pickle will say so
            return 0
    return len(value) * (value.itemsize if type(value) is array else 1)


#: The types of objects that are large bytes.
_RAW = frozenset({bytes, bytearray, array, memoryview})
