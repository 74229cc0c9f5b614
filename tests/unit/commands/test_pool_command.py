"""`%pool`: what its commands do and say, and how their results look."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from jupyterlite_pool import WorkerPoolExecutor
from jupyterlite_pool.api import shared as _shared
from jupyterlite_pool.backends.threads import InProcessBackend
from jupyterlite_pool.commands.pool_command import COMMANDS, POOL_HELP
from jupyterlite_pool.jobs.job import MapJob
from jupyterlite_pool.notebook.page import page
from tests.support.settled import callbacks_have_run, workers_are_ready

from .conftest import Notebook
from .gate import GATE, THERE, WAIT


@pytest.fixture(autouse=True)
def _shut() -> Iterator[None]:
    GATE.clear()
    THERE.clear()
    yield
    GATE.set()


@pytest.fixture
def starts(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int | None]]:
    """The sizes of the pools that are started: in this process, two workers where none is said."""
    asked: list[int | None] = []
    started: list[WorkerPoolExecutor] = []

    def start(max_workers: int | None = None) -> WorkerPoolExecutor:
        asked.append(max_workers)
        executor = WorkerPoolExecutor(max_workers, backend=InProcessBackend(max_workers or 2))
        started.append(executor)
        return executor

    monkeypatch.setattr(_shared, "WorkerPoolExecutor", start)
    yield asked
    for executor in started:
        executor.terminate_workers()


def test_the_status_is_a_table_in_a_notebook_and_text_elsewhere(
    notebook: Notebook, pool: WorkerPoolExecutor
) -> None:
    notebook.run("%pool_map abs range(3)")
    workers_are_ready(pool)
    callbacks_have_run(pool)
    status = notebook.run("%pool")
    assert repr(status).startswith(
        "2 of 2 workers ready; 0 batches running, 0 waiting\nworker 0 (pid"
    )
    assert '<th scope="col">worker</th>' in status._repr_html_()
    assert repr(notebook.run("%pool status")).count("\n") == 2


def test_a_status_starts_no_worker(notebook: Notebook, starts: list[int | None]) -> None:
    notebook.run("%pool shutdown")
    said = "No worker runs: the first use of the pool starts them."
    assert repr(notebook.run("%pool status")) == said
    assert notebook.run("%pool status")._repr_html_() == f"<p>{said}</p>"
    assert starts == []


def test_shutdown_stops_the_workers_and_says_so(
    notebook: Notebook, pool: WorkerPoolExecutor, starts: list[int | None]
) -> None:
    notebook.run("%pool shutdown")
    assert notebook.shown() == "2 workers stopped. The next use of the pool starts new workers.\n"
    assert pool.closed
    notebook.run("%pool shutdown")
    assert notebook.shown() == "No worker ran. The next use of the pool starts new workers.\n"
    assert starts == []
    assert notebook.run("%pool_map abs [-1]") == [1]
    assert starts == [None]


def test_scale_says_what_there_was(notebook: Notebook, pool: WorkerPoolExecutor) -> None:
    notebook.run("%pool scale 3")
    assert notebook.shown() == "The pool has 3 workers from now on (it had 2).\n"
    notebook.run("%pool scale 1")
    assert notebook.shown() == "The pool has 1 worker from now on (it had 3).\n"
    notebook.run("%pool scale 1")
    assert notebook.shown() == "The pool has 1 worker from now on (as before).\n"
    assert pool.max_workers == 1


def test_restart_keeps_a_scale_that_was_asked_for(
    notebook: Notebook, pool: WorkerPoolExecutor, starts: list[int | None]
) -> None:
    notebook.run("%pool restart")
    assert pool.closed
    assert starts == [None]
    assert notebook.shown().startswith(
        "2 workers stopped. The pool starts 2 new workers. What `%%p"
    )
    notebook.run("%pool scale 3\n%pool restart")
    assert "3 workers stopped. The pool starts 3 new workers." in notebook.shown()
    notebook.run("%pool restart")
    assert starts == [None, 3, 3]
    notebook.run("%pool shutdown\n%pool restart")
    assert starts == [None, 3, 3, None]
    assert "No worker ran. The pool starts 2 new workers." in notebook.shown()


def test_a_pool_that_was_started_ahead_is_restarted_in_its_own_size(
    notebook: Notebook, starts: list[int | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    ahead = WorkerPoolExecutor(1, backend=InProcessBackend(1))
    monkeypatch.setattr(_shared, "_growing", (ahead, 5))
    _shared.set_reusable_executor(ahead)
    notebook.run("%pool restart")
    assert starts == [None]
    assert ahead.closed


def test_jobs_are_a_table(notebook: Notebook) -> None:
    assert repr(notebook.run("%pool jobs")) == "no job was started so far"
    notebook.run("%pool_map -o r --label <b> abs [1]")
    jobs = notebook.run("%pool jobs")
    assert "<b>" in repr(jobs)
    assert "<td>&lt;b&gt;</td>" in jobs._repr_html_()


def test_insights_are_those_of_the_last_job(notebook: Notebook) -> None:
    assert repr(notebook.run("%pool insights")) == "No job was started so far."
    notebook.run("%pool_map -o r abs range(9)")
    number = notebook["r"]._job.number
    said = repr(notebook.run("%pool insights"))
    assert said == f"Job {number} (abs): {notebook['r'].insights()}"
    assert "9 items ran on " in said


def test_cancel_says_what_it_has_cancelled(
    notebook: Notebook, pool: WorkerPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "progress_after", 3600.0)  # its cards say nothing meanwhile
    notebook.run("%pool cancel")
    assert notebook.shown() == "Nothing runs.\n"
    notebook.run(f"%%pool_map -a -o r x in [1]{WAIT}")
    number = notebook["r"]._job.number
    notebook.run(f"%pool cancel {number}")
    assert notebook.shown() == f"Cancelled job {number} (parallel cell).\n"
    notebook["r"]._job.ended.result(10)
    GATE.set()
    GATE.clear()
    notebook.run(f"%%pool_map -a -o r x in [1]{WAIT}")
    futures = [pool.submit(GATE_WAIT) for _ in range(3)]
    notebook.run("%pool cancel")
    assert notebook.shown() == "Cancelled 1 job and 3 calls.\n"
    assert all(future.cancelled() for future in futures)


def GATE_WAIT() -> None:  # noqa: N802 - it does what the gate does
    from tests.unit.commands.gate import GATE

    GATE.wait(30)


def test_jobs_of_the_executor_are_cancelled_by_number(
    notebook: Notebook, pool: WorkerPoolExecutor
) -> None:
    values = pool.map(GATE_WAIT, *[()], buffersize=1)
    assert list(values) == []
    job: MapJob = pool._pool.start_job(lambda _: GATE_WAIT(), [[1]])
    assert f"job {job.number}: <MapResult of" in repr(notebook.run("%pool status"))
    notebook.run(f"%pool cancel {job.number}")
    assert notebook.shown().endswith(f"Cancelled job {job.number} (<lambda>).\n")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("stats", "%pool does not know 'stats'. Did you mean `%pool status`?"),
        ("dance", "%pool does not know 'dance'. Expected:"),
        ("jobs 3", "%pool does not know 'jobs 3'. Expected:"),
        ("scale", "%pool does not know 'scale'. Expected:"),
        ("scale many", "a number of workers is expected, as in `%pool scale 4`"),
        ("cancel 12345", "there is no job '12345'. Jobs that run: none"),
        ("job 12345", "there is no job 12345. `%pool jobs` shows"),
    ],
)
def test_a_mistake_says_what_was_expected(notebook: Notebook, line: str, words: str) -> None:
    shown = notebook.fails(f"%pool {line}")
    assert words in shown
    assert "Traceback" not in shown


def test_a_size_that_cannot_be_is_an_error(notebook: Notebook) -> None:
    assert "ValueError: max_workers must be greater than 0" in notebook.fails("%pool scale 0")


@pytest.mark.parametrize("line", ["-h", "--help", "scale -h", "job --help", "nothing -h"])
def test_help_is_everywhere(notebook: Notebook, line: str) -> None:
    notebook.run(f"%pool {line}")
    assert notebook.shown().strip() == POOL_HELP


def test_the_help_has_every_command() -> None:
    for name in COMMANDS:
        assert f"\n%pool {name}" in f"\n{POOL_HELP}".replace("[status]", "status")
