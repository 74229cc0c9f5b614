"""Rewrites cells so that they await the magics, for browsers that cannot pause Python.

IPython turns magics into calls before a cell runs. This module finds those calls, and makes them
`await` a magic that is a coroutine. The kernel itself does the same for `%pip`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import NamedTuple

#: The magics. The coroutine that takes the place of one has the same name with `_` before it.
MAGICS = ("pool_map", "pool_submit", "pool_run")

#: The methods with which IPython runs magics.
CALLERS = ("run_line_magic", "run_cell_magic")

#: A line as Python's parser counts lines. `str.splitlines` also splits at other characters.
_LINES = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")


class _Insertion(NamedTuple):
    line: int
    #: In bytes of UTF-8, as the parser counts columns.
    column: int
    text: str


def await_magics(lines: list[str]) -> list[str]:
    """The lines of a cell, with `await` before each of its calls of the magics.

    Args:
        lines: a cell, after IPython has turned it into Python.

    Returns:
        The lines. Calls inside of `def` and `class` are unchanged: `await` is not allowed there.
    """
    source = "".join(lines)
    if not any(magic in source for magic in MAGICS):
        return lines
    try:
        module = ast.parse(source)
    except (SyntaxError, ValueError):
        return lines  # the error is reported when the cell runs
    rows = [row.encode() for row in _LINES.findall(source)]
    for line, column, text in sorted(_insertions(module), reverse=True):
        row = rows[line - 1]
        rows[line - 1] = row[:column] + text.encode() + row[column:]
    return b"".join(rows).decode().splitlines(keepends=True)


def _insertions(module: ast.Module) -> Iterator[_Insertion]:
    for call in _magic_calls(module):
        name = call.args[0]
        yield _Insertion(call.lineno, call.col_offset, "await ")
        yield _Insertion(name.lineno, name.col_offset + 1, "_")


def _magic_calls(node: ast.AST) -> Iterator[ast.Call]:
    """Calls of the magics that are the whole value of a statement, and that may be awaited."""
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        return
    if isinstance(node, (ast.Expr, ast.Assign, ast.AnnAssign)) and _is_magic(node.value):
        yield node.value  # type: ignore[misc]
    for child in ast.iter_child_nodes(node):
        yield from _magic_calls(child)


def _is_magic(node: ast.AST | None) -> bool:
    match node:
        case ast.Call(
            func=ast.Attribute(
                value=ast.Call(func=ast.Name(id="get_ipython"), args=[], keywords=[]), attr=caller
            ),
            args=[ast.Constant(value=name), *_],
        ):
            return caller in CALLERS and name in MAGICS
    return False
