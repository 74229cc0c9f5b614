"""A pool on a Dask cluster: what becomes of jobs when its parts go away, and what it leaves."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from distributed import Client

from jupyterlite_pool import WorkerPoolExecutor, pool_map, use
from jupyterlite_pool.backends.dask.backend import DaskBackend
from jupyterlite_pool.errors import PoolStartError, TerminatedWorkerError
from jupyterlite_pool.jobs.options import MapOptions
from jupyterlite_pool.tracebacks import notes_of
from tests.support import seeded, settled
from tests.support.dask_cluster import dask_cluster

#: Seconds that anything here may take on a busy machine.
LONG = 90


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A client of a scheduler with two workers."""
    with (
        dask_cluster(tmp_path_factory.mktemp("dask"), 2) as cluster,
        Client(scheduler_file=cluster.file, set_as_default=False) as client,
    ):
        client.wait_for_workers(2, timeout=LONG)
        yield client


until = partial(settled.until, seconds=LONG)


def test_the_pool_is_as_large_as_the_cluster_and_leaves_it_as_it_was(client: Client) -> None:
    with WorkerPoolExecutor(backend=client) as executor:
        assert executor.max_workers == 2
        assert set(executor.run_everywhere(os.getpid)) == set(client.run(os.getpid).values())
    assert len(client.run(os.getpid)) == 2
    until(lambda: not any(client.run(seats).values()))
    assert client.submit(abs, -1).result(LONG) == 1


def record_loops() -> None:
    """Count the event loops that are made from now on."""
    made: list[Any] = []
    make = asyncio.new_event_loop

    def new_event_loop() -> Any:
        made.append(make())
        return made[-1]

    new_event_loop.made, new_event_loop.make = made, make  # type: ignore[attr-defined]
    asyncio.new_event_loop = new_event_loop


def loops() -> list[bool]:
    """Whether each of them is closed."""
    return [loop.is_closed() for loop in asyncio.new_event_loop.made]  # type: ignore[attr-defined]


def count_no_loops() -> None:
    asyncio.new_event_loop = asyncio.new_event_loop.make  # type: ignore[attr-defined]


@pytest.fixture
def recorded(client: Client) -> Iterator[Callable[[], list[list[bool]]]]:
    """The event loops that the workers have made: of each worker, whether they are closed."""
    client.run(record_loops)
    yield lambda: sorted(client.run(loops).values())
    client.run(count_no_loops)


@pytest.mark.parametrize("own", [False, True])
def test_a_worker_has_one_event_loop_and_closes_it(
    client: Client, recorded: Callable[[], list[list[bool]]], own: bool
) -> None:
    # One that is left open says so later, in the output of some other task.
    engine = client.scheduler.address if own else client
    with WorkerPoolExecutor(backend=engine) as executor:
        executor.run_everywhere(os.getpid)
        assert list(executor.map(abs, range(20), chunksize=1)) == list(range(20))
        assert recorded() == [[False], [False]]
    until(lambda: recorded() == [[True], [True]])


def test_a_worker_that_is_needed_no_more_closes_its_event_loop(
    client: Client, recorded: Callable[[], list[list[bool]]]
) -> None:
    with WorkerPoolExecutor(backend=client) as executor:
        executor.run_everywhere(os.getpid)
        executor.scale(1)
        until(lambda: recorded() == [[False], [True]])
        assert executor.submit(abs, -1).result(LONG) == 1


