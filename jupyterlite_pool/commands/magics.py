"""The magics: `%pool`, `%pool_map` and the parallel cell `%%pool_map`.

They parse a line and call the same functions as Python code does. Expressions are evaluated once,
in the notebook. The values of options are never evaluated.
"""

from __future__ import annotations

import ast
import inspect
from typing import Any

from IPython.core.error import UsageError
from IPython.core.magic import Magics, line_cell_magic, line_magic, magics_class

from ..api.dask_defaults import shuffle_by_tasks
from ..api.history import history
from ..api.map_result import MapResult, finished
from ..api.pool_map import pool_map, run_again
from ..api.shared import get_reusable_executor, set_reusable_executor
from ..dispatch.dispatcher import all_dispatchers
from ..waiting.browser import IN_BROWSER, can_block
from ..worker.parallel_cell import ParallelCell
from ..worker.surroundings.scratch import NOTEBOOK, keep_apart
from .interrupt import cancel_all, cell_starts
from .magic_await import CALLERS, await_magics
from .magic_lines import MAP_HELP, parse_loop, parse_options, split_expressions
from .page_words import cell_begins, listen

POOL_HELP = """\
%pool [status]     what the workers do, and the jobs by number
%pool jobs         the jobs that run, and the last ones that have ended
%pool job N        the result of a job, as long as somebody has it
%pool cancel [JOB] cancel a job, or all of them, with what runs of it
%pool scale N      have N workers
%pool restart      stop all workers; the next use starts new ones
%pool shutdown     the same"""


