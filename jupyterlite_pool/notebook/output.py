"""What tasks print and display, shown in the cell that asked for it.

The kernel publishes all that is shown under the header of the message that it works on. So what
belongs to another cell is shown while that cell's header stands in its place.
"""

from __future__ import annotations

import json
import sys
from collections import OrderedDict
from typing import Any, NamedTuple

from ..jobs.job import MapJob
from ..jobs.tasks import Task, TaskSource
from .cell import current_cell, in_cell, publish

#: Lines of tasks that a cell shows.
LIMIT_LINES = 1000

#: A line longer than this counts as several.
LINE_WIDTH = 5000

#: What it shows in place of more.
NOTICE = (
    f"… the first {LIMIT_LINES} lines of tasks are shown. All of it is in the `stdout` of the "
    "result of `pool_map`, by item.\n"
)

#: Of so many cells it is known how their output ended.
CELLS_KNOWN = 32


class _Waiting(NamedTuple):
    """Output that waits for its turn."""

    worker: int
    task: Task
    stream: str
    text: str


class _Page:
    """How the output of one cell ends."""

    def __init__(self) -> None:
        self.lines = 0
        #: The stream and the task of a line that has no end yet.
        self.open: tuple[str, Task | None] | None = None
        self.full = False


class TaskOutput:
    """Shows the output of the tasks of one executor."""

    def __init__(self) -> None:
        self._pages: OrderedDict[int, tuple[Any, _Page]] = OrderedDict()
        #: By job, of those that show their output in another order than it comes.
        self._waiting: dict[MapJob, list[_Waiting]] = {}

    def take(
        self, worker: int, task: Task | None, source: TaskSource | None, stream: str, text: str
    ) -> None:
        """A task has something to show; None for a worker that runs none."""
        if task is not None and isinstance(source, MapJob) and source.group_outputs != "order":
            if source not in self._waiting:
                self._waiting[source] = []
                self._observe(source)
            self._waiting[source].append(_Waiting(worker, task, stream, text))
        else:
            self._show(task, stream, text)

    def _observe(self, job: MapJob) -> None:
        if job.group_outputs == "item":
            job.item_observers.append(lambda _: self._show_in_order(job))
        job.ended.add_done_callback(lambda _: self._show_rest(job))

    def _show_in_order(self, job: MapJob) -> None:
        """Show the output of those items before which none is still to end."""
        waiting = job.outcomes.first_unfinished()
        held = self._waiting[job]
        ready = [entry for entry in held if entry.task.index < waiting]
        self._waiting[job] = [entry for entry in held if entry.task.index >= waiting]
        for entry in sorted(ready, key=lambda entry: entry.task.index):
            self._show(*entry[1:])

    def _show_rest(self, job: MapJob) -> None:
        by_worker = job.group_outputs == "worker"
        held = self._waiting.pop(job, [])
        held.sort(key=lambda entry: entry.worker if by_worker else entry.task.index)
        last = None
        for worker, task, stream, text in held:
            if by_worker and worker != last:
                last = worker
                self._show(task, "stdout", f"[worker {worker}]\n")
            self._show(task, stream, text)

    def _show(self, task: Task | None, stream: str, text: str) -> None:
        cell = current_cell() if task is None else task.cell
        page = self._page(cell)
        with in_cell(cell):
            if stream == "display":
                page.open = None
                shown = json.loads(text)
                page.lines += not shown["update"]  # what takes the place of another is no more
                if page.lines <= LIMIT_LINES:
                    publish(shown)
                text = ""
            if page.open is not None and page.open[0] == stream and page.open[1] is not task:
                text = "\n" + text  # or else it would go on in another task's line
            text = page_part(page, text)
            if text:
                _stream(stream).write(text)  # `print` writes an empty end as well: a message more
                page.open = None if text.endswith("\n") else (stream, task)
            if page.lines >= LIMIT_LINES and not page.full:
                page.full = True
                sys.stderr.write(NOTICE)

    def _page(self, cell: Any) -> _Page:
        known = self._pages.get(id(cell))
        if known is None or known[0] is not cell:
            known = self._pages[id(cell)] = (cell, _Page())
            if len(self._pages) > CELLS_KNOWN:
                self._pages.popitem(last=False)
        return known[1]


def page_part(page: _Page, text: str) -> str:
    """As much of a text as a cell still has room for."""
    left = LIMIT_LINES - page.lines
    if left <= 0:
        return ""
    lines = text.count("\n") + len(text) // LINE_WIDTH
    page.lines += lines
    if lines < left:
        return text
    return "".join(text.splitlines(keepends=True)[:left])[: left * LINE_WIDTH]


def _stream(name: str) -> Any:
    return sys.stderr if name == "stderr" else sys.stdout
