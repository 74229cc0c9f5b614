"""Brief calls of `submit` that come in a row travel together, and are still single calls."""

from __future__ import annotations

import concurrent.futures as cf
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from jupyterlite_pool import WorkerPoolExecutor, current_worker
from jupyterlite_pool.backends.threads import InProcessBackend
from jupyterlite_pool.dispatch.batch import Batch
from jupyterlite_pool.jobs.chunks import MOST_JOINED
from jupyterlite_pool.jobs.paces import ENOUGH
from tests.support.settled import workers_are_ready

#: Calls of which all but the first few travel together.
MANY = 10 * MOST_JOINED

#: A call for each worker and one that waits behind it: with this many, workers have enough to do.
FULL = 4


class Gate(threading.Event):
    """Keeps calls that must not end yet."""

    def __init__(self) -> None:
        super().__init__()
        #: A call has come to it.
        self.reached = threading.Event()

    def pass_through(self) -> None:
        self.reached.set()
        assert self.wait(30)


#: Gates by name. The workers are threads of this process, and share them.
GATES: dict[str, Gate] = {}

#: What has run, in that order.
RAN: list[Any] = []


def call(item: Any) -> Any:
    """Ends at once, unless its item is the name of a gate."""
    if item in GATES:
        GATES[item].pass_through()
    RAN.append(item)
    return item


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    # However busy this machine is, what does not wait for a gate counts as brief.
    monkeypatch.setattr("jupyterlite_pool.jobs.paces.BRIEF_SECONDS", 10.0)
    monkeypatch.setattr("jupyterlite_pool.jobs.paces.LONG", 10.0)
    # And all calls are handed over that there is room for.
    for seconds in ("AHEAD_AT_FIRST", "AHEAD_AT_ONCE"):
        monkeypatch.setattr(f"jupyterlite_pool.dispatch.dispatcher.{seconds}", 60)
    RAN.clear()
    yield
    for gate in GATES.values():
        gate.set()
    GATES.clear()


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[list[Any]]:
    """The items of each batch, as they were sent."""
    batches: list[list[Any]] = []
    frame = Batch.frame

    def note(batch: Batch) -> tuple[bytes, list[memoryview], list[str]]:
        batches.append([task.args[0] for task in batch.tasks])
        return frame(batch)

    monkeypatch.setattr(Batch, "frame", note)
    return batches


class BusyNotebook(InProcessBackend):
    """Workers of a notebook whose thread is busy until `turn` is called."""

    joins_calls = True

    def __init__(self) -> None:
        super().__init__(2)
        self._soon: list[Callable[[], None]] = []

    def call_later(self, seconds: float, action: Callable[[], None]) -> Callable[[], None]:
        if seconds > 0:
            return super().call_later(seconds, action)
        self._soon.append(action)
        return lambda: None

    def turn(self) -> None:
        """Let the event loop turn once."""
        actions, self._soon = self._soon, []
        for action in actions:
            action()


def turn(executor: WorkerPoolExecutor) -> None:
    backend = executor._pool.backend
    assert isinstance(backend, BusyNotebook)
    backend.turn()


@pytest.fixture
def executor() -> Iterator[WorkerPoolExecutor]:
    """An executor that knows `call` to be brief."""
    with WorkerPoolExecutor(backend=BusyNotebook()) as executor:
        workers_are_ready(executor)
        assert [executor.submit(call, 0).result(30) for _ in range(ENOUGH)] == [0] * ENOUGH
        yield executor
        for gate in GATES.values():
            gate.set()


def block(executor: WorkerPoolExecutor) -> list[cf.Future[Any]]:
    """Give all workers enough to do, until `GATES["all"]` opens."""
    GATES["all"] = Gate()
    return [executor.submit(call, "all") for _ in range(FULL)]


def in_a_queue(executor: WorkerPoolExecutor, count: int) -> list[Any]:
    """Submit calls that travel together, and wait behind those that block the workers."""
    futures = [executor.submit(call, item) for item in range(count)]
    turn(executor)
    return futures


