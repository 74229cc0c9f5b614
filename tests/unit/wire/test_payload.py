"""Calls and results as bytes, and back."""

from __future__ import annotations

import linecache
import pickle
import subprocess
import sys
import threading
import traceback
from array import array
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jupyterlite_pool.wire.buffers import OUT_OF_BAND_BYTES, in_heap
from jupyterlite_pool.wire.calls import (
    AS_THEY_ARE,
    decode_function,
    encode_call,
    encode_function,
    function_key,
    join_calls,
    split_calls,
)
from jupyterlite_pool.wire.payload import decode, encode
from jupyterlite_pool.wire.protocol import FAILED, PICKLED, CallBatch, ResultItem
from jupyterlite_pool.wire.results import (
    dump_result,
    dump_value,
    join_results,
    read_value,
    split_results,
)

ROOT = Path(__file__).parents[3]


class Array:
    """An object that pickles its bytes as arrays do."""

    def __init__(self, data: Any) -> None:
        self.data = bytes(data)

    def __reduce_ex__(self, protocol: Any) -> Any:
        return Array, (pickle.PickleBuffer(self.data),)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Array) and self.data == other.data


def plain(x: int) -> int:
    return x + 1


def adder(k: int) -> Callable[[int], int]:
    return lambda x: x + k


def through(function: Callable[..., Any]) -> Callable[..., Any]:
    return decode_function(encode_function(function).payload)


@pytest.mark.parametrize(
    "value", [None, 1, "é", b"\x00", (1, [2, {3: 4}]), {"a": {1, 2}}, plain, Array(b"abc")]
)
def test_a_value_comes_back_equal(value: object) -> None:
    assert decode(encode(value).payload) == value


@pytest.mark.parametrize("function", [plain, lambda x: x + 1, adder(1), (1).__add__])
def test_a_function_of_any_kind_comes_back(function: Callable[[int], int]) -> None:
    assert through(function)(41) == 42


IN_MAIN = """
import sys
sys.path.insert(0, ".")
from jupyterlite_pool.wire.calls import encode_function
class Point:
    def __init__(self, x): self.x = x
    def doubled(self): return Point(2 * self.x)
def f(x): return Point(x).doubled().x
print(encode_function(f).payload.hex())
"""

ELSEWHERE = """
import sys
sys.path.insert(0, ".")
from jupyterlite_pool.wire.calls import decode_function
print(decode_function(bytes.fromhex(sys.argv[1]))(21))
"""


