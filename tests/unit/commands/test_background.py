"""`%%pool_submit`: cells that run while other cells run."""

from __future__ import annotations

import asyncio
import concurrent.futures
import gc
import re
import threading
import time
import weakref
from collections.abc import Iterator
from concurrent.futures import CancelledError
from types import SimpleNamespace
from typing import Any

import pytest

from jupyterlite_pool import WorkerPoolExecutor
from jupyterlite_pool.api.background import BackgroundJob
from jupyterlite_pool.api.history import History
from jupyterlite_pool.backends.threads import InProcessBackend
from jupyterlite_pool.commands import interrupt as _interrupt
from jupyterlite_pool.commands import magics as _magics
from jupyterlite_pool.commands.background import BackgroundCells, Origin
from jupyterlite_pool.errors import PoolStartError
from jupyterlite_pool.notebook import background_output as _aftermath
from jupyterlite_pool.tracebacks import notes_of
from jupyterlite_pool.waiting.waits import Wait
from tests.support.settled import callbacks_have_run

from .conftest import Notebook
from .gate import GATE, THERE, WAIT


@pytest.fixture(autouse=True)
def _shut() -> Iterator[None]:
    GATE.clear()
    THERE.clear()
    yield
    GATE.set()  # or a cell would wait for ever


def ended(job: BackgroundJob) -> BackgroundJob:
    """A job when nothing of it runs any more."""
    concurrent.futures.wait([job, job._job.ended], 10)
    assert job.done()
    return job


def start(notebook: Notebook, cell: str) -> BackgroundJob:
    """Start a cell, and wait until a worker runs it."""
    notebook.run(cell)
    assert THERE.wait(10)
    THERE.clear()
    job: BackgroundJob = notebook["job"]
    deadline = time.monotonic() + 10
    while not job._job.running:  # the notebook hears of it a moment later
        assert time.monotonic() < deadline
        time.sleep(0.001)
    return job


def test_a_cell_runs_while_the_next_ones_run(notebook: Notebook) -> None:
    notebook["k"] = 20
    job = start(notebook, f"%%pool_submit -o job{WAIT}k += 1\n2 * k")
    assert notebook.run("job.done(), job.running(), k") == (False, True, 20)
    running = rf"<background job {job.number}: running, \d:\d\d elapsed>"
    assert re.fullmatch(running, repr(job))
    assert "▶ running" in job._repr_html_()
    GATE.set()
    assert notebook.run("job.result()") == 42
    assert repr(job) == f"<background job {job.number}: done, value 42>"
    assert "✓ done" in ended(job)._repr_html_()
    assert asyncio.run(awaited(job)) == 42
    assert [*concurrent.futures.as_completed([job])] == [job]


async def awaited(job: BackgroundJob) -> Any:
    return await job


def test_its_card_says_that_it_runs_and_how_long(notebook: Notebook) -> None:
    start(notebook, f"%%pool_submit -o job{WAIT}")
    assert re.match(
        r"job: (starting|waiting|running).* at [\d:]+ · \d:\d\d elapsed\n", notebook.shown()
    )
    GATE.set()
    ended(notebook["job"])
    notebook.shows(r"job: done · \d:\d\d elapsed\n$")


def test_names_come_back_before_anybody_hears_of_the_end(notebook: Notebook) -> None:
    notebook["table"] = "old"
    job = start(notebook, f"%%pool_submit -o job --pull table,more{WAIT}table = [1]\nmore = 2")
    seen: list[Any] = []
    job.add_done_callback(lambda _: seen.append(notebook["table"]))
    assert notebook["table"] == "old"
    GATE.set()
    assert job.result(10) == 2
    callbacks_have_run()
    assert (notebook["table"], notebook["more"], seen) == ([1], 2, [[1]])


