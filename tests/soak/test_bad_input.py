"""Messages that no worker sends, and wrong options: nothing hangs, and no result is wrong."""

from __future__ import annotations

import concurrent.futures
import marshal
import math
import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jupyterlite_pool import WorkerPoolExecutor
from jupyterlite_pool.api.pool_map import pool_map
from jupyterlite_pool.api.shared import set_reusable_executor
from jupyterlite_pool.backends.base import STOPPED, Listener, WorkerEnd, WorkerLimits
from jupyterlite_pool.backends.threads import InProcessBackend
from jupyterlite_pool.errors import TerminatedWorkerError
from jupyterlite_pool.jobs.options import MapOptions
from jupyterlite_pool.wire.exceptions import encode_error
from jupyterlite_pool.wire.payload import encode
from jupyterlite_pool.wire.protocol import FAILED, PICKLED, ResultItem
from jupyterlite_pool.wire.results import dump_result, dump_value, join_results

from .conftest import Effort

#: The number of tasks of each batch.
TASKS = 4


#: Objects in the place of a result.
NO_RESULTS: list[Any] = [
    None,
    7,
    "xxxxx",
    (0, 0),
    (0, 0, 0, "x", 0.1),
    (0, 0, 0, 0, "x"),
    ((),) * 5,
]


class Scripted(InProcessBackend):
    """A backend whose workers a test plays."""

    def __init__(self) -> None:
        super().__init__(1)
        self.listener: Listener
        self.given: list[int] = []
        self.killed: list[str] = []

    def start(self, listener: Listener, limits: WorkerLimits) -> None:
        self.listener = listener

    def submit(self, batch: int, *rest: Any) -> None:
        self.given.append(batch)

    def cancel(self, batch: int) -> bool:
        return False

    def kill(self, worker: int, end: WorkerEnd = STOPPED, batch: int | None = None) -> None:
        self.killed.append(end.reason)


def right(first: int) -> list[bytes]:
    """The results that a real worker sends for a batch whose last task has raised."""
    records = []
    for place in range(TASKS):
        if place == TASKS - 1:
            failed = ResultItem(first + place, FAILED, encode_error(LookupError("x")), 0, 0.1)
            records.append(dump_result(failed))
        elif place:
            records.append(dump_value(first + place, 0.1, place * 11)[0])
        else:
            pickled = ResultItem(first, PICKLED, encode(0).payload, 0, 0.1)
            records.append(dump_result(pickled))
    return records


def mutate(rng: random.Random, first: int) -> tuple[int, bytes, list[bytes], bool, bool]:
    """A changed message: batch, payload, buffers, done, and whether a real worker could send it."""
    batch, records, buffers, done = 0, right(first), [], True
    kind = rng.randrange(9)
    payload = join_results(records)
    if kind == 0:  # some bits
        changed = bytearray(payload)
        for _ in range(rng.randrange(1, 4)):
            changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
        payload = bytes(changed)
    elif kind == 1:
        payload = payload[: rng.randrange(len(payload))]
    elif kind == 2:
        payload += rng.randbytes(rng.randrange(1, 60))
    elif kind == 3:
        rng.shuffle(records)
        payload = join_results(records)
    elif kind == 4:
        payload = join_results([*records, rng.choice(records)])
    elif kind == 5:
        buffers = [rng.randbytes(8)] * rng.randrange(1, 3)
    elif kind == 6:
        payload = rng.randbytes(rng.randrange(200))
    elif kind == 7:  # not results, but with a right checksum
        payload = join_results([marshal.dumps(rng.choice(NO_RESULTS))] * TASKS)
    else:
        batch = rng.randrange(-3, 10**6)
    same = payload == join_results(right(first)) and not buffers and batch == 0
    return batch, payload, buffers, done, same


def check_one(rng: random.Random) -> bool:
    """Send a changed message, then the end of its worker; whether a worker could have sent it."""
    backend = Scripted()
    executor = WorkerPoolExecutor(backend=backend)
    backend.listener.on_worker_ready(0)
    job = executor._pool.start_job(
        abs, [range(TASKS)], MapOptions(chunksize=TASKS, return_exceptions=True)
    )
    [batch] = backend.given
    backend.listener.on_dispatched(0, batch)
    number, payload, buffers, done, same = mutate(rng, 0)
    backend.listener.on_result(0, batch + number, payload, buffers, done)
    backend.listener.on_worker_ended(0, batch, WorkerEnd("silent", "it closed itself"))
    assert job.ended.done(), "it hangs"
    for index, value in job.outcomes.values.items():
        assert value == index * 11, "a wrong result"
    for index, error in job.outcomes.failures.items():
        if index == TASKS - 1 and isinstance(error, LookupError):
            continue
        assert isinstance(error, TerminatedWorkerError), error
    assert len(job.outcomes.values) + len(job.outcomes.failures) == TASKS
    if same:
        assert len(job.outcomes.values) == TASKS - 1
    executor.terminate_workers()
    return same


