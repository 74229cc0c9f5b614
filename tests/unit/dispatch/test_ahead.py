"""What is handed over before workers have room for it, and how it is taken back."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any, cast

import pytest

from jupyterlite_pool import WorkerPoolExecutor
from jupyterlite_pool.backends.base import ANY, Listener, Terms, WorkerLimits
from jupyterlite_pool.backends.threads import InProcessBackend
from jupyterlite_pool.dispatch import dispatcher as dispatcher_module
from jupyterlite_pool.jobs.options import MapOptions
from tests.contract.promises.helpers import until
from tests.support.settled import callbacks_have_run

ROOM = 2 * dispatcher_module.BATCHES_PER_WORKER


class Slow(InProcessBackend):
    """Two workers that begin nothing before `release`; answers to `cancel` come later."""

    def __init__(self) -> None:
        super().__init__(2)
        self.submitted: list[tuple[int, Terms]] = []
        self.asked: list[int] = []
        self._held: list[tuple[Any, ...]] = []
        self._released = False
        self.listener: Listener | None = None
        #: What happens in another thread when somebody asks to cancel a batch.
        self.then: Callable[[], object] | None = None

    def start(self, listener: Listener, limits: WorkerLimits) -> None:
        self.listener = listener
        super().start(listener, limits)

    def submit(self, batch: int, *args: Any) -> None:
        self.submitted.append((batch, args[-1] if isinstance(args[-1], Terms) else ANY))
        if self._released:
            super().submit(batch, *args)
        else:
            self._held.append((batch, *args))

    def cancel(self, batch: int) -> bool | None:
        self.asked.append(batch)
        if self.then is not None:
            threading.Thread(target=self.then, daemon=True).start()
        if self._released:
            return super().cancel(batch)
        return None

    def answer(self, batch: int, taken: bool) -> None:
        """Answer to `cancel`."""
        assert self.listener is not None
        if taken:
            self._held = [entry for entry in self._held if entry[0] != batch]
        self.listener.on_cancelled(batch, taken)

    def release(self) -> None:
        """Let the workers begin."""
        self._released = True
        for entry in self._held:
            super().submit(*entry)


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Slow:
    """Such workers; handing over may take as long as it takes on a busy machine."""
    monkeypatch.setattr(dispatcher_module, "AHEAD_AT_FIRST", 60)
    return Slow()


@contextmanager
def pool_of(slow: Slow) -> Iterator[WorkerPoolExecutor]:
    """An executor of such workers. They begin when its test fails: it would not end else."""
    with WorkerPoolExecutor(backend=slow) as executor:
        try:
            yield executor
        except BaseException:
            slow.release()
            raise


def start(executor: WorkerPoolExecutor, items: Any, **options: Any) -> Any:
    return executor._pool.start_job(abs, [items], MapOptions(**options))


def test_every_call_is_handed_over(slow: Slow) -> None:
    with pool_of(slow) as executor:
        futures = [executor.submit(abs, -i) for i in range(100)]
        assert len(slow.submitted) == 100
        assert not any(future.running() for future in futures)
        slow.release()
        assert [future.result(10) for future in futures] == list(range(100))


def test_a_list_is_handed_over_in_few_batches_that_shrink(slow: Slow) -> None:
    with pool_of(slow) as executor:
        job = start(executor, range(10_000))
        sizes = [len(batch.tasks) for batch in executor._pool.dispatcher.ledger.of(job)]
        assert sum(sizes) == 10_000
        assert len(sizes) < 400
        assert sizes[ROOM:] == sorted(sizes[ROOM:], reverse=True)
        assert max(sizes) < 10_000 / 16 / 2 + 1
        slow.release()
        job.ended.result(20)
        assert job.outcomes.values == dict(enumerate(range(10_000)))


@pytest.mark.parametrize(
    ("items", "options"),
    [(range(1000), {"waited": True}), (iter(range(1000)), {}), (range(1000), {"buffersize": 4})],
    ids=["a cell waits for it", "reading runs code", "it is read on demand"],
)
def test_other_jobs_hand_over_what_there_is_room_for(
    slow: Slow, items: Any, options: dict[str, Any]
) -> None:
    with pool_of(slow) as executor:
        job = start(executor, items, **options)
        assert len(slow.submitted) == ROOM
        job.cancel()
        for batch in list(slow.asked):
            slow.answer(batch, True)
        slow.release()


def test_bytes_that_are_handed_over_have_a_limit(
    slow: Slow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatcher_module, "AHEAD_BYTES", 100_000)
    with pool_of(slow) as executor:
        futures = [executor.submit(len, bytes(20_000)) for _ in range(50)]
        assert len(slow.submitted) < 10
        slow.release()
        assert sum(future.result(10) for future in futures) == 1_000_000


def test_a_job_has_its_room_although_another_has_handed_over_everything(slow: Slow) -> None:
    with pool_of(slow) as executor:
        start(executor, range(10_000))
        before = len(slow.submitted)
        start(executor, range(100), waited=True)
        assert len(slow.submitted) == before + ROOM
        lanes = {terms.lane for _, terms in slow.submitted[before:]}
        assert len(lanes) == 1
        assert lanes.isdisjoint({terms.lane for _, terms in slow.submitted[:before]})
        slow.release()


def later(action: Any) -> None:
    """Do something soon, in another thread."""
    timer = threading.Timer(0.05, action)
    timer.daemon = True
    timer.start()


def test_a_call_that_comes_back_is_cancelled_and_never_runs(slow: Slow) -> None:
    with pool_of(slow) as executor:
        ran: list[int] = []
        future = executor.submit(ran.append, 1)
        [(batch, _)] = slow.submitted
        slow.then = lambda: slow.answer(batch, True)
        assert future.cancel()
        assert future.cancelled()
        slow.release()
    assert ran == []


def test_a_call_that_has_started_is_not_cancelled(slow: Slow) -> None:
    with pool_of(slow) as executor:
        future = executor.submit(abs, -1)
        [(batch, _)] = slow.submitted
        slow.then = lambda: slow.answer(batch, False)
        assert not future.cancel()
        slow.release()
        assert future.result(10) == 1


def test_a_call_that_ends_while_it_is_asked_for_is_not_cancelled(slow: Slow) -> None:
    with pool_of(slow) as executor:
        future = executor.submit(abs, -1)
        later(slow.release)
        assert not future.cancel()
        assert future.result(10) == 1


def test_long_batches_are_cut_anew_once_it_is_known_how_long_tasks_take(slow: Slow) -> None:
    with pool_of(slow) as executor:
        job = start(executor, range(4_000))
        ledger, cancels = executor._pool.dispatcher.ledger, executor._pool.dispatcher.cancels
        batches = ledger.of(job)
        long = [batch.number for batch in batches if len(batch.tasks) > 20]
        with executor._pool.dispatcher.lock:
            cancels.cut_long(batches[0], 0.1)  # it is short itself
            assert slow.asked == []
            longest = max(batches, key=lambda batch: len(batch.tasks))
            cancels.cut_long(longest, 0.1)
            cancels.cut_long(longest, 0.1)  # asks for none twice
        assert sorted(slow.asked) == sorted(long)
        for number in long:
            slow.answer(number, True)
        slow.release()
        job.ended.result(30)
        assert job.outcomes.values == dict(enumerate(range(4_000)))


BEGUN, LOST = threading.Event(), threading.Event()


def be_lost_once(x: int) -> int:
    if x == 0 and not BEGUN.is_set():
        BEGUN.set()
        assert LOST.wait(10)
    return x


def test_tasks_of_a_lost_worker_go_before_others(slow: Slow) -> None:
    BEGUN.clear()
    LOST.clear()
    with pool_of(slow) as executor:
        job = executor._pool.start_job(
            be_lost_once, [range(50)], MapOptions(retries=1, chunksize=1)
        )
        slow.release()
        assert BEGUN.wait(10)
        callbacks_have_run(executor)
        victim = next(b for b in executor._pool.dispatcher.ledger.of(job) if b.tasks[0].index == 0)
        until(lambda: victim.worker is not None, executor)
        slow.kill(cast(int, victim.worker), batch=victim.number)
        LOST.set()
        job.ended.result(20)
        assert job.outcomes.values == {i: i for i in range(50)}
    assert [terms.first for _, terms in slow.submitted].count(True) == 1


def test_a_shutdown_that_cancels_takes_back_what_has_not_started(slow: Slow) -> None:
    executor = WorkerPoolExecutor(backend=slow)
    futures: list[Future[int]] = [executor.submit(abs, -i) for i in range(10)]
    executor.shutdown(wait=False, cancel_futures=True)
    assert sorted(slow.asked) == [batch for batch, _ in slow.submitted]
    for number in list(slow.asked):
        slow.answer(number, True)
    assert all(future.cancelled() for future in futures)
