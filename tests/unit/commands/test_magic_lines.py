"""The lines of the magics, taken apart."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from IPython.core.error import UsageError

from jupyterlite_pool.commands.magic_lines import (
    MAGICS,
    parse_loop,
    parse_options,
    split_expressions,
)
from jupyterlite_pool.commands.pool_command import COMMANDS


@pytest.mark.parametrize(
    ("line", "options", "rest"),
    [
        ("f xs", {}, "f xs"),
        ("-w 4 f xs", {"max_workers": 4}, "f xs"),
        ("-w4x f", {}, "-w4x f"),
        ("--workers=4 f xs", {"max_workers": 4}, "f xs"),
        ("  -o out -a f xs  ", {"out": "out", "block": False}, "f xs"),
        ("-b f xs", {"block": True}, "f xs"),
        ("--task-timeout 0.5 --retries 2 f xs", {"task_timeout": 0.5, "retries": 2}, "f xs"),
        ("--return-exceptions f xs", {"return_exceptions": True}, "f xs"),
        ("--label 'two words' f xs", {"label": "two words"}, "f xs"),
        ('--label="two words" f xs', {"label": "two words"}, "f xs"),
        ("-c 10 -w 2", {"chunksize": 10, "max_workers": 2}, ""),
        ("-h", {"help": True}, ""),
        ("f xs -w 4", {}, "f xs -w 4"),
        ("-1 xs", {}, "-1 xs"),
        ("", {}, ""),
    ],
)
def test_options_stand_at_the_start(line: str, options: dict[str, Any], rest: str) -> None:
    assert parse_options(line) == (options, rest)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("--nothing f xs", "has no option --nothing"),
        ("-x f xs", "has no option -x"),
        ("-w", "-w needs a value"),
        ("-w four f xs", "-w expects a whole number, not 'four'"),
        ("-w -1 f xs", "-w expects a whole number, not '-1'"),
        ("-o 1x f xs", "-o expects a name, not '1x'"),
        ("--task-timeout soon f xs", "expects a number of seconds, not 'soon'"),
    ],
)
def test_a_wrong_option_is_explained(line: str, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_options(line)
    assert words in str(caught.value)


@pytest.mark.parametrize("name", MAGICS)
def test_the_help_has_every_option(name: str) -> None:
    for flag in MAGICS[name].flags:
        assert flag in MAGICS[name].help


DOCS = Path(__file__).parents[3] / "docs"

#: The page of each magic that runs a cell.
PAGES = {"pool_map": "pool_map_cell.md", "pool_submit": "pool_submit.md", "pool_run": "pool_run.md"}


def test_the_overview_has_every_magic() -> None:
    page = (DOCS / "magics.md").read_text("utf-8")
    for magic in MAGICS.values():
        assert f"`%%{magic.name}" in page


@pytest.mark.parametrize("name", MAGICS)
def test_the_page_of_a_magic_has_every_option(name: str) -> None:
    page = (DOCS / "magics" / PAGES[name]).read_text("utf-8")
    for flag in MAGICS[name].flags.keys() - {"-h", "--help"}:
        assert re.search(rf"(?<![\w-]){flag}(?![\w-])", page), flag


def test_the_page_of_the_line_magic_has_every_option_but_those_of_cells() -> None:
    page = (DOCS / "magics" / "pool_map.md").read_text("utf-8")
    for flag in MAGICS["pool_map"].flags.keys() - {"-h", "--help", "--pull", "--push"}:
        assert re.search(rf"(?<![\w-]){flag}(?![\w-])", page), flag


def test_the_page_of_the_pool_has_every_command() -> None:
    page = (DOCS / "magics" / "pool.md").read_text("utf-8")
    for name in COMMANDS:
        assert f"`%pool {name}" in page


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("f xs", ["f", "xs"]),
        ("f   xs  ys", ["f", "xs", "ys"]),
        ("(lambda x: x + 1) range(10)", ["(lambda x: x + 1)", "range(10)"]),
        ("f [1, 2] {3: 4}", ["f", "[1, 2]", "{3: 4}"]),
        ("f 'a b'.split()", ["f", "'a b'.split()"]),
        ("f [')', '('] xs", ["f", "[')', '(']", "xs"]),
        (r"f 'it\'s one' xs", ["f", r"'it\'s one'", "xs"]),
        ("obj.method[0] xs", ["obj.method[0]", "xs"]),
    ],
)
def test_expressions_stand_side_by_side(text: str, parts: list[str]) -> None:
    assert split_expressions(text) == parts


@pytest.mark.parametrize("text", ["", "f", "f(x)"])
def test_a_function_needs_something_to_map_over(text: str) -> None:
    with pytest.raises(UsageError, match="what to map it over"):
        split_expressions(text)


@pytest.mark.parametrize("text", ["f a + b", "lambda x: x xs", "f (1", "f -x", "f 'open"])
def test_a_line_that_can_be_read_in_two_ways_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="in parentheses"):
        split_expressions(text)


@pytest.mark.parametrize("text", ["f xs --timeout 3", "f xs -o r", "f xs -timeout 3"])
def test_an_option_behind_the_function_is_said_to_stand_first(text: str) -> None:
    with pytest.raises(UsageError, match=r"Options stand first: `%pool_map --?(timeout|o) … FUNC"):
        split_expressions(text)


@pytest.mark.parametrize(
    ("text", "loop"),
    [
        ("x in xs", ("x", "xs")),
        ("x in range( 10 )", ("x", "range( 10 )")),
        ("a, b in zip(xs, ys)", ("(a, b)", "zip(xs, ys)")),
        ("x in [y for y in ys if y in zs]", ("x", "[y for y in ys if y in zs]")),
        ("x in xs[1:]  # all but the first", ("x", "xs[1:]")),
        ("x in 'a#b'", ("x", "'a#b'")),
    ],
)
def test_a_cell_has_the_head_of_a_loop(text: str, loop: tuple[str, str]) -> None:
    target, source = parse_loop(text)
    assert (target.strip("()"), source) == (loop[0].strip("()"), loop[1])


@pytest.mark.parametrize(
    "text",
    ["", "x", "x xs", "x in", "1 in xs", "x in xs: print(1) #", "x in xs: pass\nfor y in ys"],
)
def test_another_head_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="NAME in ITERABLE"):
        parse_loop(text)
