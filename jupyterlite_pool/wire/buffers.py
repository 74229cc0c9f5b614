"""Large bytes beside a pickle instead of in it.

pickle's protocol 5 leaves out what asks for it: numpy's arrays do, but `bytes`, `bytearray`,
`array.array` and `memoryview` do not. Their place in the stream is taken by a persistent id, and
their bytes travel as a buffer. So what is large is copied twice in all: out of the one heap, and
into the other, where it becomes at once what it is to be.
"""

from __future__ import annotations

import types
from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple, Protocol
from zlib import crc32

#: A buffer smaller than this costs as much as a transfer of its own as it does in the stream: see
#: `benchmarks/thresholds.py`.
OUT_OF_BAND_BYTES = 64 * 1024

#: So many bytes of a buffer are under its checksum: as many as costs next to nothing.
CHECKED_BYTES = 64 * 1024

#: How far to look for large bytes: so many things in all, and so many in each container.
_LOOK_AT, _IN_EACH = 64, 16

#: What has a `__dict__` that is not pickled.
_NO_STATE = (type, types.ModuleType, types.FunctionType)


class Buffer(Protocol):
    """A buffer that has arrived, and is not in the heap yet: as `pyodide.ffi.JsBuffer`."""

    @property
    def byteLength(self) -> int:  # noqa: N802 - JavaScript's name
        """How many bytes it has."""

    def to_bytes(self) -> bytes:
        """Copy it into the heap."""

    def to_memoryview(self) -> memoryview:
        """Copy it into the heap, where it can be written to."""

    def assign_to(self, target: Any) -> None:
        """Copy it into something of the same size."""


class HeapBuffer:
    """A `Buffer` where there is no JavaScript: bytes of this process."""

    def __init__(self, data: Any) -> None:
        """Takes a copy of anything with bytes."""
        self._data = bytes(data)

    @property
    def byteLength(self) -> int:  # noqa: N802 - as its protocol has it
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
    """Copies of buffers, as they arrive where there is no JavaScript."""
    return [HeapBuffer(buffer) for buffer in buffers]


class RawId(NamedTuple):
    """Stands in a pickle for something whose bytes travel beside it."""

    #: Which it is of the stream; with a number that was there before, the same once more.
    number: int
    kind: str
    nbytes: int
    #: The CRC-32 of its first bytes.
    checksum: int
    #: Of an array.
    typecode: str | None = None


def holds_large_bytes(obj: object) -> bool:
    """Whether it is, or has in it, what would be better off beside a pickle.

    Looks some steps into containers and attributes. What it does not find is pickled as ever.
    """
    left = _LOOK_AT
    to_see: list[Iterator[Any]] = [iter((obj,))]
    while to_see:
        for value in to_see.pop():
            kind = type(value)
            if kind in _RAW:
                if _nbytes(value) >= OUT_OF_BAND_BYTES:
                    return True
            elif kind is tuple or kind is list:
                to_see.append(islice(iter(value), _IN_EACH))
            elif kind is dict:
                to_see.append(islice(iter(value.values()), _IN_EACH))
            elif kind.__dictoffset__ and not issubclass(kind, _NO_STATE):
                to_see.append(islice(_attributes(value), _IN_EACH))
            left -= 1
            if not left:
                return False
    return False


def _attributes(value: object) -> Iterator[Any]:
    try:
        state = object.__getattribute__(value, "__dict__")
    except Exception:  # some classes written in C have one that nobody sees; others make it up
        return iter(())
    return iter(state.values() if type(state) is dict else ())


class RawBytes:
    """For a pickler: leaves large bytes out of the stream. Give it `buffers` before it dumps.

    A `memoryview` arrives as `bytes`, as cloudpickle sends small ones.
    """

    #: Takes them in the order of the stream, along with those of a `buffer_callback`.
    buffers: list[memoryview]
    #: Whether buffers are held for long: what could change or grow meanwhile is copied.
    kept = False

    def persistent_id(self, obj: Any) -> tuple[Any, ...] | None:
        """As of `pickle.Pickler`: asked for everything."""
        kind = type(obj)
        if kind not in _RAW or _nbytes(obj) < OUT_OF_BAND_BYTES:
            return None
        view = memoryview(obj)
        if not view.c_contiguous:
            return None  # it is copied one by one
        noted: dict[int, tuple[RawId, object]] = self.__dict__.setdefault("_noted", {})
        if id(obj) not in noted:
            name = "bytes" if kind is memoryview else kind.__name__
            typecode = obj.typecode if kind is array else None
            plain = view.cast("B")
            if self.kept and kind is not bytes:
                plain = copied(plain)
            raw = RawId(len(noted), name, view.nbytes, _checksum(plain), typecode)
            noted[id(obj)] = raw, obj  # held, or another could have its id
            self.buffers.append(plain)
        return tuple(noted[id(obj)][0])


class RawReader:
    """For an unpickler: makes what `RawBytes` has left out. Give it `rest` before it loads."""

    #: The buffers of the stream that were not read yet.
    rest: Iterator[Buffer]

    def persistent_load(self, pid: Sequence[Any]) -> Any:
        """As of `pickle.Unpickler`."""
        raw = RawId._make(pid)
        made: list[Any] = self.__dict__.setdefault("_made", [])
        if raw.number == len(made):
            made.append(_make(raw, next(self.rest)))
        if not 0 <= raw.number < len(made):
            raise ValueError(f"it names bytes {raw.number} of {len(made)}")
        return made[raw.number]


def _make(raw: RawId, buffer: Buffer) -> Any:
    if buffer.byteLength != raw.nbytes:  # before anything is made that large
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
    """A copy that nobody changes."""
    return memoryview(bytes(buffer))


def _nbytes(value: Any) -> int:
    if type(value) is memoryview:
        try:
            return value.nbytes
        except ValueError:  # it was released: whoever pickles it will say so
            return 0
    return len(value) * (value.itemsize if type(value) is array else 1)


_RAW = frozenset({bytes, bytearray, array, memoryview})