def test_words_of_workers_that_were_changed_on_the_way(effort: Effort) -> None:
    rng = random.Random(20)
    taken = tried = 0
    for _ in effort.times(100_000, share=0.1, least=2_000):
        taken += check_one(rng)
        tried += 1
    effort.keep("mutated results", tried=tried, wrong=0, hangs=0)
    assert taken < tried / 10


NO_FUNCTION = st.sampled_from([None, 3, "abs", [], object()])
LESS_THAN_ONE = st.one_of(st.integers(max_value=0), st.sampled_from([-math.inf]))
NO_INTEGER: st.SearchStrategy[Any] = st.one_of(
    st.floats(min_value=1.5, max_value=9.5), st.text(max_size=3), st.just([])
)
NOT_POSITIVE = st.one_of(st.integers(max_value=0), st.floats(max_value=0), st.just(math.nan))

#: Wrong values of each option.
BAD_MAP = {
    "max_workers": st.one_of(LESS_THAN_ONE, NO_INTEGER),
    "chunksize": st.one_of(LESS_THAN_ONE, st.floats(1.5, 9.5), st.text(min_size=1, max_size=3)),
    "timeout": st.one_of(NOT_POSITIVE, st.text(max_size=3)),
    "task_timeout": st.one_of(NOT_POSITIVE, st.text(max_size=3)),
    "retries": st.one_of(st.integers(max_value=-1), NO_INTEGER),
    "seed": st.one_of(st.integers(max_value=-1), NO_INTEGER),
}
BAD_EXECUTOR = {
    "max_workers": st.one_of(st.integers(max_value=0), NO_INTEGER),
    "max_tasks_per_child": st.one_of(st.integers(max_value=0), NO_INTEGER),
    "max_worker_memory": st.one_of(st.integers(max_value=0), NO_INTEGER),
    "idle_timeout": st.one_of(NOT_POSITIVE, st.text(max_size=3)),
    "initializer": st.sampled_from([3, "abs", [], object()]),
}


def some(bad: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[dict[str, Any]]:
    """One wrong option or several."""
    names = st.sets(st.sampled_from(sorted(bad)), min_size=1, max_size=3)
    return names.flatmap(lambda chosen: st.fixed_dictionaries({name: bad[name] for name in chosen}))


def check_refused(options: dict[str, Any], call: Callable[[], object]) -> None:
    with pytest.raises((TypeError, ValueError), match="|".join(options)):
        call()


COMBINATIONS = settings(
    max_examples=200, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)


@COMBINATIONS
@given(some(BAD_MAP))
def refuse_map(options: dict[str, Any]) -> None:
    check_refused(options, lambda: pool_map(abs, [1, 2], **options))


@COMBINATIONS
@given(some(BAD_EXECUTOR))
def refuse_executor(options: dict[str, Any]) -> None:
    check_refused(options, lambda: WorkerPoolExecutor(backend=InProcessBackend(1), **options))


def test_options_that_are_wrong_are_refused_by_name_and_the_pool_goes_on(effort: Effort) -> None:
    with WorkerPoolExecutor(backend=InProcessBackend(2)) as executor:
        set_reusable_executor(executor)
        try:
            refuse_map()
            refuse_executor()
            for items in ([1, 2], "ab", [None]):
                check_refused({"iter": 0, "function": 0}, lambda: pool_map(None, items))  # type: ignore[arg-type]  # noqa: B023
            assert sorted(pool_map(abs, [-1, -2])) == [1, 2]
            values: Sequence[int] = [executor.submit(abs, -i).result(10) for i in range(5)]
            assert list(values) == list(range(5))
            assert not concurrent.futures.wait([executor.submit(abs, 1)], 10).not_done
        finally:
            set_reusable_executor(None)
    effort.keep("wrong combinations of options", tried=400, taken=0)
