"""Ends of calls that travel together, when what workers tell comes late, or all at once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import pytest

from jupyterlite_pool.backends.base import STOPPED, NoPage, WorkerEnd, WorkerLimits
from jupyterlite_pool.dispatch.batch import Batch
from jupyterlite_pool.dispatch.pool import Pool
from jupyterlite_pool.errors import TerminatedWorkerError
from jupyterlite_pool.jobs.chunks import MOST_JOINED
from jupyterlite_pool.jobs.paces import ENOUGH
from jupyterlite_pool.wire.exceptions import encode_error
from jupyterlite_pool.wire.protocol import FAILED, ResultItem
from jupyterlite_pool.wire.results import dump_result, dump_value, join_results


class Scripted(NoPage):
    """One worker, which does and tells what the test says."""

    joins_calls, size, batch_seconds = True, 1, 0.05

    def __init__(self) -> None:
        self.sent: list[int] = []
        self.killed: list[int | None] = []
        self.later: list[Callable[[], None]] = []

    def start(self, listener: Any, limits: WorkerLimits) -> None:
        self.listener = listener
        listener.on_worker_ready(0)

    def submit(self, batch: int, *_: Any) -> None:
        self.sent.append(batch)

    def cancel(self, batch: int) -> bool | None:
        return None  # the worker tells

    def kill(self, worker: int, end: WorkerEnd = STOPPED, batch: int | None = None) -> None:
        self.killed.append(batch)

    def call_later(self, seconds: float, action: Callable[[], None]) -> Callable[[], None]:
        self.later.append(action)
        return lambda: None

    def turn(self) -> None:
        actions, self.later = self.later, []
        for action in actions:
            action()

    def put(self, *_: Any) -> None: ...
    def drop(self, *_: Any) -> None: ...
    def set_ups(self, *_: Any) -> None: ...
    def wake(self) -> None: ...
    def scale(self, *_: Any) -> None: ...
    def shutdown(self) -> None: ...
    def workers(self) -> list[Any]:
        return []

    def spares(self) -> int:
        return 0

    def surroundings(self) -> None:
        return None

    def limit_lane(self, *_: Any) -> Callable[[], None]:
        return lambda: None


class Silent:
    """Shows nothing."""

    def take(self, *_: Any) -> None: ...


def same(x: int) -> int:
    return x


def value(task: int, result: object) -> bytes:
    return dump_value(task, 1e-5, result)[0]


def error(task: int, what: BaseException) -> bytes:
    return dump_result(ResultItem(task, FAILED, encode_error(what), 0, 1e-5))


class Run:
    """A pool whose worker has a batch of calls that travel together."""

    def __init__(self) -> None:
        self.backend = Scripted()
        self.pool = Pool(self.backend, Silent(), lambda: None)
        self.pool.start(WorkerLimits())
        for x in range(ENOUGH):
            self._submit(x)
            self.finish()
        self.backend.sent.clear()
        self._submit(0), self._submit(0)  # enough to do
        self.futures = [self._submit(x) for x in range(MOST_JOINED)]
        *blocking, number = self.backend.sent
        for other in blocking:
            self.finish(other)
        batch = self.pool.dispatcher.ledger.get(number)
        assert batch is not None
        self.batch: Batch = batch
        assert len(batch.tasks) == MOST_JOINED
        self.first = batch.first
        self.backend.sent.clear()
        self.backend.listener.on_dispatched(0, number)

    def _submit(self, x: int) -> Any:
        return self.pool.submit(self.pool.calls, same, (x,), {})

    def finish(self, number: int | None = None) -> None:
        """Let the worker run a whole batch."""
        batch = self.pool.dispatcher.ledger.get(self.backend.sent[-1] if number is None else number)
        assert batch is not None
        self.backend.listener.on_dispatched(0, batch.number)
        records = [value(batch.first + i, t.args[0]) for i, t in enumerate(batch.tasks)]
        self.backend.listener.on_result(0, batch.number, join_results(records), [], True)

    def tell(self, *records: bytes, done: bool = False) -> None:
        """The worker tells results of the batch."""
        self.backend.listener.on_result(0, self.batch.number, join_results(records), [], done)

    def values(self, *places: int) -> list[bytes]:
        return [value(self.first + place, place) for place in places]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    # However busy this machine is, all calls are handed over that there is room for.
    for seconds in ("AHEAD_AT_FIRST", "AHEAD_AT_ONCE"):
        monkeypatch.setattr(f"jupyterlite_pool.dispatch.dispatcher.{seconds}", 60)
    return Run()


def test_a_second_call_that_never_ends_is_stopped_too(run: Run) -> None:
    futures = run.futures
    assert futures[0].cancel(running=True)  # in the moment in which it ends
    run.backend.listener.on_cancelled(run.batch.number, False)
    run.tell(*run.values(0))
    run.backend.turn()
    assert run.backend.killed == []
    assert futures[1].cancel(running=True)  # it has begun before its worker heard of the first
    run.backend.turn()
    assert run.backend.killed == [run.batch.number]
    run.tell(error(run.first + 1, KeyboardInterrupt()), done=True)
    assert futures[1].cancelled()
    assert not any(future.cancelled() for future in futures[2:])
    for number in list(run.backend.sent):
        run.finish(number)
    while run.backend.sent:
        sent, run.backend.sent[:] = list(run.backend.sent), []
        for number in sent:
            if run.pool.dispatcher.ledger.get(number) is not None:
                run.finish(number)
    assert [future.result(0) for future in futures[2:]] == [*range(2, MOST_JOINED)]


def test_an_error_of_a_calls_own_is_not_that_of_a_call_that_was_stopped(run: Run) -> None:
    futures = run.futures
    assert futures[1].cancel(running=True)
    run.backend.listener.on_cancelled(run.batch.number, False)
    run.backend.turn()
    assert run.backend.killed == [run.batch.number]
    raised, stopped = ValueError("its own"), KeyboardInterrupt()
    run.tell(error(run.first, raised), error(run.first + 1, stopped), done=True)
    assert isinstance(futures[0].exception(0), ValueError)
    assert futures[1].cancelled()


@pytest.mark.parametrize("count", [MOST_JOINED - 1, MOST_JOINED])
def test_a_callback_that_cancels_a_call_whose_value_has_come_stops_no_other(
    run: Run, count: int
) -> None:
    futures = run.futures

    def cancel(_: Future[Any]) -> None:
        futures[1].cancel(running=True)

    futures[0].add_done_callback(cancel)
    run.tell(*run.values(*range(count)))
    run.backend.turn()
    assert run.backend.killed == []
    run.tell(*run.values(*range(count, MOST_JOINED)), done=True)
    assert futures[1].cancelled() or futures[1].result(0) == 1
    others = [*range(2, MOST_JOINED)]
    assert [futures[place].result(0) for place in others] == others


def test_a_callback_may_end_the_pool(run: Run) -> None:
    more = [run._submit(x) for x in range(MOST_JOINED)]
    run.futures[0].add_done_callback(lambda _: run.pool.dispatcher.terminate())
    run.tell(*run.values(*range(MOST_JOINED)), done=True)
    assert run.futures[0].result(0) == 0
    errors = {type(future.exception(0)) for future in (*run.futures[1:], *more)}
    assert errors == {TerminatedWorkerError}


def test_others_keep_their_places_when_one_is_given_up(run: Run) -> None:
    waiting = [run._submit(x) for x in range(100, 100 + MOST_JOINED)]
    run.backend.turn()
    assert run.futures[3].cancel(running=True)
    run.backend.listener.on_cancelled(run.batch.number, False)
    run.tell(*run.values(0), done=True)
    known = [run.pool.dispatcher.ledger.get(number) for number in run.backend.sent]
    again = [batch for batch in known if batch is not None and batch.tasks[0].args[0] < 100]
    assert [batch.tasks[0].args[0] for batch in again] == [1, 2, *range(4, MOST_JOINED)]
    assert all(batch.terms().first for batch in again)
    assert [future.cancelled() for future in run.futures].index(True) == 3
    assert not any(future.cancelled() for future in (*run.futures[4:], *waiting))
