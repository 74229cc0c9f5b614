"""Code in Markdown: which blocks there are, and what the comments above them say.

A comment of HTML stands right above its block, where no reader of the page sees it:

- `<!-- first: CODE -->` runs before the block, to make what the block takes for granted.
- `<!-- raises: NAME -->`: the block ends with this error.
- `<!-- runs in: PLACE -->`: where it runs, if that is not ordinary Python. In `the browser`, a test
  runs it there; other places are those of which our tests know nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]

#: Places in which tests run code. The first is for pages whose other code has its own test.
NATIVE = "ordinary Python"
BROWSER = "the browser"

#: Fences of code that Python runs; `try-it` shows a button beside it.
PYTHON = {"python", "py", "{try-it}"}

_COMMENT = re.compile(r"<!-- (first|raises|runs in): (.*?) -->\n", re.DOTALL)
_BLOCK = re.compile(
    r"(?P<comments>(?:<!-- (?:first|raises|runs in): (?:(?!-->).)*? -->\n)*)"
    r"^(?P<fence>`{3,})(?P<language>[^\n`]*)\n(?P<code>.*?)^(?P=fence)$",
    re.MULTILINE | re.DOTALL,
)

#: A line that prints, and in its comment what.
PRINTS = re.compile(r"^\s*print\(.*\)  # (.+)$", re.MULTILINE)


class Block(NamedTuple):
    """A block of code of a page."""

    page: Path
    line: int
    #: What stands behind the fence, such as `python`.
    language: str
    code: str
    #: What to run before it; nothing where it needs nothing.
    first: str
    #: The error that it ends with; nothing where it ends well.
    raises: str
    #: Where it runs; nothing for ordinary Python.
    place: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"

    @property
    def native(self) -> bool:
        """Whether it runs in ordinary Python, with the other blocks of its page."""
        return self.language in PYTHON and self.place in ("", NATIVE)

    @property
    def said(self) -> list[str]:
        """What the block prints, line by line, after its own comments."""
        return PRINTS.findall(self.code)


def pages() -> list[Path]:
    """All Markdown that people read."""
    return [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


def blocks_of(page: Path) -> Iterator[Block]:
    """The blocks of a page, in order, whatever their language."""
    text = page.read_text("utf-8")
    for found in _BLOCK.finditer(text):
        told = dict(_COMMENT.findall(found["comments"]))
        code = found["code"]
        if found["language"] == "{try-it}":
            code = re.sub(r"\A(:\w+: .*\n)+\n?", "", code)
        yield Block(
            page,
            text.count("\n", 0, found.start("fence")) + 1,
            found["language"].strip(),
            code,
            told.get("first", ""),
            told.get("raises", ""),
            told.get("runs in", ""),
        )
