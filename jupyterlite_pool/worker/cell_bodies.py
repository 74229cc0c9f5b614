"""The bodies of cells that run on workers: for each item, in the background, or on every worker."""

from __future__ import annotations

import ast
import inspect
import linecache
import threading
from collections.abc import Awaitable, Mapping, Sequence
from typing import Any

from ..tracebacks import add_note
from ..wire.by_value.classes import State
from ..wire.results import REFUSED
from .last_value import VALUE, keep_last_value

#: One thread compiles at a time: in some releases of Python 3.11, two that make syntax trees count
#: their depth together, and one of them fails.
_COMPILING = threading.Lock()

#: The variable with the item while the body runs.
ITEM = "__pool_item__"


#: The cell's own value among the names that come back with it. It is no name.
OWN = "value of the cell"


class CellBody:
    """The body of a cell, which travels as its source.

    Each call starts with the notebook's variables, and sees none that another call has set. Its
    value is what the last statement of the body gives.
    """

    #: The name of the job, where it has no other.
    __name__ = "cell"

    #: Whether an assignment at the end gives the cell's value.
    _assignments = True

    #: Whether it sees what set-ups and other tasks have changed in its worker. If not, it sees the
    #: notebook alone.
    sees_worker = True

    def __init__(
        self,
        target: str | None,
        header: str,
        body: str,
        names: Mapping[str, Any],
        filename: str,
        pulled: Sequence[str] = (),
    ) -> None:
        """Compile the body.

        Args:
            target: the target to which each item is assigned, such as `x` or `a, b`; None for none.
            header: the first line of the cell, with its magic.
            body: the source of the cell from its second line on.
            names: the notebook's variables that the body reads, with their values.
            filename: the name of the cell in tracebacks.
            pulled: names that come back with the value: a call then gives a dictionary of them,
                and of the value under `OWN`.

        Raises:
            SyntaxError: the body is not valid Python.
        """
        self._target = target
        self._header = header
        self._body = body
        self.names = dict(names)
        self._filename = filename
        self.pulled = tuple(pulled)
        #: The classes of the notebook with which it has come, as they were there.
        self.states: Sequence[tuple[type, State]] = ()
        self._code = compile_body(body, filename, target, assignments=self._assignments)

    @property
    def text(self) -> str:
        """The source of the body."""
        return self._body

    def parts_in_words(self) -> list[tuple[str, Any]]:
        """What the cell reads of the notebook, with words for an error."""
        return [
            (f"the name `{name}` that the cell reads", each) for name, each in self.names.items()
        ]

    def __reduce__(self) -> tuple[Any, ...]:
        # Code objects cannot be pickled, and source is shorter.
        own = (self._target, self._header, self._body, self.names, self._filename, self.pulled)
        return type(self), own

    @property
    def _source(self) -> str:
        """The whole cell, for tracebacks."""
        return f"{self._header}\n{self._body}"

    def _run(self, scope: dict[str, Any]) -> Any:
        """Run the body; returns a coroutine if it awaits something."""
        source = self._source
        lines = source.splitlines(keepends=True)
        linecache.cache[self._filename] = (len(source), None, lines, self._filename)
        running = eval(self._code, scope)
        if inspect.iscoroutine(running):
            return self._finish(running, scope)
        return self._value(scope)

    async def _finish(self, running: Awaitable[None], scope: dict[str, Any]) -> Any:
        await running
        return self._value(scope)

    def _value(self, scope: dict[str, Any]) -> Any:
        value = scope.pop(VALUE, None)
        if not self.pulled:
            return value
        missing = [name for name in self.pulled if name not in scope]
        if missing:
            raise NameError(
                f"--pull has no {missing[0]!r} to bring: the cell has not assigned it this time",
                name=missing[0],
            )
        return {OWN: value, **{name: scope[name] for name in self.pulled}}


class ParallelCell(CellBody):
    """A body that runs once for each item."""

    __name__ = "parallel cell"

    def __call__(self, item: Any) -> Any:
        """Run the body for one item; returns a coroutine if the body awaits something."""
        return self._run({"__name__": "__main__", **self.names, ITEM: item})


class BackgroundCell(CellBody):
    """A body that runs once, beside the notebook."""

    __name__ = "background cell"

    def __call__(self, item: None = None) -> Any:
        """Run the body; returns a coroutine if the body awaits something."""
        return self._run({"__name__": "__main__", **self.names})


class EverywhereCell(CellBody):
    """A body that runs once on each worker. Tasks find the names that it assigns."""

    __name__ = "cell on every worker"

    # What it loads is to stay where it is.
    _assignments = False

    def __call__(self) -> Any:
        """Run the body; returns a coroutine if the body awaits something."""
        self.names.setdefault("__name__", "__main__")
        return self._run(self.names)


def compile_body(
    body: str,
    filename: str,
    target: str | None = None,
    *,
    assignments: bool = True,
    header: bool = True,
) -> Any:
    """Compile the body of a cell.

    Args:
        target: the target to which each item is assigned first; None for none.
        assignments: whether an assignment at the end gives the cell's value, as an expression.
        header: whether the cell has a line with a magic before its body.

    Raises:
        SyntaxError: the body is not valid Python; its lines are counted from the cell's first.
    """
    with _COMPILING:
        return _compile(body, filename, target, assignments=assignments, header=header)


def _compile(
    body: str, filename: str, target: str | None, *, assignments: bool, header: bool
) -> Any:
    # The empty line stands for the header.
    tree = ast.parse(f"\n{body}" if header else body, filename)
    if assignments or (tree.body and isinstance(tree.body[-1], ast.Expr)):
        keep_last_value(tree.body)
    # The assignment is on line 1, where the notebook has the target. The magic has checked it.
    bind = [] if target is None else ast.parse(f"{target} = {ITEM}").body
    start = 1 if ast.get_docstring(tree, clean=False) is not None else 0
    while start < len(tree.body) and _is_future(tree.body[start]):
        start += 1  # only these and a docstring may come before the assignment
    tree.body[start:start] = bind
    ast.fix_missing_locations(tree)
    return compile(tree, filename, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)


def _is_future(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == "__future__"


def explain_value(error: BaseException, function: object) -> None:
    """Say in an error what to do if a cell's value cannot be sent."""
    if not isinstance(function, CellBody) or not str(error).startswith(REFUSED):
        return
    if function.pulled:
        names = ", ".join(f"`{name}`" for name in function.pulled)
        add_note(
            error,
            f"The cell brings {names} and its value, which is that of its last expression or "
            "assignment. Leave out of `--pull` what cannot be sent, or end the cell with `None`.",
        )
    else:
        add_note(
            error,
            "The value of a cell is that of its last expression or assignment. "
            "End the cell with `None` if the notebook does not need it.",
        )
