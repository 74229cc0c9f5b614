"""How words of the page reach an ordinary kernel."""

from __future__ import annotations

import sys
import threading
from types import SimpleNamespace
from typing import Any

import pytest

from jupyterlite_pool.commands.page_ways import (
    FIELD,
    REQUEST,
    Way,
    listen_to_requests,
    way_of_page,
)
from jupyterlite_pool.commands.page_words import Control
from jupyterlite_pool.notebook.page import page

HELLO = {
    "type": "hello",
    "page": {
        "settings": {"prewarm": True, "maxWorkers": 3, "progressAfter": 2, "widgets": True},
        "options": {"outputLimitLines": 7},
    },
}


class Asked:
    """The handlers of a kernel, and what they were asked."""

    def __init__(self) -> None:
        self.usual: list[Any] = []
        self.handlers = {REQUEST: self.answer}

    def answer(self, *question: Any) -> str:
        self.usual.append(question)
        return "an answer"

    def ask(self, content: dict[str, Any]) -> Any:
        return self.handlers[REQUEST]("stream", "ident", {"content": content})


def test_a_request_without_a_word_is_answered_as_before() -> None:
    asked = Asked()
    listen_to_requests(asked.handlers, lambda word: pytest.fail(f"{word} was heard"))
    assert asked.ask({"target_name": "other"}) == "an answer"
    assert asked.usual == [("stream", "ident", {"content": {"target_name": "other"}})]


def test_words_are_heard_in_their_order_beside_the_channel_and_the_notebook() -> None:
    asked = Asked()
    heard: list[tuple[object, int]] = []
    begins, ended = threading.Event(), threading.Event()

    def hear(word: object) -> None:
        begins.wait(30)  # a lock of the pool, for example
        heard.append((word, threading.get_ident()))
        if word == 2:
            ended.set()

    listen_to_requests(asked.handlers, hear)
    for word in (0, 1, 2):
        assert asked.ask({FIELD: word}) is None  # and waits for nothing
    assert heard == []
    begins.set()
    assert ended.wait(30)
    assert [word for word, _ in heard] == [0, 1, 2]
    assert {thread for _, thread in heard} != {threading.get_ident()}
    assert len({thread for _, thread in heard}) == 1
    assert asked.usual == []


@pytest.mark.parametrize(
    ("kernel", "there"),
    [
        (SimpleNamespace(control_handlers={REQUEST: print}), True),
        (SimpleNamespace(control_handlers={}), False),
        (SimpleNamespace(control_handlers=None), False),
        (SimpleNamespace(), False),
        (None, False),
    ],
)
def test_a_kernel_without_a_control_channel_has_no_way(
    kernel: object, there: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell = SimpleNamespace(kernel=kernel)
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    way = way_of_page()
    assert (way is not None) is there
    assert way is None or way.told == {"control": True}


def test_a_page_that_comes_tells_its_settings_and_is_told_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fields = ("present", "prewarm", "max_workers", "progress_after", "widgets")
    for field in (*fields, "output_limit_lines", "life"):
        monkeypatch.setattr(page, field, getattr(page, field))
    told: list[None] = []
    monkeypatch.setattr(Control, "announce", lambda _: told.append(None))
    control = Control(Way(lambda name, hear: None))
    control.hear({"type": "heard"})
    control.hear(HELLO)
    assert (page.present, page.max_workers, page.output_limit_lines) == (True, 3, 7)
    assert (told, control.heard) == ([None], False)
    control.hear({"type": "hello", "page": {"settings": {}, "options": {}}})
    control.hear({"type": "hello", "page": {"options": {}}})
    assert told == [None]
