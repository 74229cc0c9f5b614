"""`%pool`: looks at the pool and its jobs, and changes them."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from typing import Any

from IPython.core.error import UsageError

from ..api.history import Entry, history
from ..api.map_result import MapResult
from ..api.pool_map import run_again
from ..api.shared import (
    get_reusable_executor,
    restart_shared,
    running_executor,
    set_reusable_executor,
)
from ..api.tables import Shown, paragraph
from ..dispatch.dispatcher import all_dispatchers
from ..jobs.call_queue import CallQueue
from .interrupt import cancel_all

POOL_HELP = """\
%pool [status]     what the workers do, and the jobs by number
%pool jobs         the jobs that run, and the last ones that have ended
%pool job N        the result of a job, as long as a variable or the pool keeps it
%pool insights     how busy the workers were in the last job, and which items took longest
%pool cancel [N]   cancel job N, or all jobs, including items that run
%pool scale N      have N workers
%pool restart      stop all workers, and start as many new ones
%pool shutdown     stop all workers; the next use of the pool starts new ones
%pool -h           show this

%pool_map, %%pool_map, %%pool_submit and %%pool_run have a -h of their own."""


def obey(line: str) -> Any:
    """Do what the line of `%pool` says; returns what the notebook is to show.

    Raises:
        UsageError: there is no such command, or no such job.
    """
    name, *arguments = line.split() or ["status"]
    if {"-h", "--help"} & {name, *arguments}:
        print(POOL_HELP)
        return None
    if name not in COMMANDS:
        close = difflib.get_close_matches(name, COMMANDS, 1, 0.75)
        hint = f" Did you mean `%pool {close[0]}`?" if close else ""
        raise UsageError(f"%pool does not know {name!r}.{hint} Expected:\n{POOL_HELP}")
    least, most, act = COMMANDS[name]
    if not least <= len(arguments) <= most:
        raise UsageError(f"%pool does not know {line.strip()!r}. Expected:\n{POOL_HELP}")
    return act(arguments)


def _status(_: Sequence[str]) -> Shown:
    executor = running_executor()
    if executor is None:
        text = "No worker runs: the first use of the pool starts them."
        return Shown(text, paragraph(text))
    status = executor.status()
    jobs = [_line(entry) for entry in history.entries() if entry.ended is None]
    others = [
        f"job {job.number}: {MapResult(job, run_again)!r}"
        for job in executor._pool.dispatcher.jobs()
        if job.number not in {entry.number for entry in history.entries()}
    ]
    lines = [*jobs, *others]
    return Shown(
        "\n".join([str(status), *lines]), status._repr_html_() + "".join(map(paragraph, lines))
    )


def _line(entry: Entry) -> str:
    return f"job {entry.number}: {entry.given!r}"


def _jobs(_: Sequence[str]) -> Shown:
    return history.shown()


def _job(arguments: Sequence[str]) -> Any:
    number = arguments[0]
    for entry in history.entries():
        if str(entry.number) == number:
            if entry.given is None:
                raise UsageError(
                    f"the result of job {number} is gone: no variable of the notebook has it, "
                    "and only results that run and the last one that failed are kept."
                )
            return entry.given
    raise UsageError(f"there is no job {number}. `%pool jobs` shows those that there are.")


def _insights(_: Sequence[str]) -> Shown:
    entries = history.entries()
    if not entries:
        text = "No job was started so far."
    else:
        last, result = entries[-1], entries[-1].result
        label = f"Job {last.number} ({last.progress.label})"
        if result is not None:
            text = f"{label}: {result.insights()}"
        else:
            text = f"{label}: {last.progress.words}, {last.progress.text()}. Its result is gone."
    return Shown(text, paragraph(text))


def _cancel(arguments: Sequence[str]) -> None:
    jobs = {str(job.number): job for dispatcher in all_dispatchers() for job in dispatcher.jobs()}
    if not arguments:
        calls = sum(
            len(source.unfinished())
            for dispatcher in all_dispatchers()
            for source in dispatcher.active_sources()
            if isinstance(source, CallQueue)
        )
        cancel_all()
        counts = [_count(len(jobs), "job")] if jobs else []
        counts += [_count(calls, "call")] if calls else []
        print(f"Cancelled {' and '.join(counts)}." if counts else "Nothing runs.")
        return
    number = arguments[0]
    for entry in history.entries():
        # Its items may run again, in a job of their own.
        if str(entry.number) == number and entry.ended is None and entry.result is not None:
            label = entry.progress.label
            entry.result.cancel(running=True)
            print(f"Cancelled job {number} ({label}).")
            return
    if number not in jobs:
        known = ", ".join(sorted(jobs, key=int)) or "none"
        raise UsageError(f"there is no job {number!r}. Jobs that run: {known}")
    jobs[number].abort()
    print(f"Cancelled job {number} ({jobs[number].label}).")


def _scale(arguments: Sequence[str]) -> None:
    if not arguments[0].isdecimal():
        raise UsageError(
            f"%pool does not know 'scale {arguments[0]}': a number of workers is expected, "
            "as in `%pool scale 4`."
        )
    executor = get_reusable_executor()
    before = executor.max_workers
    executor.scale(int(arguments[0]))
    now = executor.max_workers
    had = "as before" if now == before else f"it had {before}"
    print(f"The pool has {_count(now, 'worker')} from now on ({had}).")


def _restart(_: Sequence[str]) -> None:
    stopped = _stop()
    executor = restart_shared()
    print(
        f"{stopped} The pool starts {_count(executor.max_workers, 'new worker')}. What "
        "`%%pool_run` and `run_everywhere` have done on the old ones is gone: run it again."
    )


def _shutdown(_: Sequence[str]) -> None:
    print(f"{_stop()} The next use of the pool starts new workers.")
    set_reusable_executor(None)


def _stop() -> str:
    """Stop all workers; returns a sentence that says so."""
    executor = running_executor()
    if executor is None:
        return "No worker ran."
    count = len(executor.status().workers)
    executor.terminate_workers()
    return f"{_count(count, 'worker')} stopped."


def _count(count: int, what: str) -> str:
    return f"{count} {what}{'s' * (count != 1)}"


#: The commands: how many arguments they take at least and at most, and what does them.
COMMANDS: dict[str, tuple[int, int, Callable[[Sequence[str]], Any]]] = {
    "status": (0, 0, _status),
    "jobs": (0, 0, _jobs),
    "job": (1, 1, _job),
    "insights": (0, 0, _insights),
    "cancel": (0, 1, _cancel),
    "scale": (1, 1, _scale),
    "restart": (0, 0, _restart),
    "shutdown": (0, 0, _shutdown),
}
