"""The magics: `%pool`, `%pool_map`, and the cells `%%pool_map`, `%%pool_submit` and `%%pool_run`.

They parse a line and call the same functions as Python code does. Expressions are evaluated once,
in the notebook. The values of options are never evaluated.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from functools import partial
from typing import Any

from IPython.core.error import UsageError
from IPython.core.magic import (
    Magics,
    line_cell_magic,
    line_magic,
    magics_class,
    no_var_expand,
)

from ..api.background import BackgroundJob, run_in_background
from ..api.dask_defaults import shuffle_by_tasks
from ..api.map_result import MapResult, finished
from ..api.pool_map import pool_map
from ..notebook.cell import current_cell_id
from ..waiting.browser import IN_BROWSER, can_block
from ..waiting.futures import PoolFuture
from ..worker.cell_bodies import OWN, BackgroundCell, EverywhereCell, ParallelCell
from ..worker.surroundings.scratch import NOTEBOOK, keep_apart
from .background import BackgroundCells, Origin
from .cells import check_cells, evaluate, make_cell, place_of_caller, source_of
from .completion import complete_magics
from .everywhere import EverywhereCells
from .interrupt import cell_starts
from .magic_await import CALLERS, await_magics
from .magic_lines import MAP, RUN, SUBMIT, Magic, parse_loop, parse_options, split_expressions
from .no_processes import explain_missing_processes
from .page_words import cell_begins, listen
from .parallel import requests as cells_in_parallel
from .pool_command import obey
from .pulling import Pull


@magics_class
class PoolMagics(Magics):  # type: ignore[misc]
    """The magics of one notebook."""

    def __init__(self, shell: Any, background: BackgroundCells) -> None:
        super().__init__(shell)
        self._background = background
        self._everywhere = EverywhereCells()

    @no_var_expand  # type: ignore[untyped-decorator]
    @line_magic  # type: ignore[untyped-decorator]
    def pool(self, line: str) -> Any:
        """Show, cancel, scale or stop the pool; `%pool -h` explains how."""
        return obey(line)

    # Each of these has a form that is awaited, for browsers that cannot pause Python.

    @no_var_expand  # type: ignore[untyped-decorator]
    @line_cell_magic  # type: ignore[untyped-decorator]
    def pool_map(self, line: str, cell: str | None = None) -> MapResult[Any] | None:
        """Map a function or a cell over items; `%pool_map -h` explains how."""
        __tracebackhide__ = True
        options, rest = _parse(line, MAP)
        if options is None:
            return None
        _load_imports_now(cell)
        return self._map(line, rest, cell, options)[0]

    @no_var_expand  # type: ignore[untyped-decorator]
    @line_cell_magic  # type: ignore[untyped-decorator]
    async def _pool_map(self, line: str, cell: str | None = None) -> MapResult[Any] | None:
        """As `%pool_map`, for cells that await it because this browser cannot pause Python."""
        __tracebackhide__ = True
        options, rest = _parse(line, MAP)
        if options is None:
            return None
        block = options.pop("block", True)
        out = options.pop("out", None) if block else None  # an error leaves the name as it was
        await _load_imports(cell)
        shown, result, pull = self._map(line, rest, cell, {**options, "block": False})
        if block:
            await finished(result)
            pull.look(result)
        if out is not None:
            self.shell.user_ns[out] = result
            return None
        return shown

    @no_var_expand  # type: ignore[untyped-decorator]
    @line_cell_magic  # type: ignore[untyped-decorator]
    def pool_submit(self, line: str, cell: str | None = None) -> None:
        """Run the cell on a worker while the next cells run; `%pool_submit -h` explains how."""
        __tracebackhide__ = True
        options, rest = _parse(line, SUBMIT, cell)
        if options is not None:
            _load_imports_now(cell)
            self._submit(rest, cell or "", line, options)

    @no_var_expand  # type: ignore[untyped-decorator]
    @line_cell_magic  # type: ignore[untyped-decorator]
    async def _pool_submit(self, line: str, cell: str | None = None) -> None:
        """As `%%pool_submit`, for browsers that cannot pause Python."""
        __tracebackhide__ = True
        options, rest = _parse(line, SUBMIT, cell)
        if options is not None:
            await _load_imports(cell)
            self._submit(rest, cell or "", line, options)

    @no_var_expand  # type: ignore[untyped-decorator]
    @line_cell_magic  # type: ignore[untyped-decorator]
    def pool_run(self, line: str, cell: str | None = None) -> list[Any] | None:
        """Run the cell once on every worker; `%pool_run -h` explains how."""
        __tracebackhide__ = True
        options, rest = _parse(line, RUN, cell)
        if options is None:
            return None
        _load_imports_now(cell)
        future = self._run(rest, cell or "", line, options)
        with self._everywhere.waiting_for(future):
            values = future.result()
        return self._ran(values, options)

    @no_var_expand  # type: ignore[untyped-decorator]
    @line_cell_magic  # type: ignore[untyped-decorator]
    async def _pool_run(self, line: str, cell: str | None = None) -> list[Any] | None:
        """As `%%pool_run`, for cells that await it because this browser cannot pause Python."""
        __tracebackhide__ = True
        options, rest = _parse(line, RUN, cell)
        if options is None:
            return None
        await _load_imports(cell)
        future = self._run(rest, cell or "", line, options)
        with self._everywhere.waiting_for(future):
            values = await future
        return self._ran(values, options)

    # What both forms do.

    def _map(
        self, line: str, rest: str, cell: str | None, options: dict[str, Any]
    ) -> tuple[MapResult[Any] | None, MapResult[Any], Pull]:
        """Start a job; returns what the cell shows, the result, and what brings its names."""
        __tracebackhide__ = True
        out, pull, push = (options.pop(name, None) for name in ("out", "pull", "push"))
        namespace = self.shell.user_ns
        if cell is None:
            if pull or push:
                raise UsageError("--pull and --push are for cells: write %%pool_map NAME in …")
            read = partial(evaluate, namespace=namespace)
            filename, row = place_of_caller()
            parts = split_expressions(rest)
            function, *iterables = [read(part, filename=filename, line=row) for part in parts]
        else:
            target, expression = parse_loop(rest)
            source = source_of(self.shell, "pool_map", line, cell)
            function = make_cell(
                ParallelCell,
                source,
                namespace,
                target=target,
                pull=pull or (),
                push=push or (),
                hidden=self.shell.user_ns_hidden,
            )
            iterables = [evaluate(expression, namespace, source.filename)]
            _check_items(expression, iterables[0])
            options.pop("starmap", None)  # the target takes each item apart anyway
        puller = Pull(pull or (), namespace)
        try:
            result = pool_map(function, *iterables, **options)
        except BaseException as error:
            left = getattr(error, "map_result", None)
            if isinstance(left, MapResult):
                puller.follow(left)  # a retry may complete it
            raise
        puller.follow(result)
        if out is None:
            return result, result, puller
        namespace[out] = result
        return None, result, puller

    def _submit(self, rest: str, cell: str, line: str, options: dict[str, Any]) -> BackgroundJob:
        __tracebackhide__ = True
        _refuse_more(rest, SUBMIT)
        out, pull, push = (options.pop(name, None) for name in ("out", "pull", "push"))
        source = source_of(self.shell, "pool_submit", line, cell)
        namespace = self.shell.user_ns
        body = make_cell(
            BackgroundCell,
            source,
            namespace,
            pull=pull or (),
            push=push or (),
            hidden=self.shell.user_ns_hidden,
        )
        origin = Origin(current_cell_id(), f"{source.header}\n{cell}", out)
        label = options.pop("label", None) or out or "background cell"
        job = run_in_background(
            body, label=label, show=out is None, deliver=namespace.update, **options
        )
        self._background.tell_cancelled(origin)
        self._background.add(origin, job)
        if out is not None:
            namespace[out] = job
        return job

    def _run(
        self, rest: str, cell: str, line: str, options: dict[str, Any]
    ) -> PoolFuture[list[Any]]:
        __tracebackhide__ = True
        _refuse_more(rest, RUN)
        source = source_of(self.shell, "pool_run", line, cell)
        body = make_cell(
            EverywhereCell,
            source,
            self.shell.user_ns,
            pull=options.get("pull", ()),
            push=options.get("push", ()),
            hidden=self.shell.user_ns_hidden,
        )
        return self._everywhere.run(body, self.shell.user_ns, options.get("out"))

    def _ran(self, values: list[Any], options: dict[str, Any]) -> list[Any] | None:
        """Show what the workers gave, or keep it under a name."""
        if options.get("pull"):
            for name in options["pull"]:
                self.shell.user_ns[name] = [names[name] for names in values]
            values = [names[OWN] for names in values]
        workers = "1 worker" if len(values) == 1 else f"{len(values)} workers"
        print(f"The cell ran on {workers}; each worker that starts later runs it, too.")
        if "out" in options:
            self.shell.user_ns[options["out"]] = values
            return None
        return None if all(value is None for value in values) else values


def _parse(line: str, magic: Magic, cell: str | None = "…") -> tuple[dict[str, Any] | None, str]:
    """The options of a line and its rest; no options if it has asked for help and was given it.

    Args:
        cell: the cell, if the magic needs one.
    """
    options, rest = parse_options(line, magic)
    if options.pop("help", False):
        print(magic.help)
        return None, rest
    if cell is None:
        raise UsageError(f"%%{magic.name} has a cell under it: write it with two %.")
    return options, rest


def _refuse_more(rest: str, magic: Magic) -> None:
    if rest:
        raise UsageError(
            f"%%{magic.name} takes options alone, not {rest!r}. Expected:\n{magic.help}"
        )


def _check_items(expression: str, items: object) -> None:
    if not isinstance(items, Iterable) and not hasattr(items, "__getitem__"):
        raise UsageError(
            f"`{expression.strip()}` is no iterable but {type(items).__name__!r}: a cell runs for "
            "each item of a list, a range or another iterable."
        )


def _load_imports_now(cell: str | None) -> None:
    """As `_load_imports`, where Python can be paused."""
    if cell is not None and IN_BROWSER and can_block():
        from pyodide.ffi import run_sync

        run_sync(_load_imports(cell))


async def _load_imports(cell: str | None) -> None:
    """Load the packages that a body imports. The kernel cannot: to it, the body is just text."""
    if cell is not None and IN_BROWSER:
        import pyodide_js

        await pyodide_js.loadPackagesFromImports(cell)


def await_magics_where_needed(lines: list[str]) -> list[str]:
    """Transform a cell so that it awaits the magics, if this browser cannot pause Python.

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
        background = BackgroundCells()
        shell.register_magics(PoolMagics(shell, background))
        shell.input_transformers_post.append(partial(check_cells, shell))
        shell.input_transformers_post.append(await_magics_where_needed)
        cells_in_parallel.load(shell, background)
        complete_magics(shell)
        shell.events.register("pre_run_cell", cell_starts)
        cell_starts()  # the cell that imports this has started already
        listen()
        shell.events.register("pre_run_cell", cell_begins)
        # Making an executor does the first two as well. But the notebook may make a bag of Dask, or
        # a temporary folder, before there is an executor.
        shuffle_by_tasks()
        if IN_BROWSER:
            keep_apart(NOTEBOOK)
            explain_missing_processes()
