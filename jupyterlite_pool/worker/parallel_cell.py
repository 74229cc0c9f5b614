"""The body of a parallel cell, run once for each item."""

from __future__ import annotations

import ast
import inspect
import linecache
from collections.abc import Awaitable, Mapping
from typing import Any

#: Where an item and the value of the last expression stand while the body runs.
ITEM = "__pool_item__"
VALUE = "__pool_value__"


class ParallelCell:
    """A callable made of a cell's source: binds the item, runs the body, gives its last value.

    Each call starts from the names as the notebook had them, so that an item cannot see what
    another one left behind.
    """

    def __init__(
        self, target: str, header: str, body: str, names: Mapping[str, Any], filename: str
    ) -> None:
        """Compile the body.

        Args:
            target: what each item is assigned to, such as `x` or `a, b`.
            header: the first line of the cell, with its magic.
            body: the source of the cell from its second line on.
            names: the notebook's values that the body reads.
            filename: what tracebacks call the cell.

        Raises:
            SyntaxError: the body is no Python.
        """
        self.__name__ = "parallel cell"
        self._target = target
        self._header = header
        self._body = body
        self.names = dict(names)
        self._filename = filename
        self._code = _compile(target, body, filename)

    def __reduce__(self) -> tuple[Any, ...]:
        # Code objects cannot be pickled; source is shorter, too.
        return (
            ParallelCell,
            (self._target, self._header, self._body, self.names, self._filename),
        )

    def __call__(self, item: Any) -> Any:
        """Run the body for one item; returns a coroutine where the body awaits something."""
        source = f"{self._header}\n{self._body}"
        lines = source.splitlines(keepends=True)
        linecache.cache[self._filename] = (len(source), None, lines, self._filename)
        scope = {"__name__": "__main__", **self.names, ITEM: item}
        running = eval(self._code, scope)
        return _finish(running, scope) if inspect.iscoroutine(running) else scope.get(VALUE)


async def _finish(running: Awaitable[None], scope: dict[str, Any]) -> Any:
    await running
    return scope.get(VALUE)


def _compile(target: str, body: str, filename: str) -> Any:
    tree = ast.parse(f"\n{body}", filename)  # lines are counted as in the notebook
    if tree.body and isinstance(last := tree.body[-1], ast.Expr):
        kept = ast.Assign([ast.Name(VALUE, ast.Store())], last.value)
        tree.body[-1] = ast.copy_location(kept, last)
    # On the first line, where the notebook has the target; errors in it are found before.
    bind = ast.parse(f"{target} = {ITEM}").body
    start = 0
    while start < len(tree.body) and _is_future(tree.body[start]):
        start += 1  # nothing may stand before these
    tree.body[start:start] = bind
    ast.fix_missing_locations(tree)
    return compile(tree, filename, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


def _is_future(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == "__future__"
