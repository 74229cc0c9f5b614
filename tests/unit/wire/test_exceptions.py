"""Exceptions on their way from a worker: as many of their parts as can be sent."""

from __future__ import annotations

import builtins
import sys
import threading
from typing import Any

import pytest

from jupyterlite_pool.errors import RemoteError
from jupyterlite_pool.tracebacks import HOOK, fold
from jupyterlite_pool.wire.exceptions import RemoteTraceback, decode_error, encode_error


class RefusalError(Exception):
    """An error with a constructor that pickle cannot call."""

    def __init__(self, code: int, *, reason: str) -> None:
        super().__init__(f"refused with {code}: {reason}")
        self.code = code
        self.reason = reason


class MuteError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


class PickyError(Exception):
    def __new__(cls, *args: object) -> PickyError:
        if not args:
            raise TypeError("wants something")
        return super().__new__(cls, *args)


def through(error: BaseException) -> BaseException:
    """An error after it was raised, encoded and decoded."""
    try:
        raise error
    except BaseException as raised:
        payload = encode_error(raised)
    return decode_error(payload)


def notes(error: BaseException) -> list[str]:
    return list(getattr(error, "__notes__", []))


@pytest.mark.parametrize(
    "error",
    [
        ValueError("v"),
        KeyError("k"),
        ZeroDivisionError(),
        Exception(1, "two", [3]),
        ValueError("too large", bytes(200_000), bytearray(100_000)),
        KeyboardInterrupt(),
        StopIteration(5),
        PickyError("x"),
    ],
)
def test_an_exception_keeps_class_and_arguments(error: BaseException) -> None:
    back = through(error)
    assert type(back) is type(error)
    assert back.args == error.args
    assert str(back) == str(error)


def test_how_the_notebook_shows_it_does_not_travel() -> None:
    assert not hasattr(through(fold(ValueError("seen before"))), HOOK)


def test_a_class_with_required_arguments_keeps_its_attributes() -> None:
    back = through(RefusalError(7, reason="full"))
    assert isinstance(back, RefusalError)
    assert (back.code, back.reason, str(back)) == (7, "full", "refused with 7: full")


def test_an_os_error_keeps_its_file() -> None:
    back = through(FileNotFoundError(2, "No such file", "missing.txt"))
    assert type(back) is FileNotFoundError
    assert (back.errno, back.strerror, back.filename) == (2, "No such file", "missing.txt")
    assert str(back) == "[Errno 2] No such file: 'missing.txt'"


def test_an_os_error_keeps_both_files() -> None:
    back = through(OSError(18, "Cross-device", "a", None, "b"))
    assert isinstance(back, OSError)
    assert (back.filename, back.filename2) == ("a", "b")


def test_a_unicode_error_keeps_its_place() -> None:
    error = UnicodeDecodeError("utf-8", b"a\xff", 1, 2, "invalid start byte")
    back = through(error)
    assert isinstance(back, UnicodeDecodeError)
    assert (back.object, back.start, back.end) == (b"a\xff", 1, 2)
    assert str(back) == str(error)


def test_an_import_error_keeps_name_and_path() -> None:
    back = through(ModuleNotFoundError("No module named 'x'", name="x", path="/p"))
    assert isinstance(back, ModuleNotFoundError)
    assert (back.name, back.path) == ("x", "/p")


def test_a_syntax_error_keeps_its_line() -> None:
    with pytest.raises(SyntaxError) as caught:
        compile("x = = 1", "<cell>", "exec")
    back = through(caught.value)
    assert isinstance(back, SyntaxError)
    assert (back.filename, back.lineno, back.text) == ("<cell>", 1, caught.value.text)


def test_system_exit_keeps_its_code() -> None:
    back = through(SystemExit(3))
    assert isinstance(back, SystemExit)
    assert back.code == 3


def test_notes_travel() -> None:
    error = ValueError("v")
    error.__notes__ = ["first", "second"]  # type: ignore[attr-defined,unused-ignore]
    assert notes(through(error)) == ["first", "second"]


def test_the_cause_shows_the_workers_traceback() -> None:
    cause = through(ValueError("v")).__cause__
    assert isinstance(cause, RemoteTraceback)
    assert "raise error" in str(cause)
    assert str(cause).rstrip().endswith('ValueError: v\n"""')
    assert cause.tb == str(cause)  # `concurrent.futures` has this attribute


