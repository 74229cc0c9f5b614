"""Workers that are processes of this machine: how they end, and what they see."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest

from jupyterlite_pool import WorkerPoolExecutor
from jupyterlite_pool.backends.local.backend import LocalBackend
from jupyterlite_pool.errors import PoolStartError, TerminatedWorkerError
from jupyterlite_pool.jobs.options import MapOptions
from jupyterlite_pool.tracebacks import notes_of
from tests.support import seeded, settled
from tests.support.processes import running

ROOT = Path(__file__).parents[2]

#: Seconds that anything here may take on a busy machine.
LONG = 60


@pytest.fixture(scope="module")
def pool() -> Iterator[WorkerPoolExecutor]:
    """Two workers, for tests that leave them as they are or replace them."""
    with WorkerPoolExecutor(backend=LocalBackend(2)) as executor:
        yield executor
        executor.terminate_workers()  # a test that fails may leave a task that never ends


until = partial(settled.until, seconds=LONG)


def test_no_pipe_is_closed_into_which_somebody_writes(pool: WorkerPoolExecutor) -> None:
    until(lambda: len(pool.ready_workers) == 2)
    number = min(pool.ready_workers)
    backend: Any = pool._pool.backend
    link = backend._roster.link(number)
    writes, go_on = threading.Event(), threading.Event()
    closed: list[bool] = []

    def write() -> None:
        writes.set()
        go_on.wait(LONG)
        closed.append(link._pipe.closed)

    link._outbox.put(write)
    assert writes.wait(LONG)
    os.kill(link.pid, signal.SIGKILL)
    until(lambda: number not in pool.ready_workers and len(pool.ready_workers) == 2)
    go_on.set()
    until(lambda: link._pipe.closed)
    assert closed == [False]


def kill_after(first: int, x: int) -> int:
    if x == first:
        os.kill(os.getpid(), signal.SIGKILL)
    return x


def test_what_a_killed_process_had_finished_is_kept_and_the_rest_runs_elsewhere(
    pool: WorkerPoolExecutor,
) -> None:
    # They travel together, and take less time than lies between two posts of results.
    job = pool._pool.start_job(
        kill_after, [[3] * 6, range(6)], MapOptions(chunksize=6, return_exceptions=True)
    )
    job.ended.result(LONG)
    assert job.outcomes.values == {0: 0, 1: 1, 2: 2, 4: 4, 5: 5}
    [(index, error)] = job.outcomes.failures.items()
    assert index == 3
    assert isinstance(error, TerminatedWorkerError)
    assert (error.reason, error.started) == ("fatal", True)
    assert "SIGKILL" in str(error)
    assert any("item 3 of 6" in note for note in notes_of(error))


def test_an_exit_tells_its_status(pool: WorkerPoolExecutor) -> None:
    error = pool.submit(os._exit, 7).exception(LONG)
    assert isinstance(error, TerminatedWorkerError)
    assert (error.reason, error.exit_status) == ("exited", 7)


def test_a_task_that_hears_of_the_signal_keeps_its_worker(pool: WorkerPoolExecutor) -> None:
    for tries_left in reversed(range(5)):  # on a busy machine a task may take too long to obey
        until(lambda: len(pool.ready_workers) == 2)
        before = pool.ready_workers
        naps = [pool.submit(time.sleep, LONG) for _ in range(2)]
        until(lambda: pool.status().batches_running == 2)
        for nap in naps:
            assert nap.cancel(running=True)
        assert pool.submit(abs, -1).result(LONG) == 1
        if pool.ready_workers == before:
            return
        assert tries_left, "its worker was replaced each time"


def deaf() -> None:
    while True:
        try:
            time.sleep(LONG)
        except KeyboardInterrupt:
            pass


def test_a_task_that_does_not_obey_loses_its_worker(pool: WorkerPoolExecutor) -> None:
    until(lambda: len(pool.ready_workers) == 2)
    before = pool.ready_workers
    call = pool.submit(deaf)
    until(call.running)
    assert call.cancel(running=True)
    until(lambda: len(before & pool.ready_workers) == 1)


def test_what_a_task_has_started_ends_with_its_worker(pool: WorkerPoolExecutor) -> None:
    def start() -> int:
        return subprocess.Popen(["sleep", "1000"]).pid

    started = pool.submit(start).result(LONG)
    for worker in pool.status().workers:
        pool._pool.backend.kill(worker.id)
    until(lambda: not is_alive(started))


def is_alive(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def test_memory_that_has_grown_beyond_its_limit_has_its_worker_replaced() -> None:
    held: list[bytearray] = []

    def hold(size: int) -> int:
        held.append(bytearray(b"x") * size)
        return os.getpid()

    limit = 200 << 20
    with WorkerPoolExecutor(backend=LocalBackend(1), max_worker_memory=limit) as executor:
        first = executor.submit(hold, 1).result(LONG)
        assert executor.submit(hold, limit).result(LONG) == first
        assert executor.submit(hold, 1).result(LONG) != first


def test_workers_with_nothing_to_do_end_and_come_back() -> None:
    with WorkerPoolExecutor(backend=LocalBackend(1), idle_timeout=0.1) as executor:
        first = executor.submit(os.getpid).result(LONG)
        until(lambda: not executor.status().workers)
        until(lambda: not is_alive(first))
        assert executor.submit(os.getpid).result(LONG) != first


def test_an_engine_whose_processes_cannot_start_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    from jupyterlite_pool.backends.local import process

    def refuse(method: str) -> None:
        raise OSError("no more processes")

    monkeypatch.setattr(process, "get_context", refuse)
    with (
        WorkerPoolExecutor(backend=LocalBackend(1)) as executor,
        pytest.raises(PoolStartError, match="no more processes"),
    ):
        executor.submit(abs, -1).result(LONG)


def test_the_signal_of_a_whole_group_stops_no_task(pool: WorkerPoolExecutor) -> None:
    groups = pool.run_everywhere(lambda: os.getpgid(0))
    assert os.getpgid(0) not in groups
    assert len(set(groups)) == 2


def test_items_with_a_seed_draw_what_they_draw_in_a_browser(pool: WorkerPoolExecutor) -> None:
    job = pool._pool.start_job(seeded.draw, [range(seeded.ITEMS)], MapOptions(seed=seeded.SEED))
    job.ended.result(LONG)
    assert [job.outcomes.values[i] for i in range(seeded.ITEMS)] == seeded.DRAWN


def test_what_tasks_print_and_display_is_shown(
    pool: WorkerPoolExecutor, capsys: pytest.CaptureFixture[str]
) -> None:
    def say() -> None:
        print("a word for the notebook")
        print("a complaint", file=sys.stderr)
        display([1, 2])  # type: ignore[name-defined] # noqa: F821 - as in a notebook

    pool.submit(say).result(LONG)
    shown = capsys.readouterr()
    assert shown.out == "a word for the notebook\n[1, 2]\n"
    assert "a complaint\n" in shown.err


def test_tasks_have_the_notebooks_folder_variables_and_modules(
    pool: WorkerPoolExecutor, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "beside_it.py").write_text("VALUE = 1\ndef value(_=0): return VALUE")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("OF_THE_NOTEBOOK", "here")
    import beside_it  # type: ignore[import-not-found]

    try:
        seen = pool.submit(lambda: (os.getcwd(), os.environ["OF_THE_NOTEBOOK"])).result(LONG)
        assert seen == (str(tmp_path), "here")
        (tmp_path / "beside_it.py").write_text("raise ImportError")  # what is loaded counts
        assert list(pool.map(beside_it.value, range(3))) == [1, 1, 1]
    finally:
        del sys.modules["beside_it"]


@pytest.mark.skipif(not hasattr(signal, "SIGRTMIN"), reason="the system has no such signals")
def test_a_signal_without_a_name_is_told_by_its_number() -> None:
    number = signal.SIGRTMIN + 6
    with WorkerPoolExecutor(backend=LocalBackend(1)) as executor:
        with pytest.raises(TerminatedWorkerError, match=f"ended by signal {number:d}"):
            executor.submit(lambda: os.kill(os.getpid(), number)).result(LONG)
        assert executor.submit(abs, -1).result(LONG) == 1


def test_a_worker_that_cannot_be_sent_something_is_lost_and_says_why() -> None:
    backend = LocalBackend(1)
    with WorkerPoolExecutor(backend=backend) as executor:
        call = executor.submit(time.sleep, 1000)
        until(call.running)
        link: Any = backend._roster.link(min(executor.ready_workers))
        link._say("drop", object())  # marshal says the same of 2 GiB
        with pytest.raises(TerminatedWorkerError, match="2 GiB or more"):
            call.result(LONG)
        assert executor.submit(abs, -1).result(LONG) == 1


def test_no_thread_is_left_when_a_pool_has_ended() -> None:
    before = set(threading.enumerate())
    with WorkerPoolExecutor(backend=LocalBackend(1)) as executor:
        assert executor.submit(abs, -1).result(LONG) == 1
        assert len(set(threading.enumerate()) - before) > 1
    until(lambda: set(threading.enumerate()) <= before)


PROGRAM = """
import os, signal, sys, threading, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # which whoever runs us may ignore
from jupyterlite_pool import get_reusable_executor, pool_map
from jupyterlite_pool.backends.local import backend