def test_what_it_has_printed_so_far_can_be_had(notebook: Notebook) -> None:
    job = start(notebook, f"%%pool_submit -o job{WAIT}")
    assert job.stdout == ""
    job._job.outcomes.print(0, "first\n")
    assert job.stdout == "first\n"
    GATE.set()
    assert ended(job).stdout == "first\n"


def test_without_a_name_its_value_appears_in_its_cell(
    notebook: Notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[Any] = []
    monkeypatch.setattr("jupyterlite_pool.api.background.show_value", lambda *v: shown.append(v))
    monkeypatch.setattr("jupyterlite_pool.api.background.current_cell", lambda: "its cell")
    jobs: list[BackgroundJob] = []
    monkeypatch.setattr(BackgroundCells, "add", lambda _, origin, job: jobs.append(job))
    assert notebook.run("%%pool_submit\nx = 41\nx + 1") is None
    ended(jobs[0])
    monkeypatch.setattr(BackgroundCells, "add", lambda *_: None)
    deadline = time.monotonic() + 10
    while not shown and time.monotonic() < deadline:
        time.sleep(0.001)  # the value is there a moment before it is shown
    assert shown == [("its cell", 42)]
    notebook.run("%%pool_submit -o job\n43")
    ended(notebook["job"])
    assert shown == [("its cell", 42)]


def test_no_value_is_shown_where_there_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    _aftermath.show_value(None, None)
    assert capsys.readouterr().out == ""
    _aftermath.show_value(None, 42)
    assert "42" in capsys.readouterr().out


def test_its_error_is_said_in_its_own_cell(notebook: Notebook) -> None:
    number = notebook.shell.execution_count
    notebook.run("%%pool_submit -o job --label mine\n\n1 / 0")
    job = ended(notebook["job"])
    shown = notebook.shows(r"mine: failed · \d:\d\d elapsed\n")
    assert f"  Cell In[{number}], line 3, in <module>\n    1 / 0\n" in shown
    assert "ZeroDivisionError: division by zero\n" in shown
    assert f"mine (job {job.number}), worker " in shown
    error = job.exception()
    assert isinstance(error, ZeroDivisionError)
    assert notes_of(error)[0].startswith(f"mine (job {job.number}), worker ")
    assert "ZeroDivisionError: division by zero" in repr(job)
    assert "ZeroDivisionError" in notebook.fails("job.result()")


def test_a_cell_that_takes_too_long_fails_in_its_cell(
    notebook: Notebook,
) -> None:
    notebook.run(f"%%pool_submit -o job --timeout 0.01{WAIT}")
    with pytest.raises(TimeoutError, match=r"longer than timeout=0\.01 s"):
        notebook["job"].result(10)
    notebook.shows("TimeoutError: the job took longer than timeout=0.01 s")


def test_the_stop_button_ends_it(notebook: Notebook) -> None:
    from ipywidgets import Button
    from ipywidgets.widgets import widget

    job = start(notebook, f"%%pool_submit -o job{WAIT}")
    [button] = [each for each in vars(widget)["_instances"].values() if isinstance(each, Button)]
    assert button.description == "Stop"
    button.click()
    assert job.cancelled()
    assert repr(job) == f"<background job {job.number}: cancelled>"
    with pytest.raises(CancelledError, match=f"background job {job.number} was cancelled"):
        job.result()
    with pytest.raises(CancelledError):
        asyncio.run(awaited(job))


def test_cancel_leaves_a_cell_that_runs_unless_it_is_told(notebook: Notebook) -> None:
    job = start(notebook, f"%%pool_submit -o job{WAIT}")
    assert not job.cancel()
    assert job.running()
    assert job.cancel(running=True)
    assert job.cancelled()
    assert job.cancel()


def test_a_cell_that_waits_for_a_worker_says_so_and_can_be_cancelled(
    notebook: Notebook, history: History
) -> None:
    for name in "ab":
        notebook.run(f"%%pool_submit -o {name}{WAIT}'{name}'")
        assert THERE.wait(10)
        THERE.clear()
    notebook.run("%%pool_submit -o job\n3")
    job: BackgroundJob = notebook["job"]
    assert "waiting for a worker" in repr(job)
    assert "waiting for a worker" in job._repr_html_()
    assert not job.running()
    assert job.cancel()
    GATE.set()
    assert (notebook["a"].result(10), notebook["b"].result(10)) == ("a", "b")
    assert job.cancelled()


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (Origin(None, "text", None), Origin(None, "text", None)),
        (Origin("a", "text", None), Origin("a", "changed", None)),
        (Origin("a", "text", "job"), Origin("b", "other", "job")),
    ],
    ids=["the same text", "a changed cell", "another cell with its name"],
)
def test_a_run_takes_the_place_of_an_earlier_one(first: Origin, second: Origin) -> None:
    assert second.takes_the_place_of(first)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (Origin("a", "text", None), Origin("b", "text", None)),
        (Origin(None, "text", None), Origin(None, "other", None)),
        (Origin("a", "text", "x"), Origin("b", "text", "y")),
    ],
    ids=["a copy of the cell", "another text", "a copy with another name"],
)
def test_other_cells_go_on(first: Origin, second: Origin) -> None:
    assert not second.takes_the_place_of(first)


