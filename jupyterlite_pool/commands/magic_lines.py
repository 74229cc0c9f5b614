"""Parses the lines of the magics: options, expressions side by side, the head of a loop."""

from __future__ import annotations

import ast
import difflib
import re
from collections.abc import Callable
from typing import Any, NamedTuple

from IPython.core.error import UsageError

from ..api.names_of_options import advice_on, meant
from ..jobs.options import GROUPINGS

MAP_HELP = """\
%pool_map [options] FUNCTION ITERABLE ...
    Apply a function to every item, on the workers of the pool.

%%pool_map [options] NAME in ITERABLE
    Run the cell once for every item. Names that it reads are taken from the notebook by value; its
    last expression is the item's value.

options:
    -o, --out NAME         keep the result under this name, instead of showing it
    -w, --workers N        run on at most N workers
    -c, --chunksize N      send N items at a time
    -a, --noblock          do not wait for the end
    -b, --block            wait for the end
    --timeout S            stop the job after S seconds, and keep what has finished
    --task-timeout S       stop an item that runs longer than S seconds
    --retries N            run an item again, up to N times, if its worker is lost
    --return-exceptions    run every item, and keep exceptions among the results
    --seed N               give each item a random stream of its own
    --starmap              take each item as a tuple of arguments
    --total N              how many items there will be, if the iterable does not say
    --label TEXT           name on the progress card
    --group-outputs BY     show what items print as it comes (order), by item or by worker
    -h, --help             show this"""


class _Option(NamedTuple):
    """An option of `%pool_map`."""

    #: The argument of `pool_map` that it sets.
    name: str
    #: Makes the argument's value from the text behind the option; None if there is no text.
    read: Callable[[str], Any] | None = None
    #: The value of an option without text.
    value: Any = None


def _whole(text: str) -> int:
    if not re.fullmatch(r"\d+", text):
        raise ValueError("a whole number")
    return int(text)


def _seconds(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError("a number of seconds") from None


def _identifier(text: str) -> str:
    if not text.isidentifier():
        raise ValueError("a name")
    return text


def _grouping(text: str) -> str:
    if text not in GROUPINGS:
        raise ValueError(" or ".join(GROUPINGS))
    return text


_OPTIONS = {
    ("-o", "--out"): _Option("out", _identifier),
    ("-w", "--workers"): _Option("max_workers", _whole),
    ("-c", "--chunksize"): _Option("chunksize", _whole),
    ("-a", "--noblock"): _Option("block", value=False),
    ("-b", "--block"): _Option("block", value=True),
    ("--task-timeout",): _Option("task_timeout", _seconds),
    ("--retries",): _Option("retries", _whole),
    ("--return-exceptions",): _Option("return_exceptions", value=True),
    ("--timeout",): _Option("timeout", _seconds),
    ("--seed",): _Option("seed", _whole),
    ("--total",): _Option("total", _whole),
    ("--starmap",): _Option("starmap", value=True),
    ("--label",): _Option("label", str),
    ("--group-outputs",): _Option("group_outputs", _grouping),
    ("-h", "--help"): _Option("help", value=True),
}

_BY_FLAG = {flag: option for flags, option in _OPTIONS.items() for flag in flags}

#: An option at the start of a line: two dashes, or one dash and one letter.
_FLAG = re.compile(r"\s*(--[A-Za-z][\w-]*|-[A-Za-z])(?=[=\s]|$)")
_VALUE = re.compile(r"""[=\s]\s*("[^"]*"|'[^']*'|\S+)""")


def parse_options(line: str) -> tuple[dict[str, Any], str]:
    """Split a line into the options at its start and the rest.

    Returns:
        The options as arguments of `pool_map`, and the rest of the line.

    Raises:
        UsageError: an option is unknown, or its value is missing or wrong.
    """
    options: dict[str, Any] = {}
    while (found := _FLAG.match(line)) is not None:
        flag = found.group(1)
        option = _BY_FLAG.get(flag)
        if option is None:
            raise UsageError(_no_such_flag(flag))
        line = line[found.end() :]
        if option.read is None:
            options[option.name] = option.value
            continue
        value = _VALUE.match(line)
        if value is None:
            raise UsageError(f"{flag} needs a value after it.")
        text = value.group(1).strip("\"'")
        try:
            options[option.name] = option.read(text)
        except ValueError as expected:
            raise UsageError(f"{flag} expects {expected}, not {text!r}.") from None
        line = line[value.end() :]
    return options, line.strip()


def _no_such_flag(flag: str) -> str:
    """What to tell somebody who wrote an option that there is not."""
    start, name = f"%pool_map has no option {flag}", flag.lstrip("-").replace("-", "_")
    flags = {option.name: names[-1] for names, option in _OPTIONS.items()}
    option = meant(name, flags) if len(name) > 1 else None
    if option is not None:
        return f"{start}; it is {flags[option]}"
    advice = advice_on(name) if len(name) > 1 else None
    if advice is not None:
        return f"{start}: {advice}"
    close = difflib.get_close_matches(flag, _BY_FLAG, 1) if len(name) > 1 else []
    if close:
        return f"{start}; did you mean {close[0]}?"
    return f"{start}. Expected:\n{MAP_HELP}"


def split_expressions(text: str) -> list[str]:
    """Split a text into expressions that stand side by side: a function and its iterables.

    Raises:
        UsageError: there are fewer than two, or it is not clear where one of them ends.
    """
    parts = _split_on_spaces(text)
    if len(parts) < 2:
        raise UsageError(
            f"expected a function and what to map it over, not {text!r}: %pool_map f xs"
        )
    for part in parts:
        if not _is_expression(part) or part[0] in "+-*~":
            raise UsageError(
                f"it is not clear where an expression ends at {part!r}: put each one that has "
                "spaces in it in parentheses, as in %pool_map (lambda x: x + 1) (a + b)"
            )
    return parts


def parse_loop(text: str) -> tuple[str, str]:
    """Split `x in xs` into the target and the iterable.

    Raises:
        UsageError: the text has another form.
    """
    try:
        [loop] = ast.parse(f"for {text}: pass").body
        assert isinstance(loop, ast.For)
        assert len(loop.body) == 1
        assert isinstance(loop.body[0], ast.Pass)
    except (SyntaxError, ValueError, AssertionError):
        raise UsageError(f"expected `%%pool_map NAME in ITERABLE`, not {text!r}.") from None
    return ast.unparse(loop.target), ast.unparse(loop.iter)


def _split_on_spaces(text: str) -> list[str]:
    """Split at white space, unless it is inside of brackets or of a string."""
    parts: list[str] = []
    start = depth = 0
    quote = ""
    position = 0
    while position < len(text):
        character = text[position]
        if quote:
            if character == "\\":
                position += 1
            elif character == quote:
                quote = ""
        elif character in "'\"":
            quote = character
        elif character in "([{":
            depth += 1
        elif character in ")]}":
            depth -= 1
        elif character.isspace() and depth == 0:
            parts.append(text[start:position])
            start = position + 1
        position += 1
    parts.append(text[start:])
    return [part for part in parts if part]


def _is_expression(text: str) -> bool:
    try:
        ast.parse(text, mode="eval")
    except SyntaxError:
        return False
    return True