def test_what_main_defines_travels_by_value() -> None:
    def python(program: str, *args: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", program, *args],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    assert python(ELSEWHERE, python(IN_MAIN)) == "42"


def test_a_large_buffer_stays_out_of_the_stream() -> None:
    array = Array(bytes(OUT_OF_BAND_BYTES))
    payload, buffers, _ = encoded = encode(array)
    assert [buffer.nbytes for buffer in buffers] == [OUT_OF_BAND_BYTES]
    assert len(payload) < 1000
    assert encoded.nbytes == len(payload) + OUT_OF_BAND_BYTES
    assert decode(payload, in_heap(buffers)) == array


def test_what_could_grow_can_grow_while_its_call_waits() -> None:
    data, numbers = bytearray(OUT_OF_BAND_BYTES), array("d", bytes(OUT_OF_BAND_BYTES))
    call = encode_call(len, (data, numbers, memoryview(data), bytes(OUT_OF_BAND_BYTES)), {})
    assert len(call.buffers) == 4
    data += b"x"
    numbers.append(1.0)
    (first, second, _, _), _ = decode(call.payload, in_heap(call.buffers))
    assert (len(first), second.itemsize * len(second)) == (OUT_OF_BAND_BYTES,) * 2


def test_a_small_buffer_stays_in_the_stream() -> None:
    array = Array(bytes(OUT_OF_BAND_BYTES - 1))
    payload, buffers, _ = encode(array)
    assert buffers == []
    assert decode(payload) == array


def test_buffers_of_a_first_try_are_not_sent_twice() -> None:
    array = Array(bytes(OUT_OF_BAND_BYTES))
    # Plain pickle takes the array, and then refuses the lambda.
    payload, buffers, _ = encode([array, lambda: 42])
    assert len(buffers) == 1
    back, function = decode(payload, in_heap(buffers))
    assert back == array
    assert function() == 42


def test_what_cannot_be_pickled_is_always_a_pickling_error() -> None:
    with pytest.raises(pickle.PicklingError, match=r"TypeError: cannot pickle '_thread\.lock'"):
        encode(threading.Lock())


@pytest.mark.parametrize(
    ("args", "kwargs", "named"),
    [
        ((1, threading.Lock()), {}, "argument 'b'"),
        ((1,), {"b": threading.Lock()}, "argument 'b'"),
        ((threading.Lock(), 1), {}, "argument 'a'"),
    ],
)
def test_the_error_names_the_argument(
    args: tuple[Any, ...], kwargs: dict[str, Any], named: str
) -> None:
    def function(a: object, b: object) -> None: ...

    with pytest.raises(pickle.PicklingError, match=named) as caught:
        encode_call(function, args, kwargs)
    assert "_thread.lock" in str(caught.value)


def test_the_error_counts_the_arguments_of_a_call_that_cannot_be_bound() -> None:
    with pytest.raises(pickle.PicklingError, match="argument '1'"):
        encode_call(lambda: None, (0, threading.Lock()), {})


def test_the_error_names_the_function() -> None:
    lock = threading.Lock()

    def locked() -> None:
        lock.acquire()

    with pytest.raises(pickle.PicklingError, match=r"the function 'locked'.*inside the function"):
        encode_function(locked)


def test_functions_share_a_key_only_if_they_are_the_same_bytes() -> None:
    one, two = encode_function(adder(1)), encode_function(adder(2))
    assert function_key(one) == function_key(encode_function(adder(1)))
    assert function_key(one) != function_key(two)


def test_a_key_depends_on_large_buffers_too() -> None:
    def sized(byte: int) -> Callable[[], Array]:
        array = Array(bytes([byte]) * OUT_OF_BAND_BYTES)
        return lambda: array

    one, two = encode_function(sized(1)), encode_function(sized(2))
    assert one.payload == two.payload
    assert function_key(one) != function_key(two)


def test_a_batch_comes_out_as_it_went_in() -> None:
    batch = CallBatch(4, "f", "e", [b"first", (1, "x")], [1, 2], [2, 0], [(7, 0), (7, 1)], True)
    assert split_calls(join_calls(batch)) == batch


def test_plain_arguments_travel_as_they_are() -> None:
    assert encode_call(plain, (1, None, 2.5, "x", True), {}) is AS_THEY_ARE


@pytest.mark.parametrize(
    ("args", "kwargs"),
    [((1, [2]), {}), ((b"x",), {}), ((type("Int", (int,), {})(1),), {}), ((1,), {"y": 2})],
)
def test_other_arguments_are_pickled(args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    assert encode_call(plain, args, kwargs).payload


def test_results_that_stand_one_after_the_other_are_a_payload() -> None:
    items = [ResultItem(1, PICKLED, b"x", 0, 0.5), ResultItem(2, FAILED, b"y", 0, 0.25)]
    assert split_results(join_results([dump_result(item) for item in items])) == items


@pytest.mark.parametrize(
    "value", [None, True, -1, 10**4000, float("-inf"), 1j, "\ud800 é", "x" * 100_000, [1], b"x"]
)
def test_a_value_comes_back_with_its_type(value: Any) -> None:
    record, buffers = dump_value(7, 0.5, value)
    [item] = split_results(join_results([record]))
    task, _, _, count, seconds = item
    assert (task, count, seconds) == (7, len(buffers), 0.5)
    back = read_value(item, in_heap(buffers))
    assert (type(back), back) == (type(value), value)


@pytest.mark.parametrize("changed", range(-1, -30, -1))
def test_a_result_that_was_hit_is_an_error(changed: int) -> None:
    records = [dump_value(task, 0.5, task)[0] for task in range(3)]
    payload = bytearray(join_results(records))
    payload[changed] ^= 4
    with pytest.raises(ValueError, match="checksum is wrong"):
        split_results(bytes(payload))


def test_a_traceback_in_a_worker_shows_the_cells_lines() -> None:
    name = "<cell 1 of a notebook>"
    lines = ["def broken():\n", "    return 1 / 0  # here\n"]
    scope: dict[str, Any] = {}
    exec(compile("".join(lines), name, "exec"), scope)
    linecache.cache[name] = (30, None, lines, name)
    try:
        encoded = encode_function(scope["broken"])
        del linecache.cache[name]  # as in a worker
        function = decode_function(encoded.payload)
        with pytest.raises(ZeroDivisionError) as caught:
            function()
        assert "# here" in "".join(traceback.format_tb(caught.value.__traceback__))
    finally:
        linecache.cache.pop(name, None)


def test_the_lines_of_a_file_are_not_sent() -> None:
    linecache.getlines(__file__)
    assert b"not_sent" not in encode_function(plain).payload


def test_a_large_result_stays_apart_with_a_checksum() -> None:
    value = [number.to_bytes(1000, "big") for number in range(OUT_OF_BAND_BYTES // 900)]
    record, [pickled] = dump_value(1, 0.5, value)
    assert len(record) < 100
    [item] = split_results(join_results([record]))
    assert read_value(item, in_heap([pickled])) == value
    hit = bytearray(pickled)
    hit[100] ^= 1
    with pytest.raises(ValueError, match="checksum is wrong"):
        read_value(item, in_heap([hit]))
