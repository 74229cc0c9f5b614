"""Parses the lines of the magics: options, expressions side by side, the head of a loop."""

from __future__ import annotations

import ast
import difflib
import io
import keyword
import re
import tokenize
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from IPython.core.error import UsageError

from ..api.names_of_options import advice_on, meant
from ..jobs.options import GROUPINGS

#: How each option is explained. Those that magics share are explained once.
_EXPLAINED = {
    "out": "-o, --out NAME         keep the result under this name, instead of showing it",
    "pull": "--pull NAME,…          bring these names, which the cell assigns, to the notebook",
    "push": "--push NAME,…          send these names, too, if the code reads them in a hidden way",
    "max_workers": "-w, --workers N        run on at most N workers",
    "chunksize": "-c, --chunksize N      send N items at a time",
    "block": """\
-a, --noblock          do not wait for the end
    -b, --block            wait for the end""",
    "timeout": "--timeout S            stop the job after S seconds, and keep what has finished",
    "task_timeout": "--task-timeout S       stop an item that runs longer than S seconds",
    "retries": "--retries N            run an item again, up to N times, if its worker is lost",
    "return_exceptions": (
        "--return-exceptions    run every item, and keep exceptions among the results"
    ),
    "seed": "--seed N               give each item a random stream of its own",
    "starmap": "--starmap              take each item as a tuple of arguments",
    "strict": "--strict               refuse iterables of different lengths",
    "total": "--total N              how many items there will be, if the iterable does not say",
    "label": "--label TEXT           name on the progress card",
    "progress": """\
--progress             show the progress card at once
    --no-progress          show no progress card""",
    "group_outputs": (
        "--group-outputs BY     show what items print as it comes (order), by item or by worker"
    ),
    "help": "-h, --help             show this",
}


class Option(NamedTuple):
    """An option of a magic."""

    #: The argument that it sets.
    name: str
    #: Makes the argument's value from the text behind the option; None if there is no text.
    read: Callable[[str], Any] | None = None
    #: The value of an option without text.
    value: Any = None
    #: The words that may stand behind it, if there are only a few.
    words: tuple[str, ...] = ()


def _whole(text: str) -> int:
    if not re.fullmatch(r"\d+", text):
        raise ValueError("a whole number")
    return int(text)


def _whole_or_auto(text: str) -> int | str:
    return text if text == "auto" else _whole(text)


