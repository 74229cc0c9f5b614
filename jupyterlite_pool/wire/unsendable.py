"""Finds what in an object cannot be sent, so that an error can name it."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import io
import pickle
import queue
import re
import socket
import threading
import types
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from cloudpickle import cloudpickle

#: How deep to look, and at how many parts of each object.
_STEPS, _PARTS = 30, 2000

#: What an object is called that no process can send to another. First the types with subclasses.
_NOUNS: list[tuple[str, tuple[type, ...]]] = [
    ("an open file", (io.IOBase,)),
    ("a running generator", (types.GeneratorType, types.AsyncGeneratorType)),
    ("a coroutine", (types.CoroutineType,)),
    ("a lock", (type(threading.Lock()), type(threading.RLock()))),
    ("a thread", (threading.Thread,)),
    ("a queue of threads", (queue.SimpleQueue,)),
    ("a socket", (socket.socket,)),
    ("a future", (asyncio.Future,)),
    ("a frame of a call", (types.FrameType, types.TracebackType)),
    ("a context", (contextvars.Context,)),
]

#: By the name of their type, so that nothing large is imported.
_NAMED_NOUNS = {
    "sqlite3.Connection": "an open database",
    "sqlite3.Cursor": "a cursor of an open database",
    "_thread._local": "data of one thread",
    "pyodide.ffi.JsProxy": "an object of JavaScript",
}

#: What pickle writes before the words that matter.
_PREFIXES = re.compile(r"^(TypeError|PicklingError|AttributeError): ")

#: What to do where nothing better is known.
ADVICE = "Create it inside the function."


def name_of_type(value: object) -> str:
    """The name of an object's type, with its module."""
    kind = type(value)
    return f"{kind.__module__}.{kind.__qualname__}".removeprefix("builtins.")


def why_not(obj: object, encode: Callable[[object], object], error: BaseException) -> str:
    """Where in an object the trouble is, and what it is.

    Args:
        encode: pickles an object; raises `pickle.PicklingError` for one that cannot be sent.
        error: what it has raised for this object.
    """
    steps: list[str] = []
    above: list[object] = []
    try:
        while len(steps) < _STEPS and not _noun(obj):
            above.append(obj)
            found = _bad_part(obj, above, encode)
            if found is None:
                break
            words, obj, error = found
            steps.append(words)
    except Exception:
        pass  # the search must not hide the error
    text = _PREFIXES.sub("", str(error))
    what = f"{_noun(obj)} (`{name_of_type(obj)}`) cannot be sent" if _noun(obj) else text
    return ": ".join([*([", ".join(steps)] if steps else []), what])


def _noun(obj: object) -> str | None:
    named = _NAMED_NOUNS.get(name_of_type(obj))
    if named is not None:
        return named
    if type(obj) is type or isinstance(obj, (io.BytesIO, io.StringIO)):
        return None
    return next((noun for noun, kinds in _NOUNS if isinstance(obj, kinds)), None)


def _bad_part(
    obj: object, above: list[object], encode: Callable[[object], object]
) -> tuple[str, object, BaseException] | None:
    for words, part in islice(_parts(obj), _PARTS):
        if any(part is other for other in above):
            continue
        try:
            encode(part)
        except pickle.PicklingError as error:
            return words, part, error
    return None


def _parts(obj: Any) -> Iterator[tuple[str, Any]]:
    """What an object refers to, with words for each."""
    if isinstance(obj, types.FunctionType):
        yield from _parts_of_function(obj)
    elif isinstance(obj, types.MethodType):
        yield f"the object of the method `{obj.__name__}`", obj.__self__
        yield f"the method `{obj.__name__}`", obj.__func__
    elif isinstance(obj, type):
        for name, value in list(vars(obj).items()):
            yield f"the attribute `{name}` of the class `{obj.__qualname__}`", value
        yield from ((f"the class `{base.__qualname__}`", base) for base in obj.__bases__)
    elif isinstance(obj, dict):
        for key, value in list(obj.items()):
            yield f"its item {_short(key)}", value
            yield f"its key {_short(key)}", key
    elif isinstance(obj, (list, tuple)):
        yield from ((f"its item {index}", value) for index, value in enumerate(obj))
    elif isinstance(obj, (set, frozenset)):
        yield from (("a member of it", value) for value in obj)
    elif isinstance(obj, functools.partial):
        yield "its function", obj.func
        yield from ((f"its argument {index}", value) for index, value in enumerate(obj.args))
        yield from ((f"its argument `{name}`", value) for name, value in obj.keywords.items())
    elif isinstance(obj, property):
        yield from (("its function", part) for part in (obj.fget, obj.fset, obj.fdel) if part)
    elif isinstance(obj, (classmethod, staticmethod)):
        yield "its function", obj.__func__
    yield from _parts_of_instance(obj)


def _parts_of_function(obj: types.FunctionType) -> Iterator[tuple[str, Any]]:
    of = f"of the function `{obj.__name__}`"
    for name in cloudpickle._extract_code_globals(obj.__code__):
        if name in obj.__globals__:
            yield f"the global `{name}` {of}", obj.__globals__[name]
    for name, cell in zip(obj.__code__.co_freevars, obj.__closure__ or (), strict=False):
        try:
            yield f"the variable `{name}` {of}", cell.cell_contents
        except ValueError:  # it is empty
            continue
    for value in obj.__defaults__ or ():
        yield f"a default {of}", value
    for name, value in (obj.__kwdefaults__ or {}).items():
        yield f"the default of `{name}` {of}", value


def _parts_of_instance(obj: Any) -> Iterator[tuple[str, Any]]:
    kind = type(obj)
    if isinstance(obj, type):
        return
    in_words = getattr(kind, "parts_in_words", None)  # cells of a notebook have better words
    if in_words is not None:
        yield from in_words(obj)
    state = getattr(obj, "__dict__", None)
    if isinstance(state, dict):
        for name, value in list(state.items()):
            yield f"its attribute `{name}`", value
    for base in kind.__mro__:
        for name, slot in vars(base).items():
            if isinstance(slot, types.MemberDescriptorType) and kind.__flags__ & 1 << 9:
                try:
                    yield f"its attribute `{name}`", slot.__get__(obj)
                except AttributeError:  # it has no value
                    continue
    if kind.__flags__ & 1 << 9:
        yield f"its class `{kind.__qualname__}`", kind


def _short(key: object) -> str:
    text = repr(key)
    return text if len(text) <= 40 else f"{text[:37]}..."
