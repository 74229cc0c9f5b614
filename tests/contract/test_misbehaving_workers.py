"""What becomes of tasks whose workers say what no worker says, or do what they are told."""

from __future__ import annotations

import concurrent.futures
import contextlib
import threading
from functools import partial
from typing import Any

import pytest

from jupyterlite_pool import WorkerPoolExecutor
from jupyterlite_pool.backends.base import STOPPED, Listener, WorkerEnd, WorkerLimits
from jupyterlite_pool.backends.links import Link
from jupyterlite_pool.backends.threads import InProcessBackend
from jupyterlite_pool.backends.time_limits import Deadlines
from jupyterlite_pool.errors import TaskTimeoutError, TerminatedWorkerError
from jupyterlite_pool.jobs.options import MapOptions
from jupyterlite_pool.wire.protocol import PLAIN, ResultItem
from jupyterlite_pool.wire.results import dump_result, join_results
from tests.contract.promises.helpers import until


class Forging(InProcessBackend):
    """Its first worker says what no worker of ours says."""

    def __init__(self, payload: bytes) -> None:
        super().__init__(1)
        self.payload = payload
        self.killed: list[tuple[int, str]] = []

    def start(self, listener: Listener, limits: WorkerLimits) -> None:
        forged = self.payload

        class Forger:
            def __getattr__(self, name: str) -> Any:
                return getattr(listener, name)

            def on_result(self, worker: int, batch: int, payload: bytes, *rest: Any) -> None:
                listener.on_result(worker, batch, payload if worker else forged, *rest)

        super().start(Forger(), limits)

    def kill(self, worker: int, end: WorkerEnd = STOPPED, batch: int | None = None) -> None:
        self.killed.append((worker, end.reason))
        super().kill(worker, end, batch)


def forged(task: int, buffers: int) -> bytes:
    """A result as a worker of ours writes it."""
    return join_results([dump_result(ResultItem(task, PLAIN, None, buffers, 0.0))])


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        (b"no result at all, but some bytes of another kind", "checksum is wrong"),
        (b"\x01", "cut short"),
        (bytes(100), "checksum is wrong"),
        (join_results([b"no result"]), "cannot be read"),
        (join_results([b"N"]), "something that is no result"),
        (forged(99, 0), "task 99, whose turn it was not"),
        (forged(0, 0) * 2, "checksum is wrong"),
        (forged(0, 1), "0 buffers instead of 1"),
    ],
)
def test_a_worker_that_forges_results_is_replaced_and_its_task_fails(
    payload: bytes, said: str
) -> None:
    backend = Forging(payload)
    with WorkerPoolExecutor(backend=backend) as executor:
        lost = executor.submit(abs, -1)
        with pytest.raises(TerminatedWorkerError, match=said) as caught:
            lost.result(10)
        assert caught.value.reason == "protocol"
        assert executor.submit(abs, -2).result(10) == 2
    assert backend.killed == [(0, "protocol")]


class Impostor(InProcessBackend):
    """Worker 0 says what worker 1 should say, before each of its own results."""

    def start(self, listener: Listener, limits: WorkerLimits) -> None:
        class Heard:
            def __getattr__(self, name: str) -> Any:
                return getattr(listener, name)

            def on_result(self, worker: int, batch: int, *rest: Any) -> None:
                if worker == 0:
                    for task in range(20):
                        listener.on_output(0, task, "stdout", "forged\n")
                    for other in range(20):
                        listener.on_expired(0, other)
                listener.on_result(worker, batch, *rest)

        super().start(Heard(), limits)


def test_a_worker_says_nothing_of_what_another_runs(capsys: pytest.CaptureFixture[str]) -> None:
    with WorkerPoolExecutor(backend=Impostor(2)) as executor:
        job = executor._pool.start_job(
            together, [range(10)], MapOptions(chunksize=1, task_timeout=0.5)
        )
        concurrent.futures.wait([job.ended], 20)
        assert job.outcomes.values == {i: i for i in range(10)}
        ran = {timing.item: timing.worker for timing in job.outcomes.timings.by_item().values()}
    forged = {item for item, text in job.outcomes.output.items() if "forged" in text}
    assert set(ran.values()) == {0, 1}
    assert forged <= {item for item, worker in ran.items() if worker == 0}
    assert not job.outcomes.failures


#: Both workers have a task.
meeting = threading.Barrier(2)


