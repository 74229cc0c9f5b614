"""A call or a result to bytes and back.

Everything is pickled with protocol 5, so that large buffers stay out of the stream and can be
transferred (see `_buffers`). Plain pickle is tried first because it is several times faster,
but it sends what `__main__` defines by name, and a worker's `__main__` is empty: such objects, and
those that plain pickle refuses (lambdas, closures), go by value through cloudpickle.
"""

from __future__ import annotations

import hashlib
import inspect
import io
import linecache
import marshal
import pickle
import struct
import types
from collections import ChainMap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, NamedTuple
from zlib import crc32

import cloudpickle

from .buffers import OUT_OF_BAND_BYTES, Buffer, RawBytes, RawReader, holds_large_bytes
from .protocol import APART, PICKLED, PLAIN, CallBatch, ResultItem
from .refs import ObjectRef, note_refs

#: What stands after results: how many they are, and a checksum of both. C code that writes where it
#: should not is not noticed in WebAssembly; a result that was hit must be an error and not another
#: value.
RESULTS_END = struct.Struct("<II")

#: The version of `marshal` in which nothing refers to anything before it, so that what was written
#: piece by piece can be read as one list.
_PIECES = 2

#: What cloudpickle calls to make a function that came by value: a code object and its globals.
_BY_VALUE = b"_make_function"

#: Values of these types hold nothing that would have to be looked at, and can always be read.
_ATOMS = frozenset({type(None), bool, int, float, complex, str})

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


#: Stands for the arguments of a call that are plain, and travel as they are.
AS_THEY_ARE = Encoded(b"", [])


def encode(obj: object, *, apart: bool = True, kept: bool = False) -> Encoded:
    """Pickle an object by value where a worker could not find it by name.

    Args:
        apart: leave large buffers out of the stream.
        kept: the buffers are held for long; see `RawBytes.kept`.

    Raises:
        pickle.PicklingError: it cannot be pickled; the message names its type.
    """
    if type(obj) in _ATOMS:
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
    payload: bytes, buffers: Sequence[Buffer] = (), spaces: list[dict[str, Any]] | None = None
) -> Any:
    """The inverse of `encode`; adds to `spaces` the globals of functions that came by value."""
    if spaces is not None and _BY_VALUE in payload:
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
        self, payload: bytes, buffers: Sequence[Buffer], spaces: list[dict[str, Any]]
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


def encode_function(function: Callable[..., Any]) -> Encoded:
    """Pickle a function together with the source lines that a traceback of it shows.

    Raises:
        pickle.PicklingError: it, or something it refers to, cannot be pickled.
    """
    try:
        return encode((function, _notebook_source(function)))
    except pickle.PicklingError as error:
        name = getattr(function, "__name__", type(function).__name__)
        raise pickle.PicklingError(
            f"cannot send the function {name!r} to a worker: {error}. Create what it refers to "
            "inside the function, or pass it as an argument."
        ) from error


def decode_function(
    payload: bytes, buffers: Sequence[Buffer] = (), spaces: list[dict[str, Any]] | None = None
) -> Callable[..., Any]:
    """The inverse of `encode_function`; the source lines go where `traceback` looks for them."""
    function, sources = decode(payload, buffers, spaces)
    for filename, lines in sources.items():
        linecache.cache[filename] = (sum(map(len, lines)), None, lines, filename)
    return function  # type: ignore[no-any-return]


def are_plain(values: Iterable[Any]) -> bool:
    """Whether values need not be looked at before they are sent."""
    return _ATOMS.issuperset(map(type, values))


def encode_call(
    function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]
) -> Encoded:
    """Pickle the arguments of a call; `AS_THEY_ARE` where that is not needed.

    The buffers of arrays are the arguments' own; they may change until the call is sent.

    Raises:
        pickle.PicklingError: an argument cannot be pickled; the message names it.
    """
    if not kwargs and are_plain(args):
        return AS_THEY_ARE
    try:
        return encode((tuple(args), dict(kwargs)), kept=True)
    except pickle.PicklingError as error:
        for name, value in _named_arguments(function, args, kwargs):
            try:
                encode(value)
            except pickle.PicklingError as cause:
                kind = f"{type(value).__module__}.{type(value).__qualname__}"
                kind = kind.removeprefix("builtins.")
                raise pickle.PicklingError(
                    f"cannot send argument {name} (`{kind}`) to a worker: {cause}. "
                    "Create it inside the function."
                ) from cause
        raise pickle.PicklingError(f"cannot send the arguments to a worker: {error}") from error


def function_key(encoded: Encoded) -> str:
    """A key that two functions share only if they were encoded to the same bytes."""
    digest = hashlib.blake2b(encoded.payload, digest_size=16)
    for buffer in encoded.buffers:
        digest.update(buffer)
    return f"function:{digest.hexdigest()}"


def join_calls(batch: CallBatch) -> bytes:
    """A batch as one payload; the buffers of its calls are sent beside it, in the same order."""
    return pickle.dumps(tuple(batch), PROTOCOL)


def split_calls(payload: bytes) -> CallBatch:
    """The inverse of `join_calls`."""
    return CallBatch._make(pickle.loads(payload))


def dump_value(task: int, seconds: float, value: Any) -> tuple[bytes, list[memoryview]]:
    """A task's value as bytes, and the buffers that are sent beside them.

    Raises:
        pickle.PicklingError: it cannot be pickled.
    """
    kind = type(value)
    if kind in _ATOMS and (kind is not str or len(value) < OUT_OF_BAND_BYTES):
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
        return _Unpickler(pickled, buffers).load() if buffers else pickle.loads(pickled)
    return decode(payload, buffers)


def _named_arguments(
    function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]
) -> Iterator[tuple[str, Any]]:
    """The arguments with the names that the function gives them."""
    try:
        bound = inspect.signature(function).bind(*args, **kwargs).arguments
    except (TypeError, ValueError):  # a builtin, or a call that will fail in the worker
        bound = {**{str(i): arg for i, arg in enumerate(args)}, **kwargs}
    for name, value in bound.items():
        yield repr(name), value


def _notebook_source(function: Callable[..., Any]) -> dict[str, list[str]]:
    """Lines of the cell that defined a function; a file's lines the worker finds by itself."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    if code is None:
        return {}
    entry = linecache.cache.get(code.co_filename)
    # IPython enters its cells without a time of change; files have one.
    if entry is None or len(entry) != 4 or entry[1] is not None:
        return {}
    return {code.co_filename: entry[2]}