def test_a_chain_of_causes_stays_a_chain() -> None:
    inner = KeyError("inner")
    try:
        try:
            raise inner
        except KeyError as error:
            raise RefusalError(1, reason="middle") from error
    except RefusalError as error:
        outer = ValueError("outer")
        outer.__cause__ = error
    kinds: list[type[BaseException]] = []
    cause: BaseException | None = through(outer)
    while cause is not None:
        kinds.append(type(cause))
        cause = cause.__cause__
    remote = RemoteTraceback
    assert kinds == [ValueError, remote, RefusalError, remote, KeyError, remote]


def test_a_class_that_cannot_travel_arrives_as_a_remote_error() -> None:
    lock = threading.Lock()

    class LocalError(Exception):
        held = lock

    back = through(LocalError("why"))
    assert type(back) is RemoteError
    assert str(back).endswith("LocalError: why")
    assert back.type_name.endswith("LocalError")
    assert "raise error" in back.traceback_text


def test_arguments_that_cannot_travel_arrive_as_a_remote_error() -> None:
    back = through(ValueError("why", threading.Lock()))
    assert type(back) is RemoteError
    assert back.type_name == "ValueError"
    assert "why" in str(back)


def test_an_attribute_that_cannot_travel_takes_nothing_along() -> None:
    error = RefusalError(7, reason="full")
    error.lock = threading.Lock()  # type: ignore[attr-defined]
    back = through(error)
    assert isinstance(back, RefusalError)
    assert (back.code, back.reason) == (7, "full")
    assert not hasattr(back, "lock")


def test_an_exception_without_words_travels() -> None:
    back = through(MuteError("m"))
    assert type(back) is MuteError
    assert back.args == ("m",)


def test_a_wordless_exception_that_cannot_travel_has_its_class_name() -> None:
    back = through(MuteError(threading.Lock()))
    assert type(back) is RemoteError
    assert "<MuteError without text>" in str(back)


def cyclic() -> BaseException:
    first, second = ValueError("first"), ValueError("second")
    first.__cause__, second.__cause__ = second, first
    return first


def with_notes(value: Any) -> BaseException:
    error = ValueError("v")
    error.__notes__ = value  # type: ignore[attr-defined,unused-ignore]
    return error


class Wordless:
    def __str__(self) -> str:
        raise RuntimeError("no words")


def long_chain() -> BaseException:
    error: BaseException = ValueError("0")
    for number in range(1, 1500):
        error, inner = ValueError(str(number)), error
        error.__cause__ = inner
    return error


@pytest.mark.parametrize(
    "make",
    [
        cyclic,
        long_chain,
        lambda: with_notes(5),
        lambda: with_notes([Wordless()]),
    ],
    ids=["causes in a circle", "very many causes", "notes that are no list", "note without text"],
)
def test_whatever_is_odd_about_an_exception_it_travels(make: Any) -> None:
    back = through(make())
    assert isinstance(back, (ValueError, RemoteError))


@pytest.mark.skipif(sys.version_info < (3, 11), reason="there are no groups before Python 3.11")
def test_a_group_keeps_its_members() -> None:
    kind: Any = vars(builtins)["ExceptionGroup"]
    back: Any = through(kind("several", [ValueError("a"), OSError(2, "No", "f")]))
    assert type(back) is kind
    assert back.message == "several"
    first, second = back.exceptions
    assert (type(first), first.args) == (ValueError, ("a",))
    assert isinstance(second, FileNotFoundError)
    assert second.filename == "f"


@pytest.mark.skipif(sys.version_info < (3, 11), reason="there are no groups before Python 3.11")
def test_a_group_of_ones_own_kind_keeps_members_that_pickle_cannot_read() -> None:
    space: dict[str, Any] = {"RefusalError": RefusalError}
    exec(
        "class Coded(ExceptionGroup):\n"
        "    def __new__(cls, message, errors, code):\n"
        "        made = super().__new__(cls, message, errors)\n"
        "        made.code = code\n"
        "        return made\n"
        "    def __init__(self, *args): ...\n"
        "error = Coded('several', [RefusalError(7, reason='full')], 5)\n",
        space,
    )
    back: Any = through(space["error"])
    assert (type(back), back.message, back.code) == (space["Coded"], "several", 5)
    [member] = back.exceptions
    assert (type(member), member.code) == (RefusalError, 7)
