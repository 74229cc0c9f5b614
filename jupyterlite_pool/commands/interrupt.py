"""*Interrupt Kernel*: what the running cell waits for is stopped, and its wait ends.

A browser has no signals, and JupyterLite's own interrupt reaches only the cells behind the one that
runs. But a cell that waits for the pool has given the thread back, so a word of the page arrives;
then everything that waits is in the lists of `_waits`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from ..dispatch.dispatcher import all_dispatchers
from ..tracebacks import interrupted
from ..waiting.futures import PoolFuture
from ..waiting.waits import Wait, awaited, current_run, suspended


class Run(NamedTuple):
    """One run of a cell, seen by all that it calls: they have its context."""

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


def interrupt() -> None:
    """Stop what the running cell waits for, or all jobs where it waits for none.

    The wait ends with `KeyboardInterrupt`; what other code waits for goes on.
    """
    run = next((run for run in reversed(_runs) if not run.task.done()), None)
    waits = list(_waits_of(run)) if run is not None else []
    stops = [stop for wait in waits for stop in _stops(wait)]
    if run is not None:
        _end_wait(run, waits)
    if stops:
        for stop in stops:
            stop()
    else:
        cancel_all()


def cancel_all() -> None:
    """Cancel all jobs and calls of this kernel, also those that run."""
    for dispatcher in all_dispatchers():
        dispatcher.cancel_all()


def _waits_of(run: Run) -> Iterator[Wait]:
    """What a cell waits for: the wait that has suspended it, or what it awaits."""
    mine = [wait for wait in suspended if wait.cell is run]
    if mine:
        yield mine[-1]
        return
    reached = list(_reach(run.task))
    # `asyncio.wait` and task groups do not say what they wait for.
    yield from reached or [wait for wait in awaited.values() if wait.cell is run]


def _reach(future: Any) -> Iterator[Wait]:
    """Our waits that a future of asyncio comes to wait for."""
    if future in awaited:
        yield awaited[future]
    inner = getattr(future, "_fut_waiter", None)  # a task's
    for child in [inner] if inner is not None else getattr(future, "_children", ()):  # gather's
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

    The standard library's waits hang an event, with its condition, with its lock, on each future.
    """
    for dispatcher in all_dispatchers():
        for future in dispatcher.unfinished():
            conditions = [future._condition]
            conditions += [waiter.event._cond for waiter in future._waiters]  # type: ignore[attr-defined]
            if isinstance(future, PoolFuture) and any(
                lock in condition._waiters  # type: ignore[attr-defined]
                for condition in conditions
            ):
                yield future


def _end_wait(run: Run, waits: list[Wait]) -> None:
    """Let the cell go on with `KeyboardInterrupt`."""
    if waits and waits[0] in suspended:
        waits[0].interrupt()
        return
    future: Any = run.task
    nested = -1
    while isinstance(future, asyncio.Task):
        future, nested = getattr(future, "_fut_waiter", None), nested + 1
    if future is None or future.done():
        return
    if nested:
        _let_loop_go_on()
    children = [child for child in getattr(future, "_children", ()) if not child.done()]
    future.set_exception(interrupted())
    for child in children:
        child.cancel()


def _let_loop_go_on() -> None:
    """A task that ends with `KeyboardInterrupt` has told whoever awaits it; that is enough."""
    loop: Any = asyncio.get_event_loop()
    if getattr(loop, "_keyboard_interrupt_handler", ...) is None:
        loop._keyboard_interrupt_handler = lambda: None
