"""Measures other ways to run Python in several workers, on a page like ours."""

from __future__ import annotations

import contextlib
import shutil
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from . import tasks
from .report import Measured, Row, Series, Skipped, Target
from .scripts import bundle, link_site, npm_packages, served, write_page
from .stage import BUILD, HERE, Stage

SCRIPTS = HERE / "contenders"

#: Workers of each contender, as in row 1.
WORKERS = 4

#: Calls one after the other, whose mean is one repetition; calls at once; and calls of each kind
#: after which a contender is warm: until then the browser compiles what runs often.
BLOCK, MANY, WARM = 100, 1_000, 2_000

BYTES = 100_000_000

AHEAD = Target(1.0)

#: How many of our calls at once there should be in the time of one of theirs.
FASTER = {
    "workerpool": Target(3.0, at_least=True),
    "pyscript": Target(1.3, at_least=True),
}


def today(stage: Stage) -> Iterator[Measured]:
    """Row 14: a pool made by hand, and a new worker for each task, beside a notebook's pool."""
    stage.kernel.run(tasks.FUNCTIONS)
    submit = f"took = await awaited(nothing, {BLOCK})"
    one_map = f"took = empty_tasks({tasks.MANY})"
    for cell in (submit, one_map):  # warm
        stage.measure(cell)
    ours: dict[str, list[float]] = defaultdict(list)
    by_hand: dict[str, list[float]] = defaultdict(list)
    fresh: list[float] = []
    with _pages(stage) as url:
        for _ in range(stage.seldom):
            ours["call"].append(stage.measure(submit))
            ours["many"].append(stage.measure(one_map))
            for key, value in _measure(stage, url, "comlink").items():
                by_hand[key].append(value)
            fresh.append(_measure(stage, url, "fresh", once=True)["call"])
    shown = "a pool made by hand in a page, Comlink `run(code)` a task"
    await_submit = Series(
        "`await executor.submit(f)`, empty `f`, in a notebook", "ms", ours["call"]
    )
    yield Row(14, await_submit, Series(shown, "ms", by_hand["call"]))
    yield Row(
        14,
        Series(_MAP, "tasks/s", ours["many"]),
        Series(f"{shown}, {MANY:,} at once", "tasks/s", by_hand["many"]),
    )
    yield Row(14, await_submit, Series("a new Pyodide worker for each task", "ms", fresh))


def others(stage: Stage) -> Iterator[Measured]:
    """Row 15: npm's workerpool and PyScript, on what rows 1, 4, 7 and 8 measure."""
    stage.kernel.run(tasks.FUNCTIONS)
    one_map = f"took = empty_tasks({tasks.MANY})"
    stage.measure(one_map)  # warm
    maps = [stage.measure(one_map) for _ in range(stage.seldom)]
    this = Series(_MAP, "tasks/s", maps)
    with _pages(stage) as url:
        contenders = {"workerpool": "npm `workerpool`", "pyscript": "PyScript's workers"}
        times = _take_turns(stage, url, ["pool", *contenders])
        for name, shown in contenders.items():
            yield from _compare(times, name, shown)
            if not isinstance(times[name], str):
                other = Series(f"{shown}, {MANY:,} calls at once", "tasks/s", times[name]["many"])
                yield Row(15, this, other)


_WHERE = "page → worker"

_MAP = f"`pool_map(f, range({tasks.MANY:,}))`, empty `f`, in a notebook"

#: For each measurement: its name in the table, its unit, and its target beside any contender.
_MEASURED = {
    "start": (f"{WORKERS} workers ready", "s", AHEAD),
    "first": (f"each of the first {BLOCK} empty calls, {_WHERE}", "ms", None),
    "call": (f"an empty call, {_WHERE}", "ms", Target(1.2)),
    "many": (f"{MANY:,} empty calls at once, {_WHERE}", "calls/s", None),
    "length": (f"100 MB there, their length back, {_WHERE}", "s", Target(1.1)),
}


def _compare(times: dict[str, Any], name: str, shown: str) -> Iterator[Measured]:
    other = times[name]
    if isinstance(other, str):
        yield Skipped(15, f"{shown}: {other}")
        return
    for key, (what, unit, target) in _MEASURED.items():
        this = Series(what, unit, times["pool"][key])
        if key == "many":
            target = FASTER[name]
        yield Row(15, this, Series(shown, unit, other[key]), target)


def _take_turns(stage: Stage, url: str, names: list[str]) -> dict[str, Any]:
    """The times of each contender; for a contender that does not work here, the reason."""
    times: dict[str, Any] = {name: defaultdict(list) for name in names}
    for i in range(stage.seldom):
        for j in range(len(names)):
            name = names[(i + j) % len(names)]
            if isinstance(times[name], str):
                continue
            try:
                for key, value in _measure(stage, url, name).items():
                    times[name][key].append(value)
            except Exception as error:
                if name == "pool":
                    raise
                times[name] = str(error).splitlines()[0]
    return times


def _measure(stage: Stage, url: str, name: str, once: bool = False) -> dict[str, float]:
    """Measure a contender, on a page and in a profile of its own."""
    with stage.browser.new_context() as context:
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.goto(f"{url}/{name}.html")
        page.wait_for_function("() => window.contender")

        def ask(what: str, argument: int) -> float:
            return float(page.evaluate(f"argument => contender.{what}(argument)", argument))

        start = ask("start", WORKERS)
        if once:
            return {"call": ask("call", 1)}
        ask("many", 10 * WORKERS)  # each worker has run some
        times = {"start": start, "first": ask("call", BLOCK)}
        ask("call", WARM)
        for _ in range(WARM // MANY):
            ask("many", MANY)
        times |= {"call": ask("call", BLOCK), "many": ask("many", MANY)}
        if name != "comlink":
            ask("length", BYTES)  # warm: the heap grows once
            times["length"] = ask("length", BYTES)
        return times


@contextlib.contextmanager
def _pages(stage: Stage) -> Iterator[str]:
    """Serve a page for each contender, with the site's Pyodide and pool; the URL of the folder."""
    folder = BUILD / "bench-pages"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    modules = npm_packages()
    bundle(folder, sorted(SCRIPTS.glob("*.js")), [modules])
    for script in sorted(SCRIPTS.glob("*.js")):
        write_page(folder, script.name)
    shutil.copy(SCRIPTS / "pyscript.worker.py", folder)
    (folder / "pyscript").symlink_to(modules / "@pyscript" / "core" / "dist")
    link_site(folder, stage.folder)
    with served(folder, isolated=True) as url:
        yield url
