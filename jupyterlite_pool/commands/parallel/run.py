"""Cells that run on workers in the notebook's place: what goes there, and what comes back."""

from __future__ import annotations

import ast
from collections.abc import Mapping, MutableMapping, Sequence
from typing import Any, NamedTuple

from ...worker.files import Files
from ...worker.notebook_cell import CHANGED, HERE, Brought, NotebookCell, made_in_notebook
from ...worker.process_state import of_modules
from ..cell_functions import shared_with_functions
from ..cell_names import names_assigned, names_read
from .effects import Effects
from .plan import Step, make_plan

#: Stands for the value of a name that is not there.
_GONE = object()


class NeedsNotebookError(Exception):
    """A cell has to run in the notebook. The text says why, in a sentence."""


def body_of(
    source: str,
    effects: Effects,
    namespace: Mapping[str, Any],
    filename: str,
    hidden: Mapping[str, Any],
) -> NotebookCell:
    """A cell with what it reads of the notebook, ready for a worker.

    Args:
        hidden: variables that are not the notebook's but IPython's.

    Raises:
        NeedsNotebookError: a worker cannot run it.
    """
    tree = ast.parse(source)
    own = names_read(tree) | effects.deletes
    names = {
        name: namespace[name]
        for name in sorted(own)
        if name in namespace and not (name in hidden and hidden[name] is namespace[name])
    }
    assigned = names_assigned(tree)
    if shared_with_functions(tree, assigned, names, namespace) is not None:
        raise NeedsNotebookError("It calls a function that uses a name which the cell sets.")
    return NotebookCell(source, names, filename, sorted(effects.sets), of_modules())


def bring(
    body: NotebookCell,
    brought: Brought,
    namespace: MutableMapping[str, Any],
    keep: Sequence[str] = (),
) -> set[str]:
    """Give the notebook what a cell has brought.

    Args:
        keep: names that later cells have set already.

    Returns:
        The names that it has set.
    """
    for name in brought.gone:
        namespace.pop(name, None)
    new = {name: value for name, value in brought.names.items() if name not in keep}
    namespace.update(new)
    tree = ast.parse(body.text)
    made = [node for node in made_in_notebook(tree) if not _bound_by(node) & set(keep)]
    code = compile(ast.Module(made, []), body.filename, "exec", dont_inherit=True)
    exec(code, namespace)  # type: ignore[arg-type]
    return {*new, *brought.gone}.union(*map(_bound_by, made))


def _bound_by(node: ast.stmt) -> set[str]:
    return names_assigned(ast.Module([node], []))


class Answer(NamedTuple):
    """What is to become of a cell that a worker has run."""

    #: "done", "again" (in the notebook, when all cells before it have ended) or "failed".
    state: str
    #: Why, in a sentence.
    why: str = ""


class Run:
    """Cells of a notebook that run in parallel.

    Whoever runs them asks for their `steps`, says when each begins, and gives back what workers
    have brought.
    """

    def __init__(self, sources: Sequence[str], namespace: MutableMapping[str, Any]) -> None:
        """Make a plan.

        Args:
            sources: the texts of the cells, in their order.
            namespace: the notebook's variables.
        """
        self.sources = list(sources)
        self.steps: list[Step] = make_plan(sources, namespace)
        self._namespace = namespace
        #: The cells that have begun, each with those of workers that had ended before.
        self._begun: dict[int, frozenset[int]] = {}
        #: The files that cells on workers have used.
        self._files: dict[int, Files] = {}
        #: The cell that has set each name last, of those that workers have run.
        self._setters: dict[str, int] = {}
        #: What cells after the one that began last have set. It may set the same names.
        self._later: dict[str, Any] = {}

    def begins(self, place: int) -> None:
        """Note that a cell starts, on a worker or in the notebook. No other cell runs here then."""
        self.settle()
        self._begun[place] = frozenset(self._files)
        self._later = {
            name: self._namespace.get(name, _GONE)
            for name, setter in self._setters.items()
            if setter > place
        }

    def settle(self) -> None:
        """Let names be what later cells have set, where an earlier cell has run since."""
        for name, value in self._later.items():
            if value is _GONE:
                self._namespace.pop(name, None)
            else:
                self._namespace[name] = value
        self._later = {}

    def body(self, place: int, filename: str, hidden: Mapping[str, Any]) -> NotebookCell:
        """A cell for a worker; see `body_of`."""
        effects = self.steps[place].effects
        return body_of(self.sources[place], effects, self._namespace, filename, hidden)

    def take(self, place: int, body: NotebookCell, brought: Brought) -> Answer:
        """Give the notebook what a worker has brought of a cell, if that is right."""
        mixed_up = self._mixed_up(place, brought.files)
        if mixed_up is not None:
            return Answer("failed", mixed_up)
        if brought.why is None:
            keep = [name for name, setter in self._setters.items() if setter > place]
            for name in bring(body, brought, self._namespace, keep):
                self._setters[name] = place
                if name in self._later:
                    self._later[name] = self._namespace.get(name, _GONE)
            return Answer("done")
        kind, why = brought.why
        if kind == HERE:
            return Answer("again", why)
        spoiled = self._begun.keys() & set(
            self.steps[place].spoils if kind == CHANGED else range(place + 1, len(self.steps))
        )
        if not spoiled:
            return Answer("again", why)
        return Answer(
            "failed",
            f"{why} Its text does not show that, and a later cell has used the value of before. "
            "Nothing of this cell has come back. Run it, and the cells after it, one by one.",
        )

    def _mixed_up(self, place: int, files: Files) -> str | None:
        """Why files may be wrong: cells have used one that another has changed, in no order."""
        for other, its in self._files.items():
            first, second = sorted((place, other))
            path = its.conflict(files) if other != place else None
            if path is not None and first not in self._begun.get(second, ()):
                return (
                    f"It uses `{path}`, and so does another cell that ran at the same time; one of "
                    "them has changed it. Run these cells one by one."
                )
        self._files[place] = files
        return None