backend.GRACE = 60  # or a worker that obeys late would be replaced

def work(x):
    os.write(1, b"%d\\n" % os.getpid())  # at once, since another worker writes there, too
    time.sleep(1000)

executor = get_reusable_executor(2)
pids = executor.run_everywhere(os.getpid)
print("workers", *pids, flush=True)
"""


def program(source: str, output: Path) -> list[str]:
    output.parent.mkdir(exist_ok=True)
    file = output.parent / "program.py"
    file.write_text(PROGRAM + source)
    return [sys.executable, str(file)]


def workers_of(output: Path) -> list[int]:
    """The workers of a program that has said them."""
    until(lambda: "workers" in output.read_text() and output.read_text().endswith("\n"))
    said = next(line for line in output.read_text().splitlines() if line.startswith("workers"))
    return [int(pid) for pid in said.split()[1:]]


@pytest.mark.parametrize("source", ["pool_map(work, range(2))", "while True: pass"])
def test_no_process_outlives_a_notebook_that_is_killed(source: str, tmp_path: Path) -> None:
    output = tmp_path / "output"
    with (
        open(output, "wb") as sink,
        running(
            *program(source, output), environment={"PYTHONPATH": str(ROOT)}, output=sink
        ) as notebook,
    ):
        pids = workers_of(output)
        assert all(map(is_alive, pids))
        notebook.kill()
        until(lambda: not any(map(is_alive, pids)))


def test_a_program_that_ends_takes_its_pool_along(tmp_path: Path) -> None:
    output = tmp_path / "output"
    with (
        open(output, "wb") as sink,
        running(
            *program("executor.submit(work, 1)", output),
            environment={"PYTHONPATH": str(ROOT)},
            output=sink,
        ) as notebook,
    ):
        assert notebook.wait(LONG) == 0
        assert not any(map(is_alive, workers_of(output)))


INTERRUPTED = """
def ended():
    return [worker.state for worker in executor.status().workers] == ["idle", "idle"]

print("begins", flush=True)
try:
    pool_map(work, range(2))
except KeyboardInterrupt as error:
    print("interrupted", error.map_result.done() or "and it goes on", flush=True)
while not ended():
    time.sleep(0.01)
print("same workers", executor.run_everywhere(os.getpid) == pids, flush=True)
print("left", pool_map(abs, [-1]), flush=True)
"""


def test_an_interrupt_is_an_error_that_ends_the_wait_and_the_tasks(tmp_path: Path) -> None:
    output = tmp_path / "output"
    with (
        open(output, "wb") as sink,
        running(
            *program(INTERRUPTED, output), environment={"PYTHONPATH": str(ROOT)}, output=sink
        ) as notebook,
    ):
        pids = workers_of(output)
        # Both tasks run when both have said so.
        until(lambda: all(f"\n{pid}\n" in output.read_text() for pid in pids))
        os.killpg(notebook.pid, signal.SIGINT)  # as Jupyter does, and a terminal
        assert notebook.wait(LONG) == 0, output.read_text()
    said = output.read_text()
    assert "interrupted" in said
    assert "same workers True" in said
    assert "left [1]" in said
