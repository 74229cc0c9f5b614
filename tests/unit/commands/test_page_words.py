"""Control words: what is one, and what becomes of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jupyterlite_pool.commands import page_words as _control
from jupyterlite_pool.commands.page_ways import Way
from jupyterlite_pool.commands.page_words import Control
from jupyterlite_pool.notebook.page import buttons

WORDS_TS = Path(__file__).parents[3] / "labextension" / "src" / "plugin" / "kernels" / "words.ts"


@pytest.fixture
def opened() -> list[tuple[str, Callable[[Any], None]]]:
    return []


@pytest.fixture
def control(opened: list[tuple[str, Callable[[Any], None]]]) -> Control:
    return Control(Way(lambda name, listener: opened.append((name, listener))))


def test_no_two_channels_have_one_name(
    control: Control, opened: list[tuple[str, Callable[[Any], None]]]
) -> None:
    other = Control(Way(lambda *_: None))
    [(name, _)] = opened
    assert name == control.name != other.name
    pattern = re.search(r"NAME = /(.*)/;", WORDS_TS.read_text("utf-8"))
    assert pattern is not None
    assert re.fullmatch(pattern[1], name)


def test_both_languages_know_the_same_words(control: Control) -> None:
    source = WORDS_TS.read_text("utf-8")
    fields = dict(re.findall(r"\{ type: '(\w+)'(?:; (\w+)\??: [^}]*)? \}", source))
    assert fields == {name: word.field or "" for name, word in control._words.items()}
    target = re.search(r"TARGET = '(.*)';", source)
    assert target is not None
    assert target[1] == _control.TARGET


def test_a_button_cancels_its_job(control: Control) -> None:
    pressed: list[str] = []
    buttons["0123456789abcdef"] = lambda: pressed.append("cancel")
    try:
        control.hear({"type": "cancel", "job": "0123456789abcdef"})
        control.hear({"type": "cancel", "job": "fedcba9876543210"})  # of another kernel
    finally:
        buttons.clear()
    assert pressed == ["cancel"]


def test_the_page_is_told_no_more_when_it_has_heard(control: Control) -> None:
    assert not control.heard
    control.hear({"type": "heard"})
    assert control.heard


@pytest.mark.parametrize(
    "word",
    [
        None,
        "heard",
        [],
        {},
        {"type": 1},
        {"type": ["heard"]},
        {"type": "heard", "more": 1},
        {"type": "cancel"},
        {"type": "cancel", "job": None},
        {"type": "cancel", "job": "0123"},
        {"type": "cancel", "job": "0123456789abcdef\n"},
        {"type": "no such word"},
    ],
)
def test_what_is_no_word_does_nothing(
    control: Control, word: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    complaints: list[None] = []
    monkeypatch.setattr(_control, "complain", lambda: complaints.append(None))
    control.hear(word)
    assert complaints == [None]
    assert not control.heard