@pytest.mark.parametrize("cell", [f"{WAIT}1", "\n2"], ids=["the same cell", "a changed cell"])
def test_a_cell_that_runs_again_cancels_its_earlier_run_and_says_so(
    notebook: Notebook, monkeypatch: pytest.MonkeyPatch, cell: str
) -> None:
    monkeypatch.setattr(_magics, "current_cell_id", lambda: "its id")
    first = start(notebook, f"%%pool_submit -o job{WAIT}1")
    del notebook.shell.user_ns["job"]
    notebook.shown()
    notebook.run(f"%%pool_submit{cell}")
    said = f"Job {first.number}, an earlier run that had not ended, was cancelled.\n"
    assert said in notebook.shown()
    assert first.cancelled()
    GATE.set()


def test_a_run_that_has_ended_is_not_said_to_be_cancelled(notebook: Notebook) -> None:
    notebook.run("%%pool_submit -o job\n1")
    ended(notebook["job"])
    notebook.run("%%pool_submit -o job\n1")
    assert "cancelled" not in notebook.shown()


def test_of_a_run_that_has_ended_nothing_is_kept(notebook: Notebook) -> None:
    magics = notebook.shell.magics_manager.registry["PoolMagics"]
    notebook.run("%%pool_submit -o job\n[1]")
    here = weakref.ref(ended(notebook["job"]))
    assert magics._background._running == {}
    del notebook.shell.user_ns["job"]
    deadline = time.monotonic() + 10
    while gc.collect() is not None and here() is not None:  # a thread may be on its way out of it
        assert time.monotonic() < deadline


def test_it_is_listed_and_can_be_cancelled_by_its_number(
    notebook: Notebook, history: History
) -> None:
    job = start(notebook, f"%%pool_submit -o job{WAIT}")
    assert f"job {job.number}: <background job" in repr(notebook.run("%pool status"))
    [row] = repr(notebook.run("%pool jobs")).splitlines()[1:]
    assert row.split()[:3] == [str(job.number), "job", "running"]
    assert notebook.run(f"%pool job {job.number}") is job
    with pytest.raises(LookupError):  # it is no result of `pool_map`
        history.last()
    notebook.run(f"%pool cancel {job.number}")
    assert job.cancelled()


