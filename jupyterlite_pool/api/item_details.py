"""What is kept of one item of a job, and running it again: for a click on its bar."""

from __future__ import annotations

from typing import Any, NamedTuple

from ..dispatch.dispatcher import all_dispatchers
from ..jobs.job import MapJob, short_arguments
from .failures import error_text
from .history import history
from .map_result import MapResult

#: At most this many characters of an item's output or error; of longer ones the end is shown.
TEXT = 20_000


class Found(NamedTuple):
    """A run of a job."""

    run: MapJob
    #: The result that it belongs to; None if nobody has it.
    result: MapResult[Any] | None
    #: Whether the job is a cell in the background.
    single: bool


def details_of(job: int, item: int) -> dict[str, Any]:
    """What is kept of an item.

    Args:
        job: the number of the run.
        item: the number of the item, as people count it.

    Returns:
        A dictionary that can be written as JSON: `known`, whether anything is kept of the job;
        `arguments` as text, None where they are not kept; `output`, what the item has printed;
        `error` with its traceback, None if it has not failed; `retry`, whether it can run again.
    """
    found = _find(job)
    index = None if found is None else _index(found.run, item)
    if found is None or index is None:
        return {"known": False, "arguments": None, "output": "", "error": None, "retry": False}
    run = found.run
    task = run.items.taken.get(index)
    arguments = run.items.kept(index) if task is None else task.args
    error = run.outcomes.failures.get(index)
    return {
        "known": True,
        "arguments": None if arguments is None else short_arguments(arguments),
        "output": _end(run.outcomes.printed(index)),
        "error": None if error is None else _end(error_text(error)),
        "retry": _refusal(found, item) is None,
    }


def retry_item(job: int, item: int) -> str:
    """Run an item again that failed or was cancelled; returns a sentence that says what happens."""
    found = _find(job)
    if found is None:
        return f"Nothing of job {job} is kept, so its items cannot run again."
    refusal = _refusal(found, item)
    if refusal is not None:
        return refusal
    assert found.result is not None, "what has no result is refused"
    found.result._retry([item], None, {"progress": False})
    return f"Item {item} runs again."


def _find(job: int) -> Found | None:
    for entry in history.entries():
        result = entry.result
        for run in () if result is None else result._runs.all:
            if run.number == job:
                return Found(run, result, entry.single)
    for dispatcher in all_dispatchers():
        for run in dispatcher.jobs():
            if run.number == job:
                return Found(run, None, run.options.single)
    return None


def _index(run: MapJob, item: int) -> int | None:
    """The index in a run of the item that has a number."""
    again = run.options.again
    if again is None:
        return item
    return again.indices.index(item) if item in again.indices else None


def _refusal(found: Found, item: int) -> str | None:
    """Why an item cannot run again; None if it can."""
    result = found.result
    if found.single:
        return "A cell runs again where it stands in the notebook."
    if result is None:
        return "Nobody has the results of this job, so its items cannot run again."
    if item not in result._runs.failures and item not in result._runs.cancelled:
        return f"Item {item} has neither failed nor been cancelled."
    if result._runs.active:
        return f"Item {item} can run again when the job has ended."
    if result._changed:
        return "The list of results was changed, so a new value has no place in it."
    return None


def _end(text: str) -> str:
    return text if len(text) <= TEXT else f"…{text[-TEXT:]}"
