"""Shows what tasks print and display, in the cell that asked for it.

The kernel publishes all output under the header of the message that it works on. Output of another
cell is shown while that cell's header stands in its place.
"""

from __future__ import annotations

import json
import sys
from collections import OrderedDict
from typing import Any, NamedTuple

from ..jobs.job import MapJob
from ..jobs.tasks import Task, TaskSource
from .cell import current_cell, in_cell, publish
from .page import page

#: A line longer than this counts as several.
LINE_WIDTH = 5000

#: The state of the output is kept for this many cells.
CELLS_KNOWN = 32


class _Waiting(NamedTuple):
    """Output that waits for its turn."""

    worker: int
    task: Task
    stream: str
    text: str


class _CellOutput:
    """Shows output in one cell, as far as the cell has room for it."""

    def __init__(self) -> None:
        self._lines = 0
        #: The stream and the task of the last line, if it has no end yet.
        self._open: tuple[str, Task | None] | None = None
        #: Whether the notice was shown.
        self._full = False

    def show(self, task: Task | None, stream: str, text: str) -> None:
        """Show output of a task, under the header that stands now."""
        if stream == "display":
            self._open = None
            shown = json.loads(text)
            self._lines += not shown["update"]  # an update takes the place of another output
            if self._lines <= page.output_limit_lines:
                publish(shown)
        else:
            if self._open is not None and self._open[0] == stream and self._open[1] is not task:
                text = "\n" + text  # or it would go on in the line of another task
            text = self._cut(text)
            if text:
                _stream(stream).write(text)  # not `print`, which writes an empty end as well
                self._open = None if text.endswith("\n") else (stream, task)
        if self._lines >= page.output_limit_lines and not self._full:
            self._full = True
            sys.stderr.write(notice())

    def _cut(self, text: str) -> str:
        """As much of a text as there is still room for."""
        left = page.output_limit_lines - self._lines
        if left <= 0:
            return ""
        lines = text.count("\n") + len(text) // LINE_WIDTH
        self._lines += lines
        if lines < left:
            return text
        return "".join(text.splitlines(keepends=True)[:left])[: left * LINE_WIDTH]


class TaskOutput:
    """Shows the output of the tasks of one executor."""

    def __init__(self) -> None:
        self._cells: OrderedDict[int, tuple[Any, _CellOutput]] = OrderedDict()
        #: Output of jobs that do not show it as it comes.
        self._waiting: dict[MapJob, list[_Waiting]] = {}

    def take(
        self, worker: int, task: Task | None, source: TaskSource | None, stream: str, text: str
    ) -> None:
        """Show output of a task, now or when its turn comes.

        Args:
            task: None where the worker shows something while it runs no task.
            stream: "stdout", "stderr" or "display".
        """
        if (
            task is not None
            and isinstance(source, MapJob)
            and (source.options.group_outputs != "order" or _waits(source))
        ):
            is_first = source not in self._waiting
            self._waiting.setdefault(source, []).append(_Waiting(worker, task, stream, text))
            if is_first:
                self._follow(source)
        else:
            self._show(task, stream, text)

    def _follow(self, job: MapJob) -> None:
        """Show the output of a job as its items end, or when all of them have."""
        if job.options.group_outputs == "item":
            remove = job.arrivals.observe(lambda _: self._show_in_order(job))
            job.ended.add_done_callback(lambda _: remove())
        job.ended.add_done_callback(lambda _: self._show_rest(job))

    def _show_in_order(self, job: MapJob) -> None:
        """Show the output of the items before the first one that has not ended."""
        first = job.outcomes.first_unfinished()
        waiting = self._waiting[job]
        ready = [entry for entry in waiting if entry.task.index < first]
        self._waiting[job] = [entry for entry in waiting if entry.task.index >= first]
        for entry in sorted(ready, key=lambda entry: entry.task.index):
            self._show(*entry[1:])

    def _show_rest(self, job: MapJob) -> None:
        by_worker = job.options.group_outputs == "worker"
        waiting = self._waiting.pop(job, [])
        waiting.sort(key=lambda entry: entry.worker if by_worker else entry.task.index)
        last = None
        for worker, task, stream, text in waiting:
            if by_worker and worker != last:
                last = worker
                self._show(task, "stdout", f"[worker {worker}]\n")
            self._show(task, stream, text)

    def _show(self, task: Task | None, stream: str, text: str) -> None:
        cell = current_cell() if task is None else task.cell
        with in_cell(cell):
            self._output_of(cell).show(task, stream, text)

    def _output_of(self, cell: Any) -> _CellOutput:
        known = self._cells.get(id(cell))
        if known is None or known[0] is not cell:
            known = self._cells[id(cell)] = (cell, _CellOutput())
            if len(self._cells) > CELLS_KNOWN:
                self._cells.popitem(last=False)
        return known[1]


def _waits(job: MapJob) -> bool:
    """Whether the output of a job waits for its end, by the settings."""
    return not (page.stream_output or job.options.single)


def notice() -> str:
    """What a cell shows in place of more lines than it may show."""
    return (
        f"… the first {page.output_limit_lines} lines of tasks are shown. All of it is in the "
        "`stdout` of the result of `pool_map`, by item.\n"
    )


def _stream(name: str) -> Any:
    return sys.stderr if name == "stderr" else sys.stdout