def test_a_task_that_dask_refuses_is_an_error(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    with WorkerPoolExecutor(backend=client, max_workers=1) as executor:
        assert executor.submit(abs, -1).result(LONG) == 1
        backend: Any = executor._pool.backend

        submit = backend.cluster.submit

        def refuse(key: str, *args: Any) -> Any:
            if key.startswith(refused):
                raise TimeoutError("No valid workers found")
            return submit(key, *args)

        with monkeypatch.context() as context:
            context.setattr(backend.cluster, "submit", refuse)
            refused = "pool-batch"
            error = executor.submit(abs, -2).exception(LONG)
        assert isinstance(error, TerminatedWorkerError)
        assert "TimeoutError('No valid workers found')" in str(error)
        until(lambda: len(executor.ready_workers) == 1)
        assert executor.submit(abs, -3).result(LONG) == 3
        with monkeypatch.context() as context:
            context.setattr(backend.cluster, "submit", refuse)
            refused = "pool"  # a new worker cannot even be greeted
            executor.submit(abs, -4)
            executor.submit(abs, -5)
            until(lambda: executor.broken is not None)
        assert "no worker can start: Dask refused tcp://" in str(executor.broken)


def seats() -> int:
    from jupyterlite_pool.worker import dask_threads

    return len(dask_threads._seats)


def test_items_with_a_seed_draw_what_they_draw_in_a_browser(client: Client) -> None:
    with use(client):
        drawn = pool_map(seeded.draw, range(seeded.ITEMS), seed=seeded.SEED, progress=False)
    assert list(drawn) == seeded.DRAWN


def test_what_tasks_print_and_display_is_shown(
    client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    def say() -> None:
        print("a word for the notebook")

    shown = ""
    with WorkerPoolExecutor(backend=client) as executor:
        executor.submit(say).result(LONG)

        def has_come() -> bool:
            nonlocal shown
            shown += capsys.readouterr().out
            return shown == "a word for the notebook\n"

        until(has_come)


def test_a_large_object_is_scattered_and_found_by_all_tasks(client: Client) -> None:
    def total(data: bytes, extra: bytes) -> int:
        return len(data) + len(extra)

    with WorkerPoolExecutor(backend=client) as executor:
        kept = executor.put(bytes(1_000_000))
        large = bytes(200_000)
        assert list(executor.map(total, [kept] * 4, [large] * 4)) == [1_200_000] * 4


def test_a_pool_uses_the_workers_that_it_was_given(client: Client) -> None:
    [name] = [info["name"] for info in client.scheduler_info()["workers"].values()][:1]
    backend = DaskBackend(client, workers=[name])
    with WorkerPoolExecutor(backend=backend) as executor:
        assert executor.max_workers == 1
        assert len(executor.run_everywhere(os.getpid)) == 1


@pytest.mark.parametrize("option", ["max_tasks_per_child", "max_worker_memory"])
def test_limits_that_dask_alone_can_set_are_refused(client: Client, option: str) -> None:
    with pytest.raises(ValueError, match="dask worker --"):
        WorkerPoolExecutor(backend=client, **{option: 5})  # type: ignore[arg-type]


def kill_at(first: int, x: int) -> int:
    time.sleep(0.3)
    if x == first:
        os.kill(os.getpid(), signal.SIGKILL)
    return x


def test_a_killed_worker_costs_the_item_that_it_ran(client: Client) -> None:
    with WorkerPoolExecutor(backend=client) as executor:
        job = executor._pool.start_job(
            kill_at, [[3] * 8, range(8)], MapOptions(chunksize=1, return_exceptions=True)
        )
        job.ended.result(LONG)
        assert job.outcomes.values == {x: x for x in range(8) if x != 3}
        [(index, error)] = job.outcomes.failures.items()
        assert index == 3
        assert isinstance(error, TerminatedWorkerError)
        assert "Dask has lost its worker tcp://127.0.0.1" in str(error)
        assert any("item 3 of 8" in note for note in notes_of(error))
        until(lambda: len(executor.ready_workers) == 2)  # the nanny has started it anew


def test_what_a_killed_worker_had_finished_of_its_batch_is_kept(client: Client) -> None:
    with WorkerPoolExecutor(backend=client) as executor:
        job = executor._pool.start_job(
            kill_at, [[3] * 4, range(4)], MapOptions(chunksize=4, return_exceptions=True)
        )
        job.ended.result(LONG)
        assert {0: 0, 1: 1}.items() <= job.outcomes.values.items()
        assert 3 in job.outcomes.failures
        until(lambda: len(executor.ready_workers) == 2)


def test_a_client_or_a_cluster_can_be_an_engine_by_name(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = str(client.scheduler.address)
    monkeypatch.setenv("JUPYTERLITE_POOL_BACKEND", address)
    with WorkerPoolExecutor() as executor:
        assert executor.submit(abs, -1).result(LONG) == 1
        assert set(executor.run_everywhere(os.getpid)) == set(client.run(os.getpid).values())


def test_a_scheduler_that_goes_away_is_an_error_and_what_has_finished_is_kept(
    tmp_path: Path,
) -> None:
    with (
        dask_cluster(tmp_path, 1) as cluster,
        Client(scheduler_file=cluster.file, set_as_default=False) as client,
        WorkerPoolExecutor(backend=client) as executor,
    ):
        address = client.scheduler.address
        job = executor._pool.start_job(wait_at, [[2] * 3, range(3)], MapOptions(chunksize=1))
        until(lambda: len(job.outcomes.values) == 2)
        cluster.scheduler.kill()
        error = job.settled.exception(LONG)
        assert isinstance(error, PoolStartError)
        assert f"scheduler at {address} does not answer any more" in str(error)
        assert job.outcomes.values == {0: 0, 1: 1}
        assert executor.broken is not None


def wait_at(last: int, x: int) -> int:
    if x == last:
        time.sleep(LONG)
    return x


def test_the_package_without_extras_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in [name for name in sys.modules if name.startswith("jupyterlite_pool.backends.da")]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(PoolStartError, match=r'pip install "jupyterlite-pool\[dask\]"'):
        WorkerPoolExecutor(backend="tcp://127.0.0.1:1")
