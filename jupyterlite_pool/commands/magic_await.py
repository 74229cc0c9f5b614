"""`%pool_map` in cells, rewritten to be awaited: for browsers that cannot pause Python.

IPython makes calls out of magics before a cell runs. Those calls are found here and become
`await …` of a magic that can be awaited, as the kernel itself does for `%pip`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import NamedTuple

#: The magic, and the one that takes its place where the cell awaits it.
MAGIC = "pool_map"
AWAITED = "_pool_map"

#: What IPython runs magics with.
CALLERS = ("run_line_magic", "run_cell_magic")

#: As Python counts lines. `str.splitlines` counts more.
_LINES = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")


class _Insertion(NamedTuple):
    line: int
    #: In bytes of UTF-8, as the parser counts.
    column: int
    text: str


def await_magics(lines: list[str]) -> list[str]:
    """The lines of a cell, with `await` before each of its calls of the magic.

    Args:
        lines: a cell as IPython has made Python of it.

    Returns:
        The lines, changed only where `await` is allowed: not inside of `def` or `class`.
    """
    source = "".join(lines)
    if MAGIC not in source:
        return lines
    try:
        module = ast.parse(source)
    except (SyntaxError, ValueError):
        return lines  # the cell itself will say so
    rows = [row.encode() for row in _LINES.findall(source)]
    for line, column, text in sorted(_insertions(module), reverse=True):
        row = rows[line - 1]
        rows[line - 1] = row[:column] + text.encode() + row[column:]
    return b"".join(rows).decode().splitlines(keepends=True)


def _insertions(module: ast.Module) -> Iterator[_Insertion]:
    for call in _magic_calls(module):
        name = call.args[0]
        yield _Insertion(call.lineno, call.col_offset, "await ")
        yield _Insertion(name.lineno, name.col_offset + 1, AWAITED.removesuffix(MAGIC))


def _magic_calls(node: ast.AST) -> Iterator[ast.Call]:
    """Calls of the magic that are a statement's whole value, where `await` is allowed."""
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
            return caller in CALLERS and name == MAGIC
    return False
