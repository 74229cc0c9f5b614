"""The engines on which the promises are kept, and what each of them is asked in an ordinary run."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from jupyterlite_pool import WorkerPoolExecutor
from jupyterlite_pool.backends.base import Backend
from jupyterlite_pool.backends.local.backend import LocalBackend
from jupyterlite_pool.backends.threads import InProcessBackend
from tests.contract.promises import calls, ends, maps, set_ups, workers
from tests.support.dask_cluster import dask_cluster

if TYPE_CHECKING:  # a second, which other engines need not wait for
    from distributed import Client

Promise = Callable[..., object]

#: The names of engines. The first one keeps all promises in `make test`, for its workers are there
#: at once; the others keep those of `TELLING`, and the rest in long runs.
NAMES = ("in process", "local", "dask")

#: What may fail on one engine and not on another: what is sent, who is stopped, who is replaced.
TELLING = {
    calls.contract_what_cannot_be_pickled_is_on_the_future,
    calls.contract_a_call_that_waits_can_be_cancelled,
    calls.contract_an_exception_keeps_what_it_carries,
    calls.contract_an_exit_in_a_task_is_the_tasks_own,
    calls.contract_functions_of_every_kind_can_be_called,
    calls.contract_a_call_that_runs_can_be_cancelled_with_its_worker,
    calls.contract_a_future_can_be_awaited,
    ends.contract_a_lost_worker_fails_what_it_ran_and_nothing_else,
    ends.contract_terminated_workers_end_everything,
    maps.contract_map_keeps_the_order,
    maps.contract_a_task_is_run_again_where_it_may_be,
    maps.contract_a_task_that_takes_too_long_is_stopped,
    maps.contract_map_reads_ahead_no_further_than_it_may,
    set_ups.contract_an_initializer_runs_on_every_worker_before_anything_else,
    set_ups.contract_what_an_initializer_fills_is_full_for_all_calls,
    set_ups.contract_an_initializer_that_fails_breaks_the_pool,
    set_ups.contract_workers_that_come_later_make_the_call_too,
    workers.contract_a_worker_is_replaced_after_its_share_of_tasks,
    workers.contract_an_object_is_put_on_workers_and_found_wherever_its_reference_stands,
}

#: What Dask does by itself, or not at all; `docs/engines.md` has the same.
NOT_ON_DASK = {
    workers.contract_a_worker_is_replaced_after_its_share_of_tasks: "`dask worker --lifetime`",
}


def promises_of(module: ModuleType) -> list[Promise]:
    return [value for name, value in vars(module).items() if name.startswith("contract_")]


PROMISES = [
    each for module in (calls, maps, ends, set_ups, workers) for each in promises_of(module)
]


@contextmanager
def dask_client(folder: Path) -> Iterator[Client]:
    """A client of a cluster with one worker more than pools have at first."""
    from distributed import Client

    # A client that belongs to no event loop: promises have loops of their own.
    asyncio.set_event_loop(None)
    with (
        dask_cluster(folder, 3) as cluster,
        Client(scheduler_file=cluster.file, set_as_default=False) as client,
    ):
        client.wait_for_workers(3, timeout=60)
        yield client


def backend_of(engine: str, client: Client | None) -> Backend:
    """A backend with two workers."""
    if engine == "local":
        return LocalBackend(2)
    if engine == "in process":
        return InProcessBackend(2)
    from jupyterlite_pool.backends.dask.backend import DaskBackend

    return DaskBackend(client, 2)


def cases(engine: str) -> list[Any]:
    """Each promise that an engine keeps."""
    return [
        pytest.param(
            engine,
            promise,
            id=f"{engine}-{promise.__name__[9:]}",
            marks=() if engine == NAMES[0] or promise in TELLING else (pytest.mark.long,),
        )
        for promise in PROMISES
        if engine != "dask" or promise not in NOT_ON_DASK
    ]


def contract_of(engine: str) -> Any:
    """The test of all promises that an engine keeps."""

    @pytest.mark.timeout(90)
    @pytest.mark.parametrize(("engine", "promise"), cases(engine))
    def test(
        promise: Callable[..., Any], executor_factory: Callable[[], WorkerPoolExecutor]
    ) -> None:
        outcome = promise(executor_factory)
        if inspect.iscoroutine(outcome):
            asyncio.run(outcome)

    return test
