"""Functions and the arguments of their calls to bytes and back."""

from __future__ import annotations

import hashlib
import inspect
import linecache
import pickle
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from .buffers import Buffer
from .payload import ATOMS, PROTOCOL, Encoded, decode, encode
from .protocol import CallBatch

#: Stands for the arguments of a call that are plain, and travel as they are.
AS_THEY_ARE = Encoded(b"", [])


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
    return ATOMS.issuperset(map(type, values))


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
    return CallBatch._make(decode(payload))


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