def test_they_travel_together_and_each_has_its_value(
    executor: WorkerPoolExecutor, sent: list[list[Any]]
) -> None:
    blocked = block(executor)
    futures = in_a_queue(executor, MANY)
    assert [len(batch) for batch in sent] == [1] * FULL + [MOST_JOINED] * (MANY // MOST_JOINED)
    GATES["all"].set()
    assert [future.result(30) for future in (*blocked, *futures)] == ["all"] * FULL + [*range(MANY)]


def test_a_few_calls_need_no_more_to_come(
    executor: WorkerPoolExecutor, sent: list[list[Any]]
) -> None:
    block(executor)
    future = executor.submit(call, 1)
    assert len(sent) == FULL, "it waits for more, as far as the notebook is busy"
    turn(executor)
    assert sent[-1] == [1]
    GATES["all"].set()
    assert future.result(30) == 1


def test_calls_that_nobody_knows_to_be_brief_travel_alone(
    executor: WorkerPoolExecutor, sent: list[list[Any]]
) -> None:
    block(executor)
    futures = [executor.submit(lambda item: item, item) for item in range(MANY)]
    assert {len(batch) for batch in sent} == {1}
    assert len(sent) == FULL + MANY, "nothing is held back"
    GATES["all"].set()
    assert [future.result(30) for future in futures] == [*range(MANY)]


def test_calls_of_two_functions_do_not_travel_together(
    executor: WorkerPoolExecutor, sent: list[list[Any]]
) -> None:
    assert all(executor.submit(abs, -1).result(30) == 1 for _ in range(ENOUGH))
    sent.clear()
    block(executor)
    futures: list[cf.Future[Any]] = []
    for item in range(8):
        futures += [executor.submit(call, item), executor.submit(abs, -item)]
    GATES["all"].set()
    assert [future.result(30) for future in futures] == [item for i in range(8) for item in (i, i)]
    assert {len(batch) for batch in sent} == {1}


def test_calls_with_many_bytes_travel_alone(
    executor: WorkerPoolExecutor, sent: list[list[Any]]
) -> None:
    block(executor)
    futures = [executor.submit(call, (item, "x" * 10_000, object)) for item in range(8)]
    plain = [executor.submit(call, "x" * 10_000) for _ in range(8)]
    assert {len(batch) for batch in sent} == {1}
    GATES["all"].set()
    assert [future.result(30)[0] for future in futures] == [*range(8)]
    assert {future.result(30) for future in plain} == {"x" * 10_000}


def test_where_workers_take_a_share_of_tasks_all_travel_alone(sent: list[list[Any]]) -> None:
    with WorkerPoolExecutor(backend=BusyNotebook(), max_tasks_per_child=1_000_000) as executor:
        assert [executor.submit(call, item).result(30) for item in range(ENOUGH)]
        block(executor)
        futures = in_a_queue(executor, MANY)
        GATES["all"].set()
        assert [future.result(30) for future in futures] == [*range(MANY)]
    assert {len(batch) for batch in sent} == {1}


def test_where_nobody_would_know_what_a_lost_worker_ran_all_travel_alone(
    sent: list[list[Any]],
) -> None:
    with WorkerPoolExecutor(backend=InProcessBackend(2)) as executor:
        assert [executor.submit(call, item).result(30) for item in range(ENOUGH)]
        block(executor)
        futures = [executor.submit(call, item) for item in range(MANY)]
        GATES["all"].set()
        assert [future.result(30) for future in futures] == [*range(MANY)]
    assert {len(batch) for batch in sent} == {1}


def test_one_that_raises_does_not_harm_the_others(executor: WorkerPoolExecutor) -> None:
    block(executor)
    futures = in_a_queue(executor, MOST_JOINED)
    bad = executor.submit(call, [])  # it has no hash
    GATES["all"].set()
    assert [future.result(30) for future in futures] == [*range(MOST_JOINED)]
    assert isinstance(bad.exception(30), TypeError)


@pytest.mark.parametrize("running", [False, True])
def test_one_that_waits_is_cancelled_alone(executor: WorkerPoolExecutor, running: bool) -> None:
    block(executor)
    futures = in_a_queue(executor, 2 * MOST_JOINED)
    given_up = [futures.pop(20), futures.pop(3)]
    assert all(future.cancel(running) for future in given_up)
    assert all(future.cancelled() for future in given_up)
    GATES["all"].set()
    items = [item for item in range(2 * MOST_JOINED) if item not in (3, 20)]
    assert [future.result(30) for future in futures] == items
    assert 3 not in RAN
    assert 20 not in RAN


def _in_one_batch_with_a_gate(executor: WorkerPoolExecutor) -> list[Any]:
    """Calls of one batch, of which the first waits at `GATES["one"]`; a worker has come to it."""
    blocked = block(executor)
    GATES["one"] = Gate()
    items: list[Any] = [*range(MOST_JOINED)]
    items[0] = "one"
    futures = [executor.submit(call, item) for item in items]
    turn(executor)
    GATES["all"].set()
    cf.wait(blocked, 30)
    assert GATES["one"].reached.wait(30)
    return futures


def test_one_behind_a_call_that_runs_is_given_up_without_harm_to_that(
    executor: WorkerPoolExecutor,
) -> None:
    futures = _in_one_batch_with_a_gate(executor)
    assert futures[9].cancel(running=True)
    GATES["one"].set()
    assert futures[0].result(30) == "one"
    left = [item for item in range(1, MOST_JOINED) if item != 9]
    assert [futures[item].result(30) for item in left] == left


def test_all_calls_of_a_cell_can_be_given_up_at_once(executor: WorkerPoolExecutor) -> None:
    futures = _in_one_batch_with_a_gate(executor)
    executor._pool.dispatcher.cancel_all()
    assert all(future.cancelled() for future in futures)
    GATES["one"].set()
    assert executor.submit(abs, -1).result(30) == 1


def test_shutdown_waits_for_those_that_are_held_back(executor: WorkerPoolExecutor) -> None:
    blocked = block(executor)
    held = executor.submit(call, 1)
    GATES["all"].set()
    executor.shutdown()
    assert held.result(0) == 1
    assert all(future.result(0) == "all" for future in blocked)


def test_what_takes_long_after_all_does_not_keep_others_waiting(
    executor: WorkerPoolExecutor, sent: list[list[Any]]
) -> None:
    """The first results tell that they are long: batches that wait are cut."""
    import time

    workers: dict[int, int] = {}

    def where(item: int) -> int:
        time.sleep(0.1 if item else 0)
        worker = current_worker()
        assert worker is not None
        return worker.id

    assert [executor.submit(where, 0).result(30) for _ in range(ENOUGH)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("jupyterlite_pool.jobs.paces.BRIEF_SECONDS", 0.05)
        futures = [executor.submit(where, item) for item in range(1, FULL + MOST_JOINED + 1)]
        workers = dict(enumerate(future.result(30) for future in futures))
    assert any(len(batch) > 1 for batch in sent), "they were taken for brief ones"
    last = [workers[place] for place in range(len(futures) - MOST_JOINED, len(futures))]
    assert len(set(last)) == 2, "both workers ran some of the last batch"
