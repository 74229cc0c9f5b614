"""Cells that the page asks to run on a worker, alone in the background or together in parallel.

The page sends each cell as any other, with its text as it is. A mark in the metadata of the request
says what is meant. So a kernel without this package, or with an older one, runs the cell itself.
"""

from __future__ import annotations

import html
import pickle
from collections import OrderedDict
from concurrent.futures import Future
from typing import Any, NamedTuple

from IPython.core.displayhook import DisplayHook
from IPython.core.magic import Magics, cell_magic, magics_class, no_var_expand

from ...api.background import run_in_background
from ...errors import PoolError
from ...notebook.cell import current_cell, current_cell_id, publish
from ...worker.notebook_cell import Brought, NotebookCell
from ..background import BackgroundCells, Origin
from .run import NeedsNotebookError, Run

#: The name of the mark in the metadata of a request.
MARK = "jupyterlitePool"

#: The target of the comm on which the page hears of a run.
TARGET = "jupyterlite-pool-cells"

#: How many runs a kernel remembers: cells of a run that has ended send no more requests.
RUNS = 8

#: The width of a label on a card.
_WIDTH = 48

_CALL = "get_ipython().run_cell_magic('_pool_cell', '', {!r})\n"


class _Request(NamedTuple):
    """A request that bears a mark."""

    #: What the kernel keeps of it while it works on it.
    header: Any
    #: The name of the run; "background" for a cell alone.
    run: str
    #: The place of the cell in its run.
    place: int
    #: Whether the cell runs in the notebook.
    here: bool
    #: Why, if a worker could not bring what it has done.
    why: str


class _Running(NamedTuple):
    """A run that the page has begun, and the comm on which it hears of it."""

    run: Run
    comm: Any


@magics_class
class CellMagics(Magics):  # type: ignore[misc]
    """Runs cells of one notebook on workers."""

    def __init__(self, shell: Any, background: BackgroundCells) -> None:
        super().__init__(shell)
        self._background = background
        self._runs: OrderedDict[str, _Running] = OrderedDict()
        #: The request that was decided about last.
        self._decided: Any = None
        #: The lines that run in place of its cell; None for those of the cell.
        self._instead: str | None = None
        #: What its lines start on a worker.
        self._ready: tuple[Run, NotebookCell] | None = None

    def plan(self, name: str, sources: list[str]) -> None:
        """Plan a run for the page, and tell it the plan.

        Args:
            name: the name of the run, which the page has chosen.
            sources: the texts of the cells, in their order.
        """
        run = Run(sources, self.shell.user_ns)
        steps = [
            {"worker": step.on_worker, "after": list(step.after), "why": step.effects.why or ""}
            for step in run.steps
        ]
        comm = open_comm({"run": name, "plan": steps})
        self._runs[name] = _Running(run, comm)
        self._runs.move_to_end(name)
        if len(self._runs) > RUNS:
            self._runs.popitem(last=False)

    def transform(self, lines: list[str]) -> list[str]:
        """Send a cell to a worker, if its request asks for that and if a worker can run it.

        Args:
            lines: a cell, after IPython has turned it into Python.
        """
        request = _request()
        source = "".join(lines)
        if request is None or source.startswith(_CALL.partition("{")[0]):
            return lines
        if self._decided is not request.header:
            self._decided = request.header
            self._ready = self._instead = None
            self._decide(request, source)
        return lines if self._instead is None else [self._instead]

    def _decide(self, request: _Request, source: str) -> None:
        """Prepare a cell for a worker, or say why it runs in the notebook."""
        running = self._runs.get(request.run)
        if running is None and request.run != "background":
            return
        if running is not None and not 0 <= request.place < len(running.run.steps):
            return
        run = Run([source], self.shell.user_ns) if running is None else running.run
        run.begins(request.place)
        effects = run.steps[request.place].effects
        why = request.why or effects.why or ""
        if not request.here and not why:
            number = self.shell.execution_count
            filename = self.shell.compile.cache(source, number)
            try:
                body = run.body(request.place, filename, self.shell.user_ns_hidden)
            except NeedsNotebookError as error:
                why = str(error)
                if running is not None:  # its turn comes when all cells before it have ended
                    running.comm.send({"place": request.place, "state": "again", "why": why})
                    self._instead = "pass\n"
                    return
            else:
                self._ready, self._instead = (run, body), _CALL.format(source)
                return
        if why and (running is None or not effects.simple):
            _note(f"This cell runs in the notebook. {why}")

    @no_var_expand  # type: ignore[untyped-decorator]
    @cell_magic  # type: ignore[untyped-decorator]
    def _pool_cell(self, line: str, cell: str) -> None:
        """Start the cell that `transform` has prepared on a worker."""
        __tracebackhide__ = True
        request = _request()
        if request is None or self._ready is None or self._decided is not request.header:
            raise PoolError("this line is made for cells that JupyterLab sends to a worker")
        run, body = self._ready
        running = self._runs.get(request.run)
        task = _Cell(run, request.place, body, None if running is None else running.comm)
        show = not DisplayHook.semicolon_at_end_of_expression(cell)
        try:
            job = run_in_background(body, label=_label(cell), show=show, take=task.take)
        except pickle.PicklingError as error:
            if running is None:
                raise
            task.tell("again", f"{error}".partition(". ")[0].rstrip(".") + ".")
            return
        self._background.add(Origin(current_cell_id(), cell, None), job)
        job.add_done_callback(task.ended)

    def cell_begins(self, *_: object) -> None:
        """Cancel a run of the cell that runs again. Called by IPython when a cell begins.

        The cell shows the new run, so nobody could see or stop the old one.
        """
        if self._decided is not current_cell():  # that one has just begun
            for running in self._runs.values():
                running.run.settle()
        cell = current_cell_id()
        if cell is not None:
            self._background.tell_cancelled(Origin(cell, "", None))