@magics_class
class PoolMagics(Magics):  # type: ignore[misc]
    """The magics of one notebook."""

    @line_magic  # type: ignore[untyped-decorator]
    def pool(self, line: str) -> MapResult[Any] | None:
        """Show, cancel, scale or stop the pool; `%pool -h` explains how."""
        command, *arguments = line.split() or ["status"]
        if command in ("-h", "--help"):
            print(POOL_HELP)
        elif command == "job" and len(arguments) == 1:
            return self._result_of(arguments[0])
        elif command == "cancel" and len(arguments) <= 1:
            self._cancel(arguments)
        elif command == "scale" and len(arguments) == 1 and arguments[0].isdecimal():
            get_reusable_executor().scale(int(arguments[0]))
        elif arguments:
            raise UsageError(f"%pool does not know {line.strip()!r}. Expected:\n{POOL_HELP}")
        elif command == "status":
            executor = get_reusable_executor()
            print(executor.status())
            for job in executor._pool.dispatcher.jobs():
                print(f"job {job.number}: {MapResult(job, run_again)!r}")
        elif command == "jobs":
            print(history.table())
        elif command in ("restart", "shutdown"):
            get_reusable_executor().terminate_workers()
            set_reusable_executor(None)
        else:
            raise UsageError(f"%pool does not know {command!r}. Expected:\n{POOL_HELP}")
        return None

    def _result_of(self, number: str) -> MapResult[Any]:
        """The result of a job of `%pool jobs`."""
        for entry in history.entries():
            if str(entry.number) == number:
                if entry.result is None:
                    raise UsageError(
                        f"the result of job {number} is gone: no variable of the notebook has it, "
                        "and only results that run and the last one that failed are kept."
                    )
                return entry.result
        raise UsageError(f"there is no job {number}. `%pool jobs` shows those that there are.")

    def _cancel(self, arguments: list[str]) -> None:
        jobs = {
            str(job.number): job for dispatcher in all_dispatchers() for job in dispatcher.jobs()
        }
        for entry in history.entries():
            # Its items may run again, in a job of their own.
            if (
                arguments == [str(entry.number)]
                and entry.ended is None
                and entry.result is not None
            ):
                entry.result.cancel(running=True)
                return
        if not arguments:
            cancel_all()
        elif arguments[0] in jobs:
            jobs[arguments[0]].abort()
        else:
            known = ", ".join(sorted(jobs, key=int)) or "none"
            raise UsageError(f"there is no job {arguments[0]!r}. Jobs that run: {known}")

    @line_cell_magic  # type: ignore[untyped-decorator]
    def pool_map(self, line: str, cell: str | None = None) -> MapResult[Any] | None:
        """Map a function or a cell over items; `%pool_map -h` explains how."""
        __tracebackhide__ = True
        options, rest = parse_options(line)
        if options.pop("help", False):
            print(MAP_HELP)
            return None
        out = options.pop("out", None)
        if cell is not None and IN_BROWSER and can_block():
            from pyodide.ffi import run_sync

            run_sync(_load_imports(cell))
        return self._keep(self._start(rest, cell, options), out)

    @line_cell_magic  # type: ignore[untyped-decorator]
    async def _pool_map(self, line: str, cell: str | None = None) -> MapResult[Any] | None:
        """As `%pool_map`, for cells that await it because this browser cannot pause Python."""
        __tracebackhide__ = True
        options, rest = parse_options(line)
        if options.pop("help", False):
            print(MAP_HELP)
            return None
        out = options.pop("out", None)
        block = options.pop("block", True)
        if cell is not None and IN_BROWSER:
            await _load_imports(cell)
        result = self._start(rest, cell, {**options, "block": False})
        if block:
            await finished(result)
        return self._keep(result, out)

    def _start(self, rest: str, cell: str | None, options: dict[str, Any]) -> MapResult[Any]:
        __tracebackhide__ = True
        if cell is None:
            function, *iterables = [self._value(part) for part in split_expressions(rest)]
            return pool_map(function, *iterables, **options)
        target, source = parse_loop(rest)
        function = self._cell(target, f"%%pool_map {rest.strip()}", cell)
        return pool_map(function, self._value(source), **options)

    def _keep(self, result: MapResult[Any], out: str | None) -> MapResult[Any] | None:
        """Keep a result under a name, or return it to be shown if there is no name."""
        if out is None:
            return result
        self.shell.user_ns[out] = result
        return None

    def _value(self, expression: str) -> Any:
        __tracebackhide__ = True
        return eval(compile(expression.strip(), "<%pool_map>", "eval"), self.shell.user_ns)

    def _cell(self, target: str, header: str, body: str) -> ParallelCell:
        namespace = self.shell.user_ns
        read = {
            node.id
            for node in ast.walk(ast.parse(body))
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
        }
        names = {name: namespace[name] for name in sorted(read) if name in namespace}
        # IPython knows the cell by this file name, so tracebacks call it `Cell In[…]`. Its number
        # is that of the last input: `execution_count` may already be the number of the next cell.
        number = len(self.shell.history_manager.input_hist_parsed) - 1
        filename = self.shell.compile.cache(f"{header}\n{body}", number)
        return ParallelCell(target, header, body, names, filename)


async def _load_imports(body: str) -> None:
    """Load the packages that a body imports. The kernel cannot: to it, the body is just text."""
    import pyodide_js

    await pyodide_js.loadPackagesFromImports(body)


def await_magics_where_needed(lines: list[str]) -> list[str]:
    """Transform a cell so that it awaits `%pool_map`, if this browser cannot pause Python.

    Cells that a magic such as `%%time` runs are left alone: they cannot await.
    """
    return lines if can_block() or _in_magic() else await_magics(lines)


def _in_magic() -> bool:
    frame = inspect.currentframe()
    while frame is not None:
        if frame.f_code.co_name in CALLERS:
            return True
        frame = frame.f_back
    return False


def load_ipython_extension(shell: Any) -> None:
    """Register the magics. Called by `%load_ext`, and when a notebook imports the package."""
    if not isinstance(shell.magics_manager.registry.get("PoolMagics"), PoolMagics):
        shell.register_magics(PoolMagics)
        shell.input_transformers_post.append(await_magics_where_needed)
        shell.events.register("pre_run_cell", cell_starts)
        cell_starts()  # the cell that imports this has started already
        listen()
        shell.events.register("pre_run_cell", cell_begins)
        # An executor does these, too. But the notebook may make a folder or a bag before it.
        shuffle_by_tasks()
        if IN_BROWSER:
            keep_apart(NOTEBOOK)
