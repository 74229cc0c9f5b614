"""*Interrupt Kernel*: stops the jobs that the running cell waits for, and ends its wait.

JupyterLite's own interrupt cancels only the cells that come after the running one. But while a cell
waits for the pool, Python is suspended, so a message of the page can arrive. All waits are then in
the lists of `waiting.waits`.

While a cell computes, no message arrives. Then Python asks the page itself (`interrupt/asker.ts`),
and gets the signal that Ctrl-C sends elsewhere.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any, NamedTuple

from ..api.history import history
from ..dispatch.dispatcher import all_dispatchers
from ..notebook.cell import current_cell
from ..tracebacks import interrupted
from ..waiting.browser import page_asker
from ..waiting.futures import PoolFuture
from ..waiting.waits import Wait, awaited, current_run, suspended


class Run(NamedTuple):
    """One run of a cell. Everything that the cell calls sees it in its context variables."""

    task: asyncio.Task[Any]


_runs: list[Run] = []


def cell_starts(*_: object) -> None:
    """A cell has started: called by IPython in the cell's own context."""
    try:
        task = asyncio.current_task()
    except RuntimeError:  # no event loop runs
        return
    if task is not None:
        _runs[:] = [run for run in _runs if not run.task.done()]
        _runs.append(Run(task))
        current_run.set(_runs[-1])


def interrupt() -> bool:
    """Stop the jobs and calls that the running cell waits for; all of them if it waits for none.

    Cells in the background go on, unless the running cell waits for them, or none runs.
    The cell's wait ends with `KeyboardInterrupt`. Waits of other code go on.

    Returns:
        False if a cell runs whose wait could not be ended.
    """
    run = next((run for run in reversed(_runs) if not run.task.done()), None)
    waits = list(_waits_of(run)) if run is not None else []
    stops = [stop for wait in waits for stop in _stops(wait)]
    ended = run is None or _end_wait(run, waits)
    if stops:
        for stop in stops:
            stop()
    else:
        # Somebody who stops a cell does not mean what runs in the background beside it.
        cancel_all(background=run is None)
    return ended


def obey_signals() -> None:
    """Let Ctrl-C's signal stop the jobs of the cell that computes, too.

    A handler of the notebook's own stays.
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _on_signal)


def _on_signal(number: int, frame: FrameType | None) -> None:
    """Cancel the jobs of the cell that computes, and raise `KeyboardInterrupt` in it.

    If it is not the notebook's code that runs, an error could leave the pool or the kernel half
    changed. Then the wish comes again, a little later or by the event loop; but not for ever.
    """
    asker = page_asker()
    if asker is not None and not _is_notebooks_code(frame) and asker.putOff() <= PATIENCE:
        return
    _let_loop_go_on()
    cell = current_cell()
    if cell is not None:
        cancel_all(cell=cell)
    raise interrupted()


#: How often a wish is put off. The pauses get longer: all of them take about eight seconds.
PATIENCE = 40

#: How the file names begin of modules of Python and of installed packages; in Pyodide, Python's own
#: are in an archive or frozen.
_LIBRARY = (os.path.dirname(os.__file__), "/lib/python", "<frozen ")

_PACKAGE = __name__.partition(".")[0]


def _is_notebooks_code(frame: FrameType | None) -> bool:
    """Whether the notebook's own code runs, or what it has called of other packages.

    Code of the notebook that the pool has called is the pool's, unless the notebook waits for it.
    """
    owners = [owner for owner in map(_owner, _outwards(frame)) if owner is not None]
    return bool(owners) and owners[0] != _PACKAGE and owners[-1] != _PACKAGE


def _outwards(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back


def _owner(frame: FrameType) -> str | None:
    """Whose code it is: the pool's, or the notebook's; None for a library's."""
    if str(frame.f_globals.get("__name__")).partition(".")[0] == _PACKAGE:
        return _PACKAGE
    return None if frame.f_code.co_filename.startswith(_LIBRARY) else "notebook"


def cancel_all(*, cell: Any = None, background: bool = True) -> None:
    """Cancel all jobs and calls of this kernel, or of one cell, also those that run.

    Args:
        background: also cells in the background.
    """
    for dispatcher in all_dispatchers():
        dispatcher.cancel_all(cell=cell, background=background)


def _waits_of(run: Run) -> Iterator[Wait]:
    """The wait that has suspended a cell, or the waits that it awaits."""
    mine = [wait for wait in suspended if wait.cell is run]
    if mine:
        yield mine[-1]
        return
    reached = list(_reach(run.task))
    # Futures behind `asyncio.wait` and task groups cannot be found from the task.
    yield from reached or [wait for wait in awaited.values() if wait.cell is run]


def _reach(future: Any) -> Iterator[Wait]:
    """Our waits that a future of asyncio waits for, also through other futures."""
    if future in awaited:
        yield awaited[future]
    inner = getattr(future, "_fut_waiter", None)  # what a task awaits
    for child in [inner] if inner is not None else getattr(future, "_children", ()):  # of a gather
        yield from _reach(child)


def _stops(wait: Wait) -> Iterator[Callable[[], object]]:
    if wait.stop is not None:
        yield wait.stop
    if wait.lock is not None:
        for future in _futures_behind(wait.lock):
            yield future.stop
    if wait.task is not None:
        for inner in _reach(wait.task):
            yield from _stops(inner)


def _futures_behind(lock: object) -> Iterator[PoolFuture[Any]]:
    """The futures that somebody waits for with a lock.

    `concurrent.futures.wait` and `as_completed` give each future a waiter. The waiter has an event,
    the event a condition, and whoever waits for the condition adds a lock to its `_waiters`.
    """
    unfinished = [future for each in all_dispatchers() for future in each.unfinished()]
    # Of a cell in the background, a dispatcher has only what the job itself waits for.
    for future in [*unfinished, *history.background()]:
        if isinstance(future, PoolFuture):
            conditions = [future._condition]
            conditions += [waiter.event._cond for waiter in future._waiters]  # type: ignore[attr-defined]
            if any(lock in condition._waiters for condition in conditions):  # type: ignore[attr-defined]
                yield future


def _end_wait(run: Run, waits: list[Wait]) -> bool:
    """Let the cell continue with `KeyboardInterrupt`; False if what it waits for is not known."""
    if waits and waits[0] in suspended:
        waits[0].interrupt()
        return True
    future: Any = run.task
    nested = -1
    while isinstance(future, asyncio.Task):
        future, nested = getattr(future, "_fut_waiter", None), nested + 1
    if future is None or future.done():
        return False
    if nested:
        _let_loop_go_on()
    children = [child for child in getattr(future, "_children", ()) if not child.done()]
    future.set_exception(interrupted())
    for child in children:
        child.cancel()
    return True


def _let_loop_go_on() -> None:
    """Keep Pyodide's event loop from raising the `KeyboardInterrupt` of a nested task once more.

    The cell awaits that task, and so has the error already.
    """
    loop: Any = asyncio.get_event_loop()
    if getattr(loop, "_keyboard_interrupt_handler", ...) is None:
        loop._keyboard_interrupt_handler = lambda: None