class _Cell:
    """A cell of a run that is on a worker."""

    def __init__(self, run: Run, place: int, body: NotebookCell, comm: Any) -> None:
        self._run = run
        self._place = place
        self._body = body
        self._comm = comm
        self._told = False

    def take(self, brought: Brought) -> Any:
        """Give the notebook what the cell has brought; returns its value.

        Raises:
            PoolError: nothing could be brought.
        """
        answer = self._run.take(self._place, self._body, brought)
        if answer.state == "done":
            self.tell("done")
            return brought.value
        if answer.state == "again" and self._comm is not None:
            self.tell("again", answer.why)
            return None
        why = answer.why
        if answer.state == "again":
            why += " So nothing of it has come back. Run the cell in the notebook."
        raise PoolError(why)

    def ended(self, job: Future[Any]) -> None:
        """Tell the page that the cell has failed, unless it has ended in another way."""
        self.tell("failed")

    def tell(self, state: str, why: str = "") -> None:
        """Tell the page once what has become of the cell."""
        if self._comm is not None and not self._told:
            self._told = True
            self._comm.send({"place": self._place, "state": state, "why": why})


def open_comm(data: dict[str, Any]) -> Any:
    """Open a comm to the page, and say something on it."""
    from comm import create_comm

    return create_comm(target_name=TARGET, data=data)


def _request() -> _Request | None:
    header = current_cell()
    metadata = header.get("metadata") if isinstance(header, dict) else None
    mark = metadata.get(MARK) if isinstance(metadata, dict) else None
    if not isinstance(mark, dict) or not isinstance(mark.get("run"), str):
        return None
    place, why = mark.get("place", 0), mark.get("why", "")
    if not isinstance(place, (int, float)) or not isinstance(why, str):
        return None
    return _Request(header, mark["run"], int(place), mark.get("here") is True, why)


def _label(source: str) -> str:
    """The first line of a cell that is no comment."""
    lines = [line.strip() for line in source.splitlines()]
    first = next((line for line in lines if line and not line.startswith("#")), "cell")
    return first if len(first) <= _WIDTH else f"{first[: _WIDTH - 1]}…"


def _note(text: str) -> None:
    """Show in the cell that runs where it runs, and why."""
    note = (
        '<div class="jp-pool-note" role="note" style="padding:4px 12px;font-size:13px;'
        "border-left:3px solid var(--jp-border-color1, #bdbdbd);"
        'color:var(--jp-ui-font-color2, #616161)">'
    )
    data = {"text/plain": text, "text/html": f"{note}{_with_code(text)}</div>"}
    publish({"data": data, "metadata": {}, "transient": {}, "update": False})


def _with_code(text: str) -> str:
    parts = html.escape(text).split("`")
    return "".join(f"<code>{part}</code>" if at % 2 else part for at, part in enumerate(parts))


def load(shell: Any, background: BackgroundCells) -> None:
    """Let a notebook's page send cells to workers."""
    cells = CellMagics(shell, background)
    shell.register_magics(cells)
    shell.input_transformers_post.append(cells.transform)
    shell.events.register("pre_run_cell", cells.cell_begins)


def plan(name: str, sources: list[str]) -> None:
    """Plan a run of the notebook's cells. The page calls this by its name."""
    from IPython import get_ipython

    get_ipython().magics_manager.registry["CellMagics"].plan(name, sources)
