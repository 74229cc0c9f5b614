"""Large bytes travel beside a pickle."""

from __future__ import annotations

import io
import pickle
import threading
from array import array
from typing import Any
from zlib import crc32

import pytest

from jupyterlite_pool.wire.buffers import OUT_OF_BAND_BYTES, RawId, in_heap, look_into
from jupyterlite_pool.wire.payload import Encoded, decode, encode

LARGE = bytes(range(256)) * (OUT_OF_BAND_BYTES // 256)
NUMBERS = array("d", range(OUT_OF_BAND_BYTES // 8))


class Box:
    """Has a value as an attribute."""

    def __init__(self, content: Any) -> None:
        self.content = content

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Box) and self.content == other.content

    __hash__ = None  # type: ignore[assignment] # it can change


class Slotted:
    __slots__ = ("content",)

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError("nobody should ask")


class OwnBytes(bytes):
    """A subclass of bytes."""


def back(encoded: Encoded) -> Any:
    return decode(encoded.payload, in_heap(encoded.buffers))


@pytest.mark.parametrize(
    "value",
    [
        LARGE,
        bytearray(LARGE),
        NUMBERS,
        [1, LARGE],
        {"a": ({"b": bytearray(LARGE)},)},
        Box([NUMBERS]),
        (LARGE, bytearray(LARGE), NUMBERS, LARGE + b"x"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_large_bytes_stay_out_of_the_stream_and_come_back(value: Any) -> None:
    encoded = encode(value)
    assert len(encoded.payload) < 500
    assert encoded.buffers
    result = back(encoded)
    assert (type(result), result) == (type(value), value)


def test_a_memoryview_arrives_as_bytes_whatever_its_size() -> None:
    for source in (LARGE, bytearray(LARGE), LARGE[:100]):
        result = back(encode(memoryview(source)))
        assert (type(result), result) == (bytes, bytes(source))


def test_what_is_held_for_long_is_copied_unless_it_cannot_change() -> None:
    data = bytearray(LARGE)
    encoded = encode([data, memoryview(data), NUMBERS, LARGE], kept=True)
    data += b"x"  # an error if anything held a buffer of it
    data[:5] = b"12345"
    assert [bytes(part) for part in back(encoded)] == [LARGE, LARGE, bytes(NUMBERS), LARGE]
    assert encoded.buffers[3].obj is LARGE


@pytest.mark.parametrize(
    ("forged", "said"),
    [
        ({"nbytes": 1 << 31}, "it has 65536 bytes, not 2147483648"),
        ({"checksum": 1}, "checksum is wrong"),
        ({"number": 5}, "it names bytes 5 of 0"),
        ({"number": -1}, "it names bytes -1 of 0"),
    ],
)
def test_ids_that_nobody_writes_are_errors(forged: Any, said: str) -> None:
    class Forger(pickle.Pickler):
        def persistent_id(self, obj: Any) -> Any:
            return tuple(raw._replace(**forged)) if obj is LARGE else None

    raw = RawId(0, "bytearray", len(LARGE), crc32(LARGE))
    Forger(stream := io.BytesIO(), 5).dump(LARGE)
    with pytest.raises(ValueError, match=said):
        decode(stream.getvalue(), in_heap([LARGE]))


def test_what_was_hit_on_its_way_is_an_error() -> None:
    encoded = encode([LARGE])
    hit = bytearray(LARGE)
    hit[7] ^= 1
    with pytest.raises(ValueError, match="checksum is wrong"):
        decode(encoded.payload, in_heap([hit]))


def test_what_cannot_be_sent_leaves_no_buffer_behind() -> None:
    data = bytearray(LARGE)
    with pytest.raises(pickle.PicklingError) as caught:
        encode([data, threading.Lock()])
    data += b"x"
    assert caught.value.__traceback__ is not None


def test_an_array_and_a_bytearray_can_grow() -> None:
    numbers, data = back(encode([NUMBERS, bytearray(LARGE)]))
    numbers.append(1.0)
    data += b"x"
    assert (numbers.typecode, len(numbers), len(data)) == ("d", len(NUMBERS) + 1, len(LARGE) + 1)


def test_what_is_the_same_stays_the_same_and_is_sent_once() -> None:
    data = bytearray(LARGE)
    encoded = encode([data, {"again": data}, bytearray(data)])
    assert len(encoded.buffers) == 2
    first, again, other = back(encoded)
    assert first is again["again"]
    assert first is not other


def test_nothing_is_copied_on_the_way_out() -> None:
    data = bytearray(LARGE)
    [buffer] = encode([data]).buffers
    data[0] = 77
    assert buffer[0] == 77


def test_buffers_of_both_kinds_come_in_the_order_of_the_stream() -> None:
    first, second = pickle.PickleBuffer(bytearray(LARGE)), LARGE[::-1]
    third = pickle.PickleBuffer(bytearray(LARGE[1:] + b"x"))
    result = back(encode([first, second, third]))
    assert [bytes(part) for part in result] == [bytes(first), second, bytes(third)]


def test_what_only_cloudpickle_takes_goes_with_its_bytes_apart() -> None:
    encoded = encode([LARGE, lambda: 42])
    assert len(encoded.buffers) == 1
    data, function = back(encoded)
    assert (data, function()) == (LARGE, 42)


@pytest.mark.parametrize(
    "value",
    [
        LARGE[:-1],
        [b"x"] * 10,
        OwnBytes(LARGE),
        memoryview(LARGE)[::2],
        [[[[[[[]]]]]]],
        Slotted(),
        Box,
        pickle,
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_small_or_of_another_kind_is_left_to_pickle(value: Any) -> None:
    assert not look_into(value)[0] or not encode(value).buffers


def test_looking_ends_soon() -> None:
    assert not look_into([*range(1000), LARGE])[0]
    endless: list[Any] = []
    endless.append(endless)
    assert not look_into(endless)[0]


def test_it_can_be_left_in_the_stream() -> None:
    encoded = encode([LARGE, pickle.PickleBuffer(LARGE)], apart=False)
    assert not encoded.buffers
    assert decode(encoded.payload)[0] == LARGE


def test_a_container_may_change_while_it_is_looked_into() -> None:
    class Grows:
        """Whoever looks at its attributes changes the dictionary that it is in."""

        @property
        def __dict__(self) -> dict[str, object]:  # type: ignore[override]
            outer[len(outer)] = None
            return {}

    outer: dict[int, object] = {0: Grows(), 1: LARGE}
    assert look_into(outer) == (True, {Grows})
    assert len(outer) == 3