def together(x: int) -> int:
    with contextlib.suppress(threading.BrokenBarrierError):
        meeting.wait(5)
    return x


#: Set when a worker was asked to stop what it runs; workers are threads of this process.
asked = threading.Event()


class Obeying(InProcessBackend):
    """Its workers can be asked, and have long to obey."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self._deadlines = Deadlines(self._clock.call_later, 10)

    def interrupt(self, worker: int, batch: int) -> bool:
        asked.set()
        return True


class Deaf(InProcessBackend):
    """Its workers can be asked, and go on all the same."""

    def interrupt(self, worker: int, batch: int) -> bool:
        return True


#: Set when a worker has begun to work.
begun = threading.Event()


def work_until_asked(_: int) -> None:
    begun.set()
    if asked.wait(10):
        raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("backend", "said", "workers"),
    [
        (Obeying, "Worker 0 stopped it, and goes on", {0}),
        (Deaf, "Worker 0 is being replaced", {1}),
        (InProcessBackend, "Worker 0 is being replaced", {1}),
    ],
)
def test_a_task_that_is_overdue(
    backend: type[InProcessBackend], said: str, workers: set[int]
) -> None:
    asked.clear()
    with WorkerPoolExecutor(backend=backend(1)) as executor:
        job = executor._pool.start_job(
            work_until_asked, [[1]], MapOptions(task_timeout=0.1, return_exceptions=True)
        )
        concurrent.futures.wait([job.ended], 5)
        assert isinstance(job.outcomes.failures[0], TaskTimeoutError)
        assert said in str(job.outcomes.failures[0])
        assert executor.submit(abs, -1).result(10) == 1
        assert executor.ready_workers == workers
    asked.set()


@pytest.mark.parametrize(
    ("backend", "workers"), [(Obeying, {0}), (Deaf, {1}), (InProcessBackend, {1})]
)
def test_a_job_that_is_stopped_while_its_task_runs(
    backend: type[InProcessBackend], workers: set[int]
) -> None:
    asked.clear()
    begun.clear()
    with WorkerPoolExecutor(backend=backend(1)) as executor:
        job = executor._pool.start_job(work_until_asked, [[1, 2]], MapOptions(retries=3))
        assert begun.wait(10)
        job.abort()
        concurrent.futures.wait([job.ended], 5)
        assert (job.outcomes.failures, list(job.outcomes.cancelled)) == ({}, [0, 1])
        assert executor.submit(abs, -1).result(10) == 1
        assert executor.ready_workers == workers
    asked.set()


@pytest.mark.parametrize("backend", [Obeying, Deaf])
def test_a_call_that_is_stopped_while_it_runs(backend: type[InProcessBackend]) -> None:
    asked.clear()
    with WorkerPoolExecutor(backend=backend(1)) as executor:
        call = executor.submit(work_until_asked, 1)
        until(call.running, executor)
        assert call.cancel(running=True)
        assert executor.submit(abs, -1).result(10) == 1
        assert call.cancelled()
    asked.set()


def test_a_task_that_was_overdue_runs_again_where_it_may() -> None:
    asked.clear()
    with WorkerPoolExecutor(backend=Obeying(1)) as executor:
        job = executor._pool.start_job(
            work_until_asked, [[1]], MapOptions(task_timeout=0.1, return_exceptions=True, retries=1)
        )
        concurrent.futures.wait([job.ended], 5)
        assert "attempt 2" in str(job.outcomes.failures[0].__notes__)  # type: ignore[attr-defined]


class Short(InProcessBackend):
    """Its workers end before they begin what they are given."""

    given = 0

    def connect(self, number: int) -> Link | None:
        link = super().connect(number)
        assert link is not None
        ended = partial(link.ended, WorkerEnd("fatal", "its process was killed"), began=False)

        def give(*_: Any) -> None:
            self.given += 1
            threading.Thread(target=ended).start()

        link.give = give  # type: ignore[assignment]
        return link


@pytest.mark.timeout(30)
def test_a_batch_with_which_no_worker_can_begin_fails() -> None:
    # For example, since there is not even memory for its arguments.
    backend = Short(1)
    executor = WorkerPoolExecutor(backend=backend)
    error = executor.submit(abs, -1).exception(20)
    assert isinstance(error, TerminatedWorkerError)
    assert "its process was killed" in str(error)
    assert backend.given == 3
    executor.terminate_workers()