def test_an_interrupt_of_another_cell_leaves_it(
    notebook: Notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = start(notebook, f"%%pool_submit -o job{WAIT}")
    cell = SimpleNamespace(task=SimpleNamespace(done=lambda: False))
    monkeypatch.setattr(_interrupt, "_runs", [cell])
    monkeypatch.setattr(_interrupt, "_waits_of", lambda _: [])
    monkeypatch.setattr(_interrupt, "_end_wait", lambda *_: True)
    _interrupt.interrupt()
    assert not job.done()
    monkeypatch.setattr(_interrupt, "_runs", [])
    _interrupt.interrupt()  # where no cell runs, nothing else can be meant
    assert job.cancelled()


def test_an_interrupt_stops_what_the_standard_library_waits_for(
    notebook: Notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = start(notebook, f"%%pool_submit -o job{WAIT}")
    waits = threading.Thread(target=concurrent.futures.wait, args=([job], 30))
    waits.start()
    deadline = time.monotonic() + 10
    while not (job._waiters and job._waiters[0].event._cond._waiters):  # type: ignore[attr-defined]
        assert time.monotonic() < deadline
        time.sleep(0.001)
    lock = job._waiters[0].event._cond._waiters[0]  # type: ignore[attr-defined]
    cell = SimpleNamespace(task=SimpleNamespace(done=lambda: False))
    monkeypatch.setattr(_interrupt, "_runs", [cell])
    monkeypatch.setattr(_interrupt, "_waits_of", lambda _: [Wait(lambda: None, lock=lock)])
    monkeypatch.setattr(_interrupt, "_end_wait", lambda *_: True)
    _interrupt.interrupt()
    assert job.cancelled()
    waits.join(10)


def test_a_cell_that_raises_a_cancelled_error_has_failed(notebook: Notebook) -> None:
    notebook.run(
        "%%pool_submit -o job\nfrom concurrent.futures import CancelledError\n"
        "raise CancelledError('of the cell')"
    )
    job = ended(notebook["job"])
    assert not job.cancelled()
    assert "of the cell" in str(job.exception())
    notebook.shows("CancelledError: of the cell")


def test_a_pool_that_is_stopped_is_said_in_the_cell(
    notebook: Notebook, pool: WorkerPoolExecutor
) -> None:
    job = start(notebook, f"%%pool_submit -o job{WAIT}")
    pool.terminate_workers()
    assert "TerminatedWorkerError" in type(job.exception(10)).__name__
    notebook.shows("TerminatedWorkerError: the pool's workers were stopped")


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("%%pool_submit f\nx", "%%pool_submit takes options alone, not 'f'"),
        ("%pool_submit", "%%pool_submit has a cell under it"),
        ("%%pool_submit --workers 3\nx", "%%pool_submit has no option --workers"),
        ("%%pool_submit --pull b\na = 1", "--pull has no 'b' to bring: the cell assigns a."),
        ("%%pool_submit --seed -1\na = 1", "--seed expects a whole number, not '-1'"),
    ],
)
def test_a_mistake_in_its_line_is_said(notebook: Notebook, cell: str, words: str) -> None:
    assert words in notebook.fails(cell)


@pytest.mark.parametrize("cell", ["%pool_submit -h", "%%pool_submit -h", "%%pool_submit -h\nx"])
def test_it_has_help(notebook: Notebook, cell: str) -> None:
    notebook.run(cell)
    assert "Run the cell on a worker, while the next cells run." in notebook.shown()


def test_what_cannot_be_sent_is_an_error_at_once(notebook: Notebook, history: History) -> None:
    notebook["lock"] = threading.Lock()
    assert "PicklingError: cannot send" in notebook.fails("%%pool_submit\nlock")
    assert history.entries() == []


def test_where_no_worker_can_start_it_runs_in_the_notebook(
    notebook: Notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = WorkerPoolExecutor(backend=InProcessBackend(1, fail_to_start="there is no disk"))
    monkeypatch.setattr("jupyterlite_pool.api.pool_map.get_reusable_executor", lambda: broken)
    with pytest.raises(PoolStartError):
        broken.submit(abs, 1).result(10)
    with pytest.warns(UserWarning, match="no disk.*the cell runs in the kernel, so the next cells"):
        notebook.run("%%pool_submit -o job --pull a\na = 1\na + 1")
    assert notebook["job"].result(10) == 2
    assert notebook["a"] == 1
