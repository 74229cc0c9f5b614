"""The error for what cannot be sent: one line that names it."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import pickle
import socket
import sqlite3
import tempfile
import threading
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from jupyterlite_pool.wire.calls import encode_call, encode_function, encode_object
from jupyterlite_pool.wire.results import dump_value

LOCK = threading.Lock()


class Job:
    def __init__(self, **attributes: Any) -> None:
        vars(self).update(attributes)

    def work(self) -> None: ...


class Slotted:
    __slots__ = ("held",)

    def __init__(self, held: object) -> None:
        self.held = held


def refused(send: Callable[[], object]) -> str:
    with pytest.raises(pickle.PicklingError) as caught:
        send()
    shown = "".join(traceback.format_exception(caught.value))
    assert "During handling" not in shown
    assert "direct cause" not in shown
    text = str(caught.value)
    assert "\n" not in text
    return text


def argument(value: object) -> str:
    return refused(lambda: encode_call(lambda job: None, (value,), {}))


def running() -> Iterator[int]:
    yield 1


async def waiting() -> None: ...


@pytest.fixture
def coroutine() -> Iterator[Any]:
    made = waiting()
    yield made
    made.close()


def test_it_names_the_way_to_an_attribute() -> None:
    with tempfile.TemporaryFile("w+") as file:
        job = Job(name="x", parts=[1, {"log": Slotted(file)}])
        assert argument(job) == (
            f"cannot send argument 'job' (`{__name__}.Job`) to a worker: its attribute `parts`, "
            "its item 1, its item 'log', its attribute `held`: an open file "
            "(`_io.TextIOWrapper`) cannot be sent. Create it inside the function."
        )


def test_it_names_a_global_and_a_variable() -> None:
    space: dict[str, Any] = {"log": threading.Lock(), "__name__": "__main__"}
    exec("def helper(): return log\ndef f(): return helper()", space)
    assert refused(lambda: encode_function(space["f"])) == (
        "cannot send the function 'f' to a worker: the global `helper` of the function `f`, the "
        "global `log` of the function `helper`: a lock (`_thread.lock`) cannot be sent. Create "
        "such an object inside the function."
    )
    held = threading.Lock()
    assert "the variable `held` of the function `<lambda>`: a lock" in refused(
        lambda: encode_function(lambda: held)
    )
    assert "a default of the function `<lambda>`: a lock" in refused(
        lambda: encode_function(lambda held=held: held)
    )


def test_it_names_what_a_class_has() -> None:
    class Local:
        lock = LOCK

        def method(self) -> object:
            return None

    words = "the attribute `lock` of the class `test_it_names_what_a_class_has.<locals>.Local`"
    assert words in refused(lambda: encode_function(Local))
    assert words in argument(Local())
    assert words in refused(lambda: encode_function(Local().method))


def test_it_names_an_argument_of_a_partial_and_the_object_of_a_method() -> None:
    text = refused(lambda: encode_function(functools.partial(print, 1, end=LOCK)))
    assert "its argument `end`: a lock" in text
    text = refused(lambda: encode_function(Job(lock=LOCK).work))
    assert "the object of the method `work`, its attribute `lock`: a lock" in text


def test_a_result_and_an_object_for_all_are_named_too() -> None:
    assert refused(lambda: dump_value(1, 0.5, [1, LOCK])) == (
        "cannot send the result (`list`) to the notebook: its item 1: a lock (`_thread.lock`) "
        "cannot be sent. Return what is needed of it instead."
    )
    assert "the object (`list`) to a worker: its item 0: a lock" in refused(
        lambda: encode_object([LOCK])
    )


def test_everything_that_no_process_can_send_has_a_noun(coroutine: Any) -> None:
    database = sqlite3.connect(":memory:")
    loop = asyncio.new_event_loop()
    with socket.socket() as plug, tempfile.TemporaryFile() as file:
        for value, noun in [
            (LOCK, "a lock"),
            (threading.RLock(), "a lock"),
            (file, "an open file"),
            (running(), "a running generator"),
            (coroutine, "a coroutine"),
            (threading.Thread(), "a thread"),
            (plug, "a socket"),
            (database, "an open database"),
            (database.cursor(), "a cursor"),
            (threading.local(), "data of one thread"),
            (contextvars.copy_context(), "a context"),
            (asyncio.Future(loop=loop), "a future"),
        ]:
            assert f"to a worker: {noun} (`" in argument(value).replace(" of an open database", "")
    database.close()
    loop.close()


def test_the_users_own_refusal_is_told() -> None:
    class Refuses:
        def __reduce__(self) -> str:
            raise ValueError("not me")

    assert "its item 0: ValueError: not me" in argument([Refuses()])


def test_a_circle_does_not_hold_it_up() -> None:
    first, second = Job(), Job(lock=LOCK)
    first.other, second.other = second, first  # type: ignore[attr-defined]
    assert "its attribute `other`, its attribute `lock`: a lock" in argument(first)
