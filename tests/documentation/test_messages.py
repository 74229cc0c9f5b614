"""What the page on errors quotes is what the code says."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyterlite_pool import errors
from tests.support.blocks import ROOT

PAGE = ROOT / "docs" / "why-did-my-worker-stop.md"

#: A quoted message: the name of a class, and what it says.
QUOTES = re.findall(r"^> (\w+): (.+)$", PAGE.read_text("utf-8"), re.MULTILINE)

#: Texts shorter than this could be anything.
LONG_ENOUGH = 12

#: Stands for what the code fills in.
FILLED = "(.*)"


def python_patterns() -> Iterator[str]:
    """A pattern for each text of the package, in whose places anything may stand."""
    for file in (ROOT / "jupyterlite_pool").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.JoinedStr):
                yield "".join(
                    re.escape(str(part.value)) if isinstance(part, ast.Constant) else FILLED
                    for part in node.values
                )
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield re.escape(node.value)


def script_patterns() -> Iterator[str]:
    """The same for the texts of the scripts."""
    for file in (ROOT / "labextension" / "src").rglob("*.ts"):
        text = file.read_text("utf-8")
        for template in re.findall(r"`([^`\n]+)`", text):
            parts = re.split(r"\$\{[^}]*\}", template)
            yield FILLED.join(re.escape(part) for part in parts)
        yield from map(re.escape, re.findall(r"'([^'\n]+)'", text))


def solid(pattern: str) -> int:
    """How many characters of a pattern are said by the code itself."""
    return len(pattern.replace(FILLED, "").replace("\\", ""))


PATTERNS = [
    re.compile(pattern, re.DOTALL)
    for pattern in {*python_patterns(), *script_patterns()}
    if solid(pattern) >= LONG_ENOUGH
]


def explained(message: str) -> bool:
    """Whether a text of the code makes the message, and texts of the code all that it fills in."""
    return any(pattern.fullmatch(message) for pattern in PATTERNS)


@pytest.mark.parametrize(("name", "message"), QUOTES, ids=[text[:40] for _, text in QUOTES])
def test_a_message_on_the_page_is_one_of_the_code(name: str, message: str) -> None:
    assert explained(message), message
    standard = {"TimeoutError", "MemoryError", "PicklingError"}
    assert name in {*errors.__all__, *standard}


def test_a_message_that_nobody_says_is_noticed() -> None:
    assert not explained("worker 3 stopped while running it, and nobody knows why.")
    assert not explained("some words that stand nowhere in the code")


#: Parts of messages that the code fills in, which this page quotes as well.
PARTS = [
    "it closed itself",
    "its memory had reached",
    "stopped by its owner",
    "Python exited: ",
    "not ready after ",
    "could not be set up: ",
    "Try smaller items. ",
    "To run such items again, use `retries=1`.",
]


@pytest.mark.parametrize("part", PARTS)
def test_a_part_of_a_message_is_said_somewhere(part: str) -> None:
    assert part in PAGE.read_text("utf-8")
    package = [*(ROOT / "jupyterlite_pool").rglob("*.py")]
    scripts = [*(ROOT / "labextension" / "src").rglob("*.ts")]
    assert any(part in file.read_text("utf-8") for file in (*package, *scripts)), part


@pytest.mark.parametrize("name", sorted(set(errors.__all__) - {"PoolError"}))
def test_the_page_or_the_reference_has_every_class(name: str) -> None:
    pages = (PAGE, ROOT / "docs" / "reference" / "errors.md")
    assert any(name in Path(page).read_text("utf-8") for page in pages)
