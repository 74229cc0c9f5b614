"""How things show themselves: as a table of HTML in a notebook, as text elsewhere."""

from __future__ import annotations

import html
from collections.abc import Sequence


class Shown:
    """Something to look at: a text, which a notebook shows as HTML."""

    def __init__(self, text: str, markup: str) -> None:
        self._text = text
        self._markup = markup

    def __repr__(self) -> str:
        return self._text

    def _repr_html_(self) -> str:
        """The same as HTML."""
        return self._markup


def table_text(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table as lines of text."""
    lines = [head, *rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    shown = (
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        for line in lines
    )
    return "\n".join(line.rstrip() for line in shown)


def table_html(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table as HTML."""
    names = "".join(f'<th scope="col">{html.escape(name)}</th>' for name in head)
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<table><thead><tr>{names}</tr></thead><tbody>{body}</tbody></table>"


def paragraph(text: str) -> str:
    """A line of text as HTML."""
    return f"<p>{html.escape(text)}</p>"
