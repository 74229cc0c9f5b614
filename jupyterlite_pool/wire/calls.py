"""Functions and the arguments of their calls as bytes, and back."""

from __future__ import annotations

import hashlib
import inspect
import linecache
import pickle
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import FunctionType
from typing import Any

from .buffers import Buffer
from .payload import ATOMS, PROTOCOL, Encoded, Found, decode, encode
from .protocol import CallBatch
from .unsendable import ADVICE, name_of_type, why_not

#: Stands for plain arguments of a call, which travel as they are.
AS_THEY_ARE = Encoded(b"", [])


def encode_function(function: Callable[..., Any]) -> Encoded:
    """Pickle a function, together with the source lines that a traceback of it shows.

    Raises:
        pickle.PicklingError: the function, or an object that it refers to, cannot be pickled.
    """
    own = type(function) is FunctionType and function.__module__ == "__main__"
    try:
        return encode((function, _notebook_source(function)), updates=True, by_value=own)
    except pickle.PicklingError as error:
        name = getattr(function, "__name__", type(function).__name__)
        why = why_not(function, encode, error)
    raise pickle.PicklingError(
        f"cannot send the function {name!r} to a worker: {why}. Create such an object "
        "inside the function."
    )


def decode_function(
    payload: bytes, buffers: Sequence[Buffer] = (), found: list[Found] | None = None
) -> Callable[..., Any]:
    """The inverse of `encode_function`; also lets `traceback` find the source lines.

    Args:
        found: gets the globals of all functions, and all classes, that came by value.
    """
    function, sources = decode(payload, buffers, found)
    for filename, lines in sources.items():
        linecache.cache[filename] = (sum(map(len, lines)), None, lines, filename)
    return function  # type: ignore[no-any-return]


def are_plain(values: Iterable[Any]) -> bool:
    """Whether all these values are of simple types, which can always be sent and read."""
    return ATOMS.issuperset(map(type, values))


def encode_call(
    function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]
) -> Encoded:
    """Pickle the arguments of a call. Returns `AS_THEY_ARE` if they are plain.

    The buffers of numpy's arrays are not copied: if an array changes before the call is sent, the
    worker sees the change.

    Raises:
        pickle.PicklingError: an argument cannot be pickled; the message names it.
    """
    if not kwargs and are_plain(args):
        return AS_THEY_ARE
    try:
        return encode((tuple(args), dict(kwargs)), kept=True, updates=True, classes_first=True)
    except pickle.PicklingError as error:
        why = _what_of_a_call(function, args, kwargs, error)
    raise pickle.PicklingError(f"cannot send {why}")


def _what_of_a_call(
    function: Callable[..., Any],
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    error: pickle.PicklingError,
) -> str:
    """Which argument of a call cannot be sent, and why."""
    for name, value in _named_arguments(function, args, kwargs):
        try:
            encode(value)
        except pickle.PicklingError as cause:
            why = why_not(value, encode, cause)
            return f"argument {name} (`{name_of_type(value)}`) to a worker: {why}. {ADVICE}"
    return f"the arguments to a worker: {error}"


def encode_object(obj: object) -> Encoded:
    """Pickle an object that many calls will share.

    Raises:
        pickle.PicklingError: it cannot be pickled; the message says what of it.
    """
    try:
        return encode(obj)
    except pickle.PicklingError as error:
        why = why_not(obj, encode, error)
    raise pickle.PicklingError(
        f"cannot send the object (`{name_of_type(obj)}`) to a worker: {why}. {ADVICE}"
    )


def function_key(encoded: Encoded) -> str:
    """A key of a function. Two functions have the same key only if they have the same bytes."""
    digest = hashlib.blake2b(encoded.payload, digest_size=16)
    for buffer in encoded.buffers:
        digest.update(buffer)
    return f"function:{digest.hexdigest()}"


def join_calls(batch: CallBatch) -> bytes:
    """A batch as one payload. The buffers of its calls travel beside it, in the same order."""
    return pickle.dumps(tuple(batch), PROTOCOL)


def split_calls(payload: bytes) -> CallBatch:
    """The inverse of `join_calls`."""
    return CallBatch._make(decode(payload))


def _named_arguments(
    function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]
) -> Iterator[tuple[str, Any]]:
    """The arguments of a call, each with the name that the function has for it."""
    try:
        bound = inspect.signature(function).bind(*args, **kwargs).arguments
    except (TypeError, ValueError):  # a builtin function, or arguments that do not fit
        bound = {**{str(i): arg for i, arg in enumerate(args)}, **kwargs}
    for name, value in bound.items():
        yield repr(name), value


def _notebook_source(function: Callable[..., Any]) -> dict[str, list[str]]:
    """The lines of the cell that defined a function; empty if a file did."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    if code is None:
        return {}
    entry = linecache.cache.get(code.co_filename)
    # Entries of files have a time of change, and IPython's entries of cells have none.
    if entry is None or len(entry) != 4 or entry[1] is not None:
        return {}
    return {code.co_filename: entry[2]}
