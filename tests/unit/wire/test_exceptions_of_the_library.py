"""All exceptions of the standard library keep what they say on their way from a worker."""

from __future__ import annotations

import importlib
import inspect
import json
import subprocess
import sys
import tarfile
import threading
import types
import urllib.error
import warnings
from collections.abc import Iterator
from typing import Any

import pytest

from jupyterlite_pool.wire.exceptions import decode_error, encode_error

#: They open windows, print, or start something when they are imported.
LEFT_OUT = {"antigravity", "this", "idlelib", "turtledemo", "test", "__main__", "lib2to3"}

#: Modules below others that nothing else here imports for certain.
INNER = ("http.cookiejar", "http.cookies")

#: What to call a class with, until one of these is accepted.
ARGUMENTS: list[tuple[Any, ...]] = [
    (),
    ("text",),
    ("a", 2),
    ("a", "b", 3),
    ("a", "b", "c"),
    ("a", "b", "c", "d"),
    ("a", ["b", "c"]),
    (2, ["prog"]),
    (2, "text"),
    (2, b"text", "sender"),
    ("a", 2, "line"),
    (None, "text"),
    (ValueError, ValueError("inner"), "file.py"),
    ("file.py", (ValueError, ValueError("inner"), None)),
    ("host", 404, "busy", {"k": "v"}),
    ("utf-8", b"a\xff", 1, 2, "reason"),
    ("utf-8", "a\xff", 1, 2, "reason"),
    ("\xff", 0, 1, "reason"),
    ("several", [ValueError("a"), KeyError("b")]),
    ([("a", "b", "why")],),
    (ValueError("inner"),),
]

#: What the constructors of these take alone.
MEMBER = tarfile.TarInfo("member")
HTTP = ("http://place.test", 404, "busy", {"k": "v"}, None)


def classes() -> Iterator[type[BaseException]]:
    seen = set()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in [*sorted(sys.stdlib_module_names - LEFT_OUT), *INNER]:
            try:
                importlib.import_module(name)
            except (ImportError, OSError, RuntimeError):
                continue  # a part that this system does not have
        modules = [m for n, m in sorted(sys.modules.items()) if _is_the_librarys(n)]
        for module in modules:
            for value in list(vars(module).values()):
                if not isinstance(value, type) or not issubclass(value, BaseException):
                    continue
                if value not in seen and _is_the_librarys(value.__module__):
                    seen.add(value)
                    yield value


def _is_the_librarys(name: str) -> bool:
    top = name.partition(".")[0]
    return top in sys.stdlib_module_names and top not in LEFT_OUT


def made(kind: type[BaseException]) -> list[BaseException]:
    found = []
    known = ARGUMENTS
    if kind is urllib.error.HTTPError:  # it accepts anything else, too, and fails later
        known = [HTTP]
    elif issubclass(kind, tarfile.FilterError) and kind is not tarfile.FilterError:
        known = [(MEMBER,), (MEMBER, "path")]
    for args in known:
        try:
            error = kind(*args)
            str(error)
        except Exception:
            continue
        error.add_note(  # type: ignore[attr-defined, unused-ignore]
            "a note"
        )
        found.append(error)
    return found


def fields(error: BaseException) -> dict[str, Any]:
    """All that can be read of an exception."""
    found: dict[str, Any] = {}
    for name in {name for base in type(error).__mro__ for name in vars(base)}:
        if name.startswith("__") and name.endswith("__"):
            continue
        value = inspect.getattr_static(type(error), name)
        if isinstance(value, (types.GetSetDescriptorType, types.MemberDescriptorType, property)):
            try:
                found[name] = getattr(error, name)
            except Exception as other:
                found[name] = type(other)
    return {**found, **vars(error)}


def shown(value: Any) -> Any:
    """Something that can be compared for an object that cannot."""
    if isinstance(value, BaseException):
        return type(value), str(value)
    if isinstance(value, (list, tuple)):
        return [shown(member) for member in value]
    if isinstance(value, dict):
        return {key: shown(member) for key, member in value.items()}
    has_own = any("__eq__" in vars(base) for base in type(value).__mro__[:-1])
    return value if has_own else type(value)


CLASSES = list(classes())


def test_there_are_many() -> None:
    assert len(CLASSES) > 200


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: f"{kind.__module__}.{kind.__name__}")
def test_it_keeps_what_it_says(kind: type[BaseException]) -> None:
    errors = made(kind)
    assert errors, "no arguments are known for it"
    for error in errors:
        before = {**shown(fields(error))}
        back = decode_error(encode_error(error))
        assert type(back) is type(error)
        assert shown(back.args) == shown(error.args)
        assert str(back) == str(error)
        assert shown(fields(back)) == before


def test_what_no_constructor_takes_travels() -> None:
    called = subprocess.CalledProcessError(3, ["prog"], output=b"out", stderr=b"err")
    called.more = 5  # type: ignore[attr-defined]
    back: Any = decode_error(encode_error(called))
    assert (back.returncode, back.output, back.stderr, back.more) == (3, b"out", b"err", 5)
    http = urllib.error.HTTPError("http://place.test", 404, "no", {}, None)  # type: ignore[arg-type]
    assert decode_error(encode_error(http)).filename == "http://place.test"  # type: ignore[attr-defined]
    with pytest.raises(json.JSONDecodeError) as caught:
        json.loads('{"a": oops}')
    back = decode_error(encode_error(caught.value))
    assert (back.doc, back.pos, back.lineno) == ('{"a": oops}', 6, 1)
    with pytest.raises(NameError) as unknown:
        exec("nowhere")
    assert decode_error(encode_error(unknown.value)).name == "nowhere"  # type: ignore[attr-defined]


def test_the_object_without_an_attribute_travels_if_it_is_small() -> None:
    def failed(obj: Any) -> Any:
        with pytest.raises(AttributeError) as caught:
            obj.nothing  # noqa: B018 - it raises
        return decode_error(encode_error(caught.value))

    assert (failed([1]).obj, failed([1]).name) == ([1], "nothing")
    for obj in (threading.Lock(), bytes(100_000), (n for n in [1])):
        back = failed(obj)
        assert (back.obj, back.name) == (None, "nothing")


class SlottedError(Exception):
    """It has slots, and its constructor wants what `args` does not have."""

    __slots__ = ("__why", "code")

    def __new__(cls, *, code: int) -> SlottedError:
        return super().__new__(cls)

    def __init__(self, *, code: int) -> None:
        super().__init__("slotted")
        self.code = code
        self.__why = "because"

    @property
    def why(self) -> str:
        return self.__why


def test_slots_travel_and_keyword_arguments_are_not_asked_for() -> None:
    back = decode_error(encode_error(SlottedError(code=4)))
    assert type(back) is SlottedError
    assert (back.code, back.why, back.args) == (4, "because", ("slotted",))


class TwoKindsError(KeyError, AttributeError):
    """Its memory is that of its second base."""


def test_an_exception_of_two_built_in_kinds_travels() -> None:
    error = TwoKindsError("key")
    error.name = "name"
    back: Any = decode_error(encode_error(error))
    assert (type(back), back.args, back.name) == (TwoKindsError, ("key",), "name")


def test_an_object_that_an_exception_has_twice_stays_one() -> None:
    shared = ["shared"]
    error = ValueError(shared)
    error.again = shared  # type: ignore[attr-defined]
    back: Any = decode_error(encode_error(error))
    assert back.again is back.args[0]
