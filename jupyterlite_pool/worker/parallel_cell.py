"""The body of a `%%pool_map` cell, which runs once for each item."""

from __future__ import annotations

import ast
import inspect
import linecache
from collections.abc import Awaitable, Mapping
from typing import Any

#: The variables with the item, and with the value of the last expression, while the body runs.
ITEM = "__pool_item__"
VALUE = "__pool_value__"


class ParallelCell:
    """Runs a cell's body for one item; returns the value of the body's last expression.

    Each call starts with the notebook's variables, and sees none that another call has set.
    """

    def __init__(
        self, target: str, header: str, body: str, names: Mapping[str, Any], filename: str
    ) -> None:
        """Compile the body.

        Args:
            target: the target to which each item is assigned, such as `x` or `a, b`.
            header: the first line of the cell, with its magic.
            body: the source of the cell from its second line on.
            names: the notebook's variables that the body reads, with their values.
            filename: the name of the cell in tracebacks.

        Raises:
            SyntaxError: the body is not valid Python.
        """
        self.__name__ = "parallel cell"
        self._target = target
        self._header = header
        self._body = body
        self.names = dict(names)
        self._filename = filename
        self._code = _compile(target, body, filename)

    def __reduce__(self) -> tuple[Any, ...]:
        # Code objects cannot be pickled, and source is shorter.
        return (
            ParallelCell,
            (self._target, self._header, self._body, self.names, self._filename),
        )

    def __call__(self, item: Any) -> Any:
        """Run the body for one item; returns a coroutine if the body awaits something."""
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
    tree = ast.parse(f"\n{body}", filename)  # the empty line stands for the header
    if tree.body and isinstance(last := tree.body[-1], ast.Expr):
        kept = ast.Assign([ast.Name(VALUE, ast.Store())], last.value)
        tree.body[-1] = ast.copy_location(kept, last)
    # The assignment is on line 1, where the notebook has the target. The magic has checked it.
    bind = ast.parse(f"{target} = {ITEM}").body
    start = 0
    while start < len(tree.body) and _is_future(tree.body[start]):
        start += 1  # only these may come before the assignment
    tree.body[start:start] = bind
    ast.fix_missing_locations(tree)
    return compile(tree, filename, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


def _is_future(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == "__future__"