def _seconds(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError("a number of seconds") from None


def _identifier(text: str) -> str:
    if not text.isidentifier() or keyword.iskeyword(text):
        raise ValueError("a name")
    return text


def _identifiers(text: str) -> list[str]:
    try:
        return [_identifier(name.strip()) for name in text.split(",")]
    except ValueError:
        raise ValueError("names with commas between them") from None


def _grouping(text: str) -> str:
    if text not in GROUPINGS:
        raise ValueError(" or ".join(GROUPINGS))
    return text


_OPTIONS = {
    ("-o", "--out"): Option("out", _identifier),
    ("--pull",): Option("pull", _identifiers),
    ("--push",): Option("push", _identifiers),
    ("-w", "--workers"): Option("max_workers", _whole),
    ("-c", "--chunksize"): Option("chunksize", _whole_or_auto, words=("auto",)),
    ("-a", "--noblock"): Option("block", value=False),
    ("-b", "--block"): Option("block", value=True),
    ("--timeout",): Option("timeout", _seconds),
    ("--task-timeout",): Option("task_timeout", _seconds),
    ("--retries",): Option("retries", _whole),
    ("--return-exceptions",): Option("return_exceptions", value=True),
    ("--seed",): Option("seed", _whole),
    ("--starmap",): Option("starmap", value=True),
    ("--strict",): Option("strict", value=True),
    ("--total",): Option("total", _whole),
    ("--label",): Option("label", str),
    ("--progress",): Option("progress", value=True),
    ("--no-progress",): Option("progress", value=False),
    ("--group-outputs",): Option("group_outputs", _grouping, words=GROUPINGS),
    ("-h", "--help"): Option("help", value=True),
}


class Magic(NamedTuple):
    """A magic, and what may stand in its line."""

    name: str
    #: What it does, for people.
    about: str
    #: The names of the options that it has.
    options: tuple[str, ...]
    #: How it explains the options that mean something else here than in other magics.
    own: Mapping[str, str] = {}

    @property
    def flags(self) -> dict[str, Option]:
        """Its options by each of their spellings."""
        return {
            flag: option
            for flags, option in _OPTIONS.items()
            if option.name in self.options
            for flag in flags
        }

    @property
    def help(self) -> str:
        """What `-h` shows."""
        lines = [self.own.get(name, _EXPLAINED[name]) for name in self.options]
        return "\n".join([self.about, "", "options:", *(f"    {line}" for line in lines)])


MAP = Magic(
    "pool_map",
    """\
%pool_map [options] FUNCTION ITERABLE ...
    Apply a function to every item, on the workers of the pool.

%%pool_map [options] NAME in ITERABLE
    Run the cell once for every item. Names that it reads are taken from the notebook by value; its
    last expression or assignment is the item's value.""",
    tuple(_EXPLAINED),
)

SUBMIT = Magic(
    "pool_submit",
    """\
%%pool_submit [options]
    Run the cell on a worker, while the next cells run. Names that it reads are taken from the
    notebook by value. What it prints appears under it, and so does its value: the last expression
    or assignment. With `-o job`, `job.result()` or `await job` gives the value instead.""",
    ("out", "pull", "push", "timeout", "task_timeout", "retries", "seed", "label", "help"),
    {
        "out": "-o, --out NAME         keep the job under this name: a future of the cell's value",
        "timeout": "--timeout S            stop the cell S seconds from now",
        "task_timeout": "--task-timeout S       stop the cell if it runs longer than S seconds",
        "retries": "--retries N            run the cell again, up to N times, if a worker is lost",
        "seed": "--seed N               give the cell a random stream of its own",
    },
)

RUN = Magic(
    "pool_run",
    """\
%%pool_run [options]
    Run the cell once on every worker, also on each that starts later, before its tasks. Functions
    and cells that run on workers find the names that it assigns, unless the notebook has them.""",
    ("out", "pull", "push", "help"),
    {"out": "-o, --out NAME         keep the values of the workers under this name"},
)

MAGICS = {magic.name: magic for magic in (MAP, SUBMIT, RUN)}

#: An option at the start of a line: two dashes, or one dash and one letter.
_FLAG = re.compile(r"\s*(--[A-Za-z][\w-]*|-[A-Za-z])(?=[=\s]|$)")
_VALUE = re.compile(r"""[=\s]\s*("[^"]*"|'[^']*'|\S+)""")

#: Names may have spaces behind their commas.
_NAMES = re.compile(r"""[=\s]\s*("[^"]*"|'[^']*'|[^\s,]+(?:\s*,\s*[^\s,]+)*)""")


def parse_options(line: str, magic: Magic = MAP) -> tuple[dict[str, Any], str]:
    """Split a line into the options at its start and the rest.

    Returns:
        The options as arguments of the function that does the work, and the rest of the line.

    Raises:
        UsageError: an option is unknown, or its value is missing or wrong.
    """
    options: dict[str, Any] = {}
    known = magic.flags
    while (found := _FLAG.match(line)) is not None:
        flag = found.group(1)
        option = known.get(flag)
        if option is None:
            raise UsageError(_no_such_flag(flag, magic))
        line = line[found.end() :]
        if option.read is None:
            options[option.name] = option.value
            continue
        value = (_NAMES if option.read is _identifiers else _VALUE).match(line)
        if value is None:
            raise UsageError(f"{flag} needs a value after it.")
        text = value.group(1).strip("\"'")
        try:
            given = option.read(text)
        except ValueError as expected:
            raise UsageError(f"{flag} expects {expected}, not {text!r}.") from None
        # A list of names grows if the option is given again.
        options[option.name] = [*options.get(option.name, ()), *given] if _is_list(given) else given
        line = line[value.end() :]
    return options, line.strip()


def _is_list(value: object) -> bool:
    return isinstance(value, list)


def _no_such_flag(flag: str, magic: Magic) -> str:
    """What to tell somebody who wrote an option that does not exist."""
    start = f"%{'%' * (magic is not MAP)}{magic.name} has no option {flag}"
    name, known = flag.lstrip("-").replace("-", "_"), magic.flags
    flags = {option.name: text for text, option in known.items() if text.startswith("--")}
    option = meant(name, flags) if len(name) > 1 else None
    if option is not None:
        return f"{start}; it is {flags[option]}"
    advice = advice_on(name) if len(name) > 1 else None
    if advice is not None:
        return f"{start}: {advice}"
    close = difflib.get_close_matches(flag, known, 1) if len(name) > 1 else []
    if close:
        return f"{start}; did you mean {close[0]}?"
    return f"{start}. Expected:\n{magic.help}"


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
            flag = _flag_in(part)
            if flag is not None:
                raise UsageError(f"Options stand first: `%pool_map {flag} … FUNCTION ITERABLE`.")
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
    text = _without_comment(text)
    try:
        [loop] = ast.parse(f"for {text}: pass").body
        assert isinstance(loop, ast.For)
        assert len(loop.body) == 1
        assert isinstance(loop.body[0], ast.Pass)
    except (SyntaxError, ValueError, AssertionError):
        raise UsageError(
            f"expected `%%pool_map NAME in ITERABLE`, not {text!r}.{_misplaced(text)}"
        ) from None
    # As it is written, so that an error finds its place in the line.
    source = ast.get_source_segment(f"for {text}: pass", loop.iter)
    return ast.unparse(loop.target), source or ast.unparse(loop.iter)


def _misplaced(text: str) -> str:
    """A hint for somebody who wrote an option where none may stand."""
    flag = _flag_in(text)
    return f" Options stand before it: `%%pool_map {flag} … NAME in ITERABLE`." if flag else ""


def _flag_in(text: str) -> str | None:
    """The first option in a text, also one with a dash too few; None if there is none."""
    for found in re.finditer(r"(?:^|\s)(-{1,2}([A-Za-z][\w-]*))", text):
        for flag in (found.group(1), f"--{found.group(2)}"):
            if flag in MAP.flags:
                return flag
    return None


def _without_comment(text: str) -> str:
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.COMMENT:
                return text[: token.start[1]]
    except (tokenize.TokenError, SyntaxError):
        pass
    return text


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
