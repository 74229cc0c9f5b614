"""What the panel asks a kernel, and what its buttons ask for.

Questions come as words on the control channel, so that they are heard while a cell waits. The
answer goes to the viewer that has asked, by its comm (`notebook/state_channel.py`).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any

from ..api.executor import WorkerPoolExecutor
from ..api.item_details import details_of, retry_item
from ..api.job_log import failure_text, job_log
from ..api.kernel_state import shown_executors
from ..api.shared import restart_shared, running_executor
from ..dispatch.dispatcher import all_dispatchers
from ..jobs.call_queue import CallQueue
from ..jobs.job import MapJob
from ..notebook.bars import bars_of
from ..notebook.page import is_whole
from ..waiting.browser import IN_BROWSER
from .interrupt import cancel_all

#: Gives the answer to a question, which JSON can carry; None where there is nothing to say.
Answerer = Callable[[Mapping[str, Any]], Any]


def answer(question: object) -> Any:
    """The answer to a question; what it asks for is done.

    Args:
        question: has the name of an answerer in `what`, and whatever that one needs.

    Returns:
        `{"value": …}`, or `{"error": …}` with a text for people.
    """
    what = question.get("what") if isinstance(question, dict) else None
    answerer = ANSWERERS.get(what) if isinstance(what, str) else None
    if answerer is None or not isinstance(question, dict):
        return {"error": "the kernel does not know this question"}
    try:
        value, told = _without_warnings(answerer, question)
    except Exception as error:  # whoever has asked is told, and no cell
        return {"error": str(error) or type(error).__name__}
    return {"value": value, "warning": told} if told else {"value": value}


def _without_warnings(answerer: Answerer, question: Mapping[str, Any]) -> tuple[Any, str]:
    """The answer, and the warnings that belong to it: no cell has caused them.

    Outside of a browser the notebook runs meanwhile, in another thread, and its warnings could not
    be told from these. So there they are shown as always.
    """
    if not IN_BROWSER:
        return answerer(question), ""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        value = answerer(question)
    return value, " ".join(str(warning.message) for warning in caught)


def _failure(question: Mapping[str, Any]) -> str | None:
    """The error of a failure of a job, with its traceback."""
    number, place = _number(question, "job"), _number(question, "place")
    job = _job(number)
    return job_log.text(number, place) if job is None else failure_text(job, place)


def _cancel(question: Mapping[str, Any]) -> None:
    """Cancel a job, as the button on its card does, or the calls of a pool."""
    number = _number(question, "job")
    if number == 0:
        pool = _executor(question)._pool
        for source in pool.dispatcher.active_sources():
            if isinstance(source, CallQueue):
                source.abort()
        return
    job = _job(number)
    if job is not None:
        job.abort(KeyboardInterrupt(f"the job was cancelled: {job.label}"))


def _cancel_all(_: Mapping[str, Any]) -> None:
    cancel_all()


def _scale(question: Mapping[str, Any]) -> int:
    """Have this many workers; the answer is how many there will be."""
    executor = _executor(question)
    executor.scale(_number(question, "workers"))
    return executor.max_workers


def _restart(question: Mapping[str, Any]) -> None:
    """Stop all workers of a pool; new ones take their places."""
    executor = _executor(question)
    if executor is running_executor():
        restart_shared()
        return
    backend = executor._pool.backend
    for worker in backend.workers():
        backend.kill(worker.id)


def _shutdown(question: Mapping[str, Any]) -> None:
    """Stop all workers of a pool, for good."""
    _executor(question).terminate_workers()


def _bars(question: Mapping[str, Any]) -> dict[str, Any]:
    """What the timeline of a pool has not seen so far."""
    pool = _executor(question)._pool
    with pool.dispatcher.lock:
        log, running = pool.work()
        return bars_of(log, running, _number(question, "since"))


def _details(question: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept of an item."""
    return details_of(_number(question, "job"), _number(question, "item"))


def _retry(question: Mapping[str, Any]) -> str:
    """Run an item again; the answer says what happens."""
    return retry_item(_number(question, "job"), _number(question, "item"))


def _number(question: Mapping[str, Any], name: str) -> int:
    value: Any = question.get(name)
    if not is_whole(value) or value < 0:
        raise ValueError(f"{name} is no whole number")
    return int(value)


def _executor(question: Mapping[str, Any]) -> WorkerPoolExecutor:
    number = _number(question, "pool")
    for executor in shown_executors():
        if executor._pool.number == number:
            return executor
    raise LookupError("this pool is not there any more")


def _job(number: int) -> MapJob | None:
    jobs = (job for each in all_dispatchers() for job in each.jobs())
    return next((job for job in jobs if job.number == number), None)


ANSWERERS: dict[str, Answerer] = {
    "failure": _failure,
    "cancel": _cancel,
    "cancelAll": _cancel_all,
    "scale": _scale,
    "restart": _restart,
    "shutdown": _shutdown,
    "bars": _bars,
    "details": _details,
    "retry": _retry,
}
