"""Results of tasks to bytes and back."""

from __future__ import annotations

import marshal
import struct
from collections.abc import Sequence
from typing import Any
from zlib import crc32

from .buffers import OUT_OF_BAND_BYTES, Buffer
from .payload import ATOMS, decode, encode
from .protocol import APART, PICKLED, PLAIN, ResultItem

#: What stands after results: how many they are, and a checksum of both. C code that writes where it
#: should not is not noticed in WebAssembly; a result that was hit must be an error and not another
#: value.
RESULTS_END = struct.Struct("<II")


#: The version of `marshal` in which nothing refers to anything before it, so that what was written
#: piece by piece can be read as one list.
_PIECES = 2


def dump_value(task: int, seconds: float, value: Any) -> tuple[bytes, list[memoryview]]:
    """A task's value as bytes, and the buffers that are sent beside them.

    Raises:
        pickle.PicklingError: it cannot be pickled.
    """
    kind = type(value)
    if kind in ATOMS and (kind is not str or len(value) < OUT_OF_BAND_BYTES):
        return marshal.dumps((task, PLAIN, value, 0, seconds), _PIECES), []
    payload, buffers, _ = encode(value)
    if len(payload) < OUT_OF_BAND_BYTES:
        return dump_result(ResultItem(task, PICKLED, payload, len(buffers), seconds)), buffers
    # To put what is large among others, and to cut it out again, would be two more copies of it.
    buffers.insert(0, memoryview(payload))
    checksum = crc32(payload[:OUT_OF_BAND_BYTES])  # of as much as costs next to nothing
    return dump_result(ResultItem(task, APART, checksum, len(buffers), seconds)), buffers


def dump_result(item: ResultItem) -> bytes:
    """One result as bytes. Results that stand one after the other, with an end, are a payload."""
    return marshal.dumps(tuple(item), _PIECES)


def results_end(count: int, checksum: int) -> bytes:
    """What stands after results.

    Args:
        count: how many they are.
        checksum: the CRC-32 of all their bytes.
    """
    return RESULTS_END.pack(count, checksum ^ count)


def join_results(records: Sequence[bytes]) -> bytes:
    """Results, each as bytes, as a payload."""
    results = b"".join(records)
    return results + results_end(len(records), crc32(results))


def split_results(payload: bytes) -> list[ResultItem]:
    """The results of a payload, as plain tuples with the fields of `ResultItem`.

    Raises:
        ValueError: these are no results, or not as they were sent.
    """
    if not payload:
        return []
    end = len(payload) - RESULTS_END.size
    if end < 0:
        raise ValueError("it sent results that are cut short")
    count, checksum = RESULTS_END.unpack_from(payload, end)
    results = payload[:end]
    if crc32(results) ^ count != checksum:
        raise ValueError("it sent results whose checksum is wrong")
    try:
        # As `marshal` writes a list: so all are read at once, and not one by one.
        items: list[ResultItem] = marshal.loads(b"[" + struct.pack("<I", count) + results)
    except (EOFError, TypeError, ValueError) as error:
        raise ValueError(f"it sent results that cannot be read: {error}") from error
    return items


def read_value(item: ResultItem, buffers: Sequence[Buffer]) -> Any:
    """The value of a result that is none of an exception.

    Args:
        buffers: its own.

    Raises:
        Exception: it cannot be read here.
    """
    _, kind, payload, _, _ = item
    if kind == PLAIN:
        return payload
    if kind == APART:
        first, *buffers = buffers
        pickled = first.to_memoryview()
        if crc32(pickled[:OUT_OF_BAND_BYTES]) != payload:
            raise ValueError("its checksum is wrong")
        return decode(pickled, buffers)
    return decode(payload, buffers)
