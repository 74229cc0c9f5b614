"""The results of tasks as bytes, and back."""

from __future__ import annotations

import marshal
import pickle
import struct
from collections.abc import Sequence
from typing import Any
from zlib import crc32

from .buffers import OUT_OF_BAND_BYTES, Buffer
from .payload import ATOMS, decode, encode
from .protocol import APART, PICKLED, PLAIN, ResultItem
from .unsendable import name_of_type, why_not

#: The end of a payload of results: how many results it has, and a checksum. WebAssembly does not
#: notice when C code writes to wrong places. A result that was overwritten must be an error, and
#: not another value.
RESULTS_END = struct.Struct("<II")
_pack_end = RESULTS_END.pack

#: In this version of `marshal` no value refers to an earlier one. So results that were written one
#: by one can be read as one list.
PIECES = 2


#: How the error begins of a value that cannot be sent.
REFUSED = "cannot send the result"


def dump_value(task: int, seconds: float, value: Any) -> tuple[bytes, list[memoryview]]:
    """A task's value as bytes, and the buffers that travel beside them.

    Args:
        seconds: how long the call took.

    Raises:
        pickle.PicklingError: the value cannot be pickled.
    """
    kind = type(value)
    if kind in ATOMS and (kind is not str or len(value) < OUT_OF_BAND_BYTES):
        return marshal.dumps((task, PLAIN, value, 0, seconds), PIECES), []
    try:
        payload, buffers, _ = encode(value, classes_first=True)
    except pickle.PicklingError as error:
        why = why_not(value, encode, error)
        raise pickle.PicklingError(
            f"{REFUSED} (`{name_of_type(value)}`) to the notebook: {why}. Return what "
            "is needed of it instead."
        ) from None
    if len(payload) < OUT_OF_BAND_BYTES:
        return dump_result(ResultItem(task, PICKLED, payload, len(buffers), seconds)), buffers
    # Among the other results a large pickle would be copied twice more.
    buffers.insert(0, memoryview(payload))
    checksum = crc32(payload[:OUT_OF_BAND_BYTES])  # of so few bytes that it takes almost no time
    return dump_result(ResultItem(task, APART, checksum, len(buffers), seconds)), buffers


def dump_result(item: ResultItem) -> bytes:
    """One result as bytes. Results one after the other, and then an end, are a payload."""
    return marshal.dumps(tuple(item), PIECES)


def results_end(count: int, checksum: int) -> bytes:
    """The end of a payload of results.

    Args:
        count: how many results it has.
        checksum: the CRC-32 of the bytes of all results.
    """
    return _pack_end(count, checksum ^ count)


def join_results(records: Sequence[bytes]) -> bytes:
    """Several results, each as bytes, as one payload."""
    results = b"".join(records)
    return results + results_end(len(records), crc32(results))


def split_results(payload: bytes) -> list[ResultItem]:
    """The results of a payload, as plain tuples with the fields of `ResultItem`.

    Raises:
        ValueError: the payload is no payload of results, or was changed on the way.
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
        # `marshal` writes a list like this. So one call reads all results.
        items: list[ResultItem] = marshal.loads(b"[" + struct.pack("<I", count) + results)
    except (EOFError, TypeError, ValueError) as error:
        raise ValueError(f"it sent results that cannot be read: {error}") from error
    return items


def read_value(item: ResultItem, buffers: Sequence[Buffer]) -> Any:
    """The value of a result that is no exception.

    Args:
        buffers: the buffers of this result.

    Raises:
        Exception: the value cannot be read here.
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
