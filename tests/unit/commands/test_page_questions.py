"""What the buttons of the panel do in the kernel, and what they are answered."""

from __future__ import annotations

from typing import Any

import pytest

from jupyterlite_pool import WorkerPoolExecutor, pool_map
from jupyterlite_pool.api import shared as _shared
from jupyterlite_pool.backends.threads import InProcessBackend
from jupyterlite_pool.commands import page_questions as _page_questions
from jupyterlite_pool.commands import page_words as _page_words
from jupyterlite_pool.commands.page_questions import answer
from jupyterlite_pool.commands.page_ways import Way
from jupyterlite_pool.commands.page_words import Control
from tests.support.gate import GATE, wait_at_the_gate
from tests.support.settled import until

VIEWER = "0123456789abcdef"


def test_a_job_is_cancelled_as_by_the_button_on_its_card(pool: WorkerPoolExecutor) -> None:
    result = pool_map(wait_at_the_gate, range(4), block=False, progress=False)
    assert answer({"what": "cancel", "job": result._job.number}) == {"value": None}
    with pytest.raises(KeyboardInterrupt, match="the job was cancelled: wait_at_the_gate"):
        result.wait()
    # It may have ended when the kernel hears of it.
    assert answer({"what": "cancel", "job": result._job.number}) == {"value": None}


def test_the_calls_of_one_pool_are_cancelled_alone(pool: WorkerPoolExecutor) -> None:
    other = WorkerPoolExecutor(1, backend=InProcessBackend(1))
    mine = [pool.submit(wait_at_the_gate) for _ in range(4)]
    theirs = other.submit(wait_at_the_gate, 7)
    assert answer({"what": "cancel", "job": 0, "pool": pool._pool.number}) == {"value": None}
    until(lambda: all(future.cancelled() for future in mine))
    GATE.set()
    assert theirs.result() == 7
    other.terminate_workers()


def test_all_jobs_and_calls_are_cancelled(pool: WorkerPoolExecutor) -> None:
    result = pool_map(wait_at_the_gate, range(4), block=False, progress=False)
    future = pool.submit(wait_at_the_gate)
    assert answer({"what": "cancelAll"}) == {"value": None}
    until(lambda: future.cancelled() and not result._job.active)


def test_a_pool_is_scaled_and_says_what_it_has(pool: WorkerPoolExecutor) -> None:
    number = pool._pool.number
    assert answer({"what": "scale", "pool": number, "workers": 3}) == {"value": 3}
    assert pool.max_workers == 3
    wrong = answer({"what": "scale", "pool": number, "workers": 0})
    assert "max_workers" in wrong["error"]
    assert pool.max_workers == 3
    assert answer({"what": "scale", "pool": 10**6, "workers": 1}) == {
        "error": "this pool is not there any more"
    }


def test_a_warning_is_told_to_who_has_asked_and_to_no_cell(
    pool: WorkerPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    import warnings

    def warn(_: object) -> int:
        warnings.warn("the device cannot carry as many", UserWarning, stacklevel=1)
        return 2

    monkeypatch.setitem(_page_questions.ANSWERERS, "scale", warn)
    monkeypatch.setattr(_page_questions, "IN_BROWSER", True)
    assert answer({"what": "scale"}) == {
        "value": 2,
        "warning": "the device cannot carry as many",
    }


def test_beside_a_notebook_that_runs_nothing_is_done_to_its_warnings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import warnings

    before = (warnings.showwarning, warnings.filters, list(warnings.filters))
    seen: list[object] = []

    def look(_: object) -> None:
        seen.append((warnings.showwarning, warnings.filters, list(warnings.filters)))

    monkeypatch.setitem(_page_questions.ANSWERERS, "scale", look)
    assert answer({"what": "scale"}) == {"value": None}
    assert seen == [before]


def test_a_restart_of_the_shared_pool_keeps_its_size(
    pool: WorkerPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def start(max_workers: int | None = None, **_: Any) -> WorkerPoolExecutor:
        return WorkerPoolExecutor(max_workers, backend=InProcessBackend(max_workers or 2))

    monkeypatch.setattr(_shared, "WorkerPoolExecutor", start)
    answer({"what": "scale", "pool": pool._pool.number, "workers": 3})
    assert answer({"what": "restart", "pool": pool._pool.number}) == {"value": None}
    assert pool.closed
    now = _shared.running_executor()
    assert now is not None
    assert now is not pool
    assert now.max_workers == 3
    now.terminate_workers()


def test_a_restart_of_another_pool_replaces_its_workers(pool: WorkerPoolExecutor) -> None:
    mine = WorkerPoolExecutor(2, backend=InProcessBackend(2))
    until(lambda: len(mine.ready_workers) == 2)
    before = mine.ready_workers
    assert answer({"what": "restart", "pool": mine._pool.number}) == {"value": None}
    until(lambda: len(mine.ready_workers - before) == 2)
    assert mine.submit(abs, -1).result() == 1
    answer({"what": "shutdown", "pool": mine._pool.number})
    assert mine.closed


def test_a_traceback_is_given_on_demand(pool: WorkerPoolExecutor) -> None:
    def fails(n: int) -> float:
        return 1 / n

    result = pool_map(fails, [0, 1], return_exceptions=True, progress=False)
    number = result._job.number
    until(lambda: result._job.ended.done())
    told = answer({"what": "failure", "job": number, "place": 0})["value"]
    assert "in fails" in told
    assert "ZeroDivisionError" in told
    assert answer({"what": "failure", "job": number, "place": 1}) == {"value": None}


@pytest.mark.parametrize(
    "question",
    [
        None,
        "scale",
        {},
        {"what": "eval"},
        {"what": ["scale"]},
        {"what": "scale"},
        {"what": "scale", "pool": "1", "workers": 1},
        {"what": "cancel", "job": True},
        {"what": "cancel", "job": 1.5},
        {"what": "failure", "job": 1, "place": float("inf")},
        {"what": "failure", "job": 1, "place": -1},
    ],
)
def test_what_is_no_question_does_nothing_and_is_said_to_be_none(question: object) -> None:
    assert set(answer(question)) == {"error"}


@pytest.mark.parametrize(
    "word",
    [
        {"type": "look"},
        {"type": "look", "look": None},
        {"type": "look", "look": {"viewer": VIEWER}},
        {"type": "look", "look": {"viewer": "a", "every": 1}},
        {"type": "look", "look": {"viewer": VIEWER, "every": "1"}},
        {"type": "look", "look": {"viewer": VIEWER, "every": True}},
        {"type": "look", "look": {"viewer": VIEWER, "every": float("nan")}},
        {"type": "ask", "question": {"viewer": "a", "number": 1, "what": "cancelAll"}},
        {"type": "ask", "question": {"viewer": VIEWER, "what": "cancelAll"}},
        {"type": "options", "options": {"idleTimeout": -1}},
    ],
)
def test_malformed_words_of_the_panel_do_nothing(
    word: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    complaints: list[None] = []
    monkeypatch.setattr(_page_words, "complain", lambda: complaints.append(None))
    monkeypatch.setattr(_page_words, "answer", lambda _: pytest.fail("it was obeyed"))
    control = Control(Way(lambda *_: None))
    control.hear(word)
    assert complaints == [None]
    assert not control._states.watched
