"""Measures what a task costs that does nothing."""

from __future__ import annotations

import functools
from collections.abc import Iterator

from .native import native
from .report import Floor, Row, Series, Target
from .stage import Measure, Stage, take_turns

#: Round trips in a block. Its mean is one repetition, because a kernel's clock has steps of 100 µs.
BLOCK = 100

#: The tasks of one map: in batches, and one per message.
MANY, SINGLE = 20_000, 2_000

#: Calls that are submitted in a loop, before the first result is asked for.
TOGETHER = 1_000

#: Empty tasks a second, as a pool has that gives no times and no results of single items.
FASTEST = 600_000

#: Maps by the name that big Python has for it.
PROCESSES = """
import multiprocessing
from jupyterlite_pool import install, uninstall
install()
processes = multiprocessing.Pool({cores})

def empty_processes(count):
    started = time.perf_counter()
    processes.map(nothing, range(count))
    return count / (time.perf_counter() - started)
"""

FUNCTIONS = """
def nothing(_=None):
    pass

async def awaited(function, count):
    started = time.perf_counter()
    for _ in range(count):
        await executor.submit(function)
    return (time.perf_counter() - started) * 1000 / count

def blocking(function, count):
    started = time.perf_counter()
    for _ in range(count):
        executor.submit(function).result()
    return (time.perf_counter() - started) * 1000 / count

def handed_over(count):
    started = time.perf_counter()
    futures = [executor.submit(nothing) for _ in range(count)]
    took = (time.perf_counter() - started) * 1000 / count
    for future in futures:
        future.result()
    return took

def suspended(count):
    promise = js.Promise.resolve(1)
    started = time.perf_counter()
    for _ in range(count):
        run_sync(promise)
    return (time.perf_counter() - started) * 1000 / count

def submitted(count):
    from concurrent.futures import as_completed
    started = time.perf_counter()
    futures = [executor.submit(nothing, x) for x in range(count)]
    assert all(future.result() is None for future in as_completed(futures))
    return count / (time.perf_counter() - started)

def empty_tasks(count, **options):
    started = time.perf_counter()
    pool_map(nothing, range(count), progress=False, **options)
    return count / (time.perf_counter() - started)
"""


def one_by_one(stage: Stage) -> Iterator[Row]:
    """Rows 4 and 5: single calls, from `submit` to the result."""
    stage.kernel.run(FUNCTIONS)
    cells = [
        f"took = await beside.pingPong({BLOCK})",
        f"took = await awaited(gc.isenabled, {BLOCK})",
        f"took = await awaited(nothing, {BLOCK})",
        f"took = blocking(gc.isenabled, {BLOCK})",
        f"took = suspended({BLOCK})",
        f"took = await beside.throughAnother({BLOCK})",
        f"took = handed_over({BLOCK})",
    ]
    for cell in cells:  # warm
        stage.measure(cell)

    with native(stage.cores) as processes:
        raw, importable, notebooks, blocking, suspended, relayed, handed, natively = take_turns(
            stage.often,
            *(functools.partial(stage.measure, cell) for cell in cells),
            functools.partial(processes.single_calls, BLOCK),
        )
    beside = Series("raw ping-pong on a `MessagePort`", "ms", raw)
    awaited = "`await executor.submit(f)`, empty `f`"
    yield Row(4, Series(f"{awaited} of a module", "ms", importable), beside, Target(4.0))
    yield Row(4, Series(f"{awaited} of the notebook", "ms", notebooks), beside)
    yield Row(
        4, Series("`submit` alone, in a loop, empty `f` of the notebook", "ms", handed), beside
    )
    yield Row(4, Series("ping-pong through a worker between the two", "ms", relayed), beside)
    beside = Series(
        f"native `ProcessPoolExecutor({stage.cores}).submit(f).result()`", "ms", natively
    )
    yield Row(4, Series(f"{awaited} of the notebook", "ms", notebooks), beside, Target(1.0))
    floor = [one + two for one, two in zip(importable, suspended, strict=True)]
    yield Row(
        5,
        Series("`executor.submit(f).result()`, empty `f` of a module", "ms", blocking),
        Series("the same awaited, and a `run_sync` of a resolved promise", "ms", floor),
        Target(1.2),
    )


def many(stage: Stage) -> Iterator[Row]:
    """Rows 6 and 7: a map of many tasks."""
    stage.kernel.run(FUNCTIONS)
    with native(stage.cores) as processes:
        for number, count, options, target in (
            (6, MANY, "", Target(10, at_least=True)),
            (7, SINGLE, "chunksize=1", Target(3.0, at_least=True)),
        ):
            cell = f"took = empty_tasks({count}, {options})"
            pool, native_tasks = _beside(
                stage, cell, functools.partial(processes.empty_tasks, count)
            )
            shown = f"pool_map(f, range({count:,}){', ' if options else ''}{options})"
            yield Row(
                number,
                Series(f"`{shown}`, empty `f`", "tasks/s", pool),
                Series(
                    f"native `ProcessPoolExecutor({stage.cores}).map(chunksize=1)`",
                    "tasks/s",
                    native_tasks,
                ),
                target,
            )
        stage.kernel.run(PROCESSES.format(cores=stage.cores))
        cell = f"took = empty_processes({MANY})"
        pool, native_tasks = _beside(stage, cell, functools.partial(processes.empty_tasks, MANY))
        stage.kernel.run("uninstall()")
        yield Row(
            6,
            Series(
                f"`multiprocessing.Pool({stage.cores}).map(f, range({MANY:,}))`", "tasks/s", pool
            ),
            Series("native tasks, as above", "tasks/s", native_tasks),
            Floor(FASTEST, "tasks/s"),
        )


def together(stage: Stage) -> Iterator[Row]:
    """Row 24: many single calls at once, of which each result is taken as it comes."""
    stage.kernel.run(FUNCTIONS)
    cell = f"took = submitted({TOGETHER})"
    with native(stage.cores) as processes:
        pool, native_calls = _beside(stage, cell, functools.partial(processes.submitted, TOGETHER))
    yield Row(
        24,
        Series(f"{TOGETHER:,} × `executor.submit(f, x)`, then `as_completed`", "calls/s", pool),
        Series(f"native `ProcessPoolExecutor({stage.cores})`", "calls/s", native_calls),
        Target(1.0, at_least=True),
    )


def _beside(stage: Stage, cell: str, native_calls: Measure) -> list[list[float]]:
    """Measure a cell, which is warm then, and the native pool in turns."""
    stage.measure(cell)
    return take_turns(stage.often, functools.partial(stage.measure, cell), native_calls)
