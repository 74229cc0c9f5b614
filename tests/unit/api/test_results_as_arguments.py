"""A result that still runs, or a future, among what another call needs: it is waited for."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import pytest

from jupyterlite_pool import WorkerPoolExecutor
from jupyterlite_pool.api.pool_map import pool_map
from jupyterlite_pool.backends.threads import InProcessBackend
from jupyterlite_pool.errors import BlockingUnavailableError
from tests.support.gate import GATE, open_later, wait_at_the_gate

Use = Callable[[WorkerPoolExecutor, Any], Any]

#: Each adds up the values of [0, 1, 2] once or twice.
USES: list[Any] = [
    pytest.param(lambda pool, r: pool.submit(sum, r).result(), 3, id="argument"),
    pytest.param(lambda pool, r: pool.submit(lambda: sum(r)).result(), 3, id="variable"),
    pytest.param(lambda pool, r: pool.submit(sum, pool.put(r)).result(), 3, id="put"),
    pytest.param(lambda pool, r: pool.run_everywhere(sum, r), [3, 3], id="on every worker"),
    pytest.param(lambda _, r: [*pool_map(sum, [r, r])], [3, 3], id="items"),
    pytest.param(
        lambda _, r: [*pool_map(lambda t: sum(t[0]), [(r,), (r,)])], [3, 3], id="inside of items"
    ),
    pytest.param(lambda _, r: sum(pool_map(abs, (x for x in r))), 3, id="read by a generator"),
    pytest.param(lambda pool, r: sum(pool.map(abs, r)), 3, id="map"),
    pytest.param(
        lambda pool, r: sum(pool.map(abs, (x for x in r), buffersize=1)), 3, id="map with a buffer"
    ),
    pytest.param(lambda _, r: sum(pool_map(abs, iter(r), block=False)), 3, id="without a wait"),
]


@pytest.mark.timeout(30)
@pytest.mark.parametrize(("use", "expected"), USES)
def test_a_result_that_runs_is_waited_for(
    pool: WorkerPoolExecutor, use: Use, expected: object
) -> None:
    running = pool_map(wait_at_the_gate, range(3), block=False, progress=False)
    open_later()
    assert use(pool, running) == expected


def small(x: int) -> int:
    time.sleep(0.003)
    return x % 2


@pytest.mark.timeout(30)
@pytest.mark.parametrize("use", [use.values[0] for use in USES[:7]])
def test_its_items_are_read_while_another_job_waits_for_it(
    pool: WorkerPoolExecutor, use: Use, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("feed", "items"):  # the one who waits for the job reads all items
        monkeypatch.setattr(f"jupyterlite_pool.jobs.{name}.SLOW", 0.0)
    # What its iterable gives is not handed over ahead: it is read as workers have room.
    items = (x for x in (0, 1) * 30)
    running = pool_map(small, items, chunksize=1, block=False, progress=False)
    total = use(pool, running)
    assert (total if isinstance(total, list) else [total])[0] == 30


@pytest.mark.timeout(30)
def test_futures_that_run_are_waited_for_by_an_iterable(
    pool: WorkerPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("feed", "items"):  # the one who waits for the job reads all items
        monkeypatch.setattr(f"jupyterlite_pool.jobs.{name}.SLOW", 0.0)
    futures = [pool.submit(wait_at_the_gate, x) for x in range(5)]
    open_later()
    assert pool_map(abs, (future.result() for future in futures)) == [0, 1, 2, 3, 4]


@pytest.mark.timeout(30)
def test_who_hears_of_a_result_cannot_wait_for_another() -> None:
    seen: Future[int] = Future()

    def ask(_: object) -> None:
        try:
            seen.set_result(second.result())
        except Exception as error:
            seen.set_exception(error)

    with WorkerPoolExecutor(backend=InProcessBackend(1)) as executor:
        before = executor.submit(wait_at_the_gate, 1)
        first = executor.submit(wait_at_the_gate, 1)
        second = executor.submit(wait_at_the_gate, 1)
        first.add_done_callback(ask)
        GATE.set()
        with pytest.raises(BlockingUnavailableError):
            seen.result(10)
        assert before.result() == first.result() == second.result() == 1
