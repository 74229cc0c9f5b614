"""An ordinary cell of a notebook that runs on a worker in the notebook's place.

What it assigns comes back. That gives what the notebook would have given only if the cell has not
changed what it was sent, and if what it assigns is its own. Its text does not always show that. So
the worker looks: if the cell did something that cannot come back, nothing comes back, and the
answer says why.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from itertools import count
from typing import Any, NamedTuple

from ..wire.by_value.contents import contents
from ..wire.by_value.objects import Objects, attributes
from ..wire.by_value.updates import as_sent
from .cell_bodies import CellBody, compile_body
from .files import Files, note_files
from .last_value import VALUE
from .process_state import of_modules, of_process

#: Kinds of reasons why nothing comes back.
HERE = "here"  #: only what it assigns cannot come back
CHANGED = "changed"  #: it has changed what the notebook has sent
EVERYWHERE = "everywhere"  #: it has changed what every cell may depend on

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)

#: Numbers of what was sent. A worker keeps what it was sent, also what a cell has changed in it; so
#: no two cells look the same to it.
_sendings = count()


class Brought(NamedTuple):
    """What comes back of a cell."""

    #: The value of its last expression.
    value: Any
    #: What it has assigned.
    names: dict[str, Any]
    #: The names that it has deleted.
    gone: list[str]
    #: Why it has to run in the notebook, and the kind of this reason. Nothing else comes back then.
    why: tuple[str, str] | None = None
    #: The files that it has used.
    files: Files = Files(set(), set())


class NotebookCell(CellBody):
    """The text of an ordinary cell."""

    __name__ = "cell"

    sees_worker = False

    def __init__(
        self,
        body: str,
        names: Mapping[str, Any],
        filename: str,
        touched: Sequence[str],
        settings: Mapping[str, Any],
    ) -> None:
        """Compile the cell.

        Args:
            body: its text.
            names: the notebook's variables that it reads, with their values.
            filename: the name of the cell in tracebacks.
            touched: the names that it may assign or delete.
            settings: those of modules in the notebook, from `of_modules`.

        Raises:
            SyntaxError: the cell is not valid Python.
        """
        super().__init__(None, "", body, names, filename)
        self._touched = tuple(touched)
        self._settings = dict(settings)
        self._code = compile_body(body, filename, assignments=False, header=False)

    def __reduce__(self) -> tuple[Any, ...]:
        own = (self._body, self.names, self._filename, self._touched, self._settings)
        return type(self), own, {"_sending": next(_sendings)}

    @property
    def filename(self) -> str:
        """The name of the cell in tracebacks."""
        return self._filename

    @property
    def _source(self) -> str:
        return self._body

    def __call__(self, item: None = None) -> Any:
        """Run the cell; returns what comes back, or a coroutine if the cell awaits something."""
        with ExitStack() as until_the_end:
            until_the_end.enter_context(as_sent(self.states))
            self._import_first()
            before = self._contents()
            if before is None:
                why = "It reads something that cannot be compared with what it was."
                return _nothing(HERE, why)
            state = of_process()
            scope = {"__name__": "__main__", **self.names}
            with note_files() as files:
                running = self._run(scope)
            if inspect.iscoroutine(running):
                return self._await(running, scope, before, state, until_the_end.pop_all())
            return self._bring(running, scope, before, state)._replace(files=files)

    async def _await(
        self, running: Any, scope: Any, before: Any, state: Any, until_the_end: ExitStack
    ) -> Brought:
        with until_the_end:
            with note_files() as files:
                value = await running
            return self._bring(value, scope, before, state)._replace(files=files)

    def _bring(self, value: Any, scope: dict[str, Any], before: Any, state: Any) -> Brought:
        scope.pop(VALUE, None)
        changed = sorted(key for key, each in of_process().items() if state.get(key, each) != each)
        if changed:
            kind = HERE if changed == ["the random numbers that all cells share"] else EVERYWHERE
            return _nothing(kind, f"It has changed {changed[0]}.")
        if self._contents() != before:
            return _nothing(CHANGED, f"It has changed {self._changed_name()} in place.")
        differs = sorted(
            name for name, each in of_modules().items() if self._settings.get(name, each) != each
        )
        if differs:
            return _nothing(HERE, f"The notebook has settings of `{differs[0]}` of its own.")
        defined = self._made_there()
        names = {
            name: scope[name]
            for name in self._touched
            if name in scope
            and name not in defined
            and not (name in self.names and scope[name] is self.names[name])
        }
        gone = [name for name in self._touched if name in self.names and name not in scope]
        why = self._shares(names) or _cannot_be_sent(value)
        return _nothing(HERE, why) if why else Brought(value, names, gone)

    def _contents(self) -> Any:
        """All that the cell was sent, to be compared; None if it cannot be."""
        try:
            classes = Objects(self.names, classes=True).classes
        except Exception:
            return None
        parts = [self.names, *map(attributes, classes)]
        found = [contents(part, whole=True) for part in parts]
        return None if None in found else found

    def _import_first(self) -> None:
        """Import what the cell imports: some modules change the process when they are imported.

        The notebook imports them as well. What fails here fails in the cell, too.
        """
        for node in made_in_notebook(ast.parse(self._body)):
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                with suppress(Exception):
                    exec(compile(ast.Module([node], []), self._filename, "exec"), {})

    def _made_there(self) -> set[str]:
        """The names that the notebook binds itself, by the statements of `made_in_notebook`."""
        bound: set[str] = set()
        for node in made_in_notebook(ast.parse(self._body)):
            if isinstance(node, _FUNCTIONS):
                bound.add(node.name)
            elif isinstance(node, (ast.Import, ast.ImportFrom)):
                bound |= {each.asname or each.name.partition(".")[0] for each in node.names}
        return bound

    def _changed_name(self) -> str:
        names = " or ".join(f"`{name}`" for name in sorted(self.names)[:3])
        return f"{names}{' or another name' * (len(self.names) > 3)}, which it reads,"

    def _shares(self, names: Mapping[str, Any]) -> str | None:
        """Why what it assigns cannot come back; None if it can."""
        try:
            own = Objects(names)
        except Exception as error:
            return f"What it assigns cannot be sent: {_first_line(error)}."
        if own.functions:
            return f"It assigns a function that it has made: `{own.functions[0].__qualname__}`."
        for name, value in self.names.items():
            if own.has_of(Objects({name: value}, classes=True)):
                return f"What it assigns has something in common with `{name}`."
        return None


def made_in_notebook(tree: ast.Module) -> list[ast.stmt]:
    """The statements of a cell that the notebook makes once more, in place of what they bind.

    These are imports, and functions: a function is to use the notebook's names, and not copies.
    """
    stored = {
        node.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)
    }
    made: list[ast.stmt] = []
    for node in tree.body:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            names = {each.asname or each.name.partition(".")[0] for each in node.names}
            if not names & stored:
                made.append(node)
        elif isinstance(node, _FUNCTIONS) and node.name not in stored:
            made.append(node)
    return made


def _cannot_be_sent(value: Any) -> str | None:
    try:
        Objects({"": value})
    except Exception as error:
        return f"Its value cannot be sent: {_first_line(error)}."
    return None


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")


def _nothing(kind: str, why: str) -> Brought:
    return Brought(None, {}, [], (kind, why))
