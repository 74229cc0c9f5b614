"""`Executor.map`, and jobs over many items."""

import concurrent.futures as cf
import itertools
import time
from typing import Any

from jupyterlite_pool.jobs.options import MapOptions

from .helpers import Make, divide, lose, nap, raised, until, warm


def contract_a_map_over_nothing_is_empty(make: Make) -> None:
    with make() as executor:
        assert list(executor.map(abs)) == []


def contract_map_keeps_the_order(make: Make) -> None:
    with make() as executor:
        assert list(executor.map(nap, [0.1, 0, 0.05])) == [0.1, 0, 0.05]
        assert list(executor.map(abs, range(-100, 0))) == list(range(100, 0, -1))


def contract_map_takes_several_iterables_and_ends_with_the_shortest(make: Make) -> None:
    with make() as executor:
        assert list(executor.map(pow, [2, 3, 4], [5, 2])) == [32, 9]
        assert list(executor.map(abs, [])) == []
        assert list(executor.map(pow, iter([2, 3]), iter([5, 2, 7]))) == [32, 9]


def contract_chunks_change_nothing_but_the_traffic(make: Make) -> None:
    with make() as executor:
        for size in (1, 3, 7, 100):
            values = executor.map(abs, range(-20, 0), chunksize=size)
            assert list(values) == list(range(20, 0, -1))
        wrong = raised(lambda: executor.map(abs, [1], chunksize=0))
        assert type(wrong) is ValueError


def contract_map_reads_its_items_at_once(make: Make) -> None:
    with make() as executor:
        items = iter([1, 2, 3])
        values = executor.map(abs, items)
        assert list(items) == []
        assert list(values) == [1, 2, 3]


def contract_map_raises_in_its_place(make: Make) -> None:
    with make() as executor:
        values = executor.map(divide, [1, 1, 1], [1, 0, 1])
        assert next(values) == 1
        assert type(raised(lambda: next(values))) is ZeroDivisionError
        assert type(raised(lambda: next(values))) is StopIteration


def contract_the_timeout_of_map_counts_from_the_call(make: Make) -> None:
    with make() as executor:
        warm(executor)
        values = executor.map(nap, [0, 4], timeout=1.5)
        before = time.monotonic()
        until(lambda: time.monotonic() > before + 1.7, executor)
        assert next(values) == 0  # what is there is given, however late it is asked for
        before = time.monotonic()
        assert isinstance(raised(lambda: next(values)), TimeoutError)
        assert time.monotonic() - before < 1.2  # not 1.5 seconds more


def contract_all_that_runs_and_waits_can_be_cancelled(make: Make) -> None:
    with make() as executor:
        warm(executor)
        job = executor._pool.start_job(
            nap, [[60] * 4], MapOptions(chunksize=1, return_exceptions=True)
        )
        future = executor.submit(nap, 60)
        until(lambda: executor.status().batches_running == 2, executor)
        assert executor._pool.dispatcher.jobs() == [job]
        executor._pool.dispatcher.cancel_all()
        assert future.cancelled()
        assert isinstance(job.settled.exception(), cf.CancelledError)
        until(lambda: job.ended.done(), executor)
        assert sorted(job.outcomes.cancelled) == [0, 1, 2, 3]
        assert (job.outcomes.values, job.outcomes.failures, executor._pool.dispatcher.jobs()) == (
            {},
            {},
            [],
        )
        until(lambda: len(executor.ready_workers) == 2, executor)
        assert list(executor.map(abs, [-1, -2])) == [1, 2]


def contract_a_task_is_run_again_where_it_may_be(make: Make) -> None:
    def attempt(seconds: float) -> int:
        import time

        from jupyterlite_pool import current_worker

        info = current_worker()
        assert info is not None
        if info.attempt == 1:
            time.sleep(seconds)
        return info.attempt

    with make() as executor:
        warm(executor)
        job = executor._pool.start_job(attempt, [[2] * 2], MapOptions(retries=1))
        until(lambda: executor.status().batches_running == 2, executor)
        lose(executor)
        job.settled.result()
        assert sorted(job.outcomes.values.values()) == [1, 2]
        assert sorted(timing.attempt for timing in job.outcomes.timings.by_item().values()) == [
            1,
            2,
        ]


def contract_an_exception_is_never_tried_again(make: Make) -> None:
    with make() as executor:
        job = executor._pool.start_job(
            divide, [[1], [0]], MapOptions(retries=5, return_exceptions=True)
        )
        job.settled.result()
        error: Any
        [error] = job.outcomes.failures.values()
        assert type(error).__name__ == "ZeroDivisionError"
        assert any("attempt 1" in note for note in error.__notes__)


def contract_a_task_that_takes_too_long_is_stopped(make: Make) -> None:
    with make() as executor:
        warm(executor)
        job = executor._pool.start_job(
            nap, [[0, 60, 0]], MapOptions(task_timeout=1, return_exceptions=True)
        )
        before = time.monotonic()
        job.settled.result()
        assert time.monotonic() - before < 30
        [error] = job.outcomes.failures.values()
        assert type(error).__name__ == "TaskTimeoutError"
        assert isinstance(error, TimeoutError)
        assert job.outcomes.values == {0: 0, 2: 0}


def contract_an_item_that_exits_when_it_is_pickled_fails_alone(make: Make) -> None:
    class Leaves:
        def __reduce__(self) -> Any:
            raise SystemExit("not to be pickled")

    with make() as executor:
        items = [*range(30), Leaves(), *range(5)]
        job = executor._pool.start_job(
            lambda x: x, [items], MapOptions(chunksize=1, return_exceptions=True)
        )
        other = executor._pool.start_job(abs, [range(-20, 0)], MapOptions(chunksize=1))
        cf.wait([job.ended, other.ended], timeout=30)
        [(index, error)] = job.outcomes.failures.items()
        assert (index, type(error)) == (30, SystemExit)
        assert len(job.outcomes.values) == 35 - 1 + 1
        assert len(other.outcomes.values) == 20


def contract_cancelling_at_shutdown_reaches_map(make: Make) -> None:
    executor = make()
    warm(executor)
    values = executor.map(nap, [0.3] * 40)
    before = time.monotonic()
    executor.shutdown(cancel_futures=True)
    assert time.monotonic() - before < 5
    error = raised(lambda: list(values))
    assert isinstance(error, cf.CancelledError)


def contract_map_reads_ahead_no_further_than_it_may(make: Make) -> None:
    def numbers() -> Any:
        for number in itertools.count():
            read.append(number)
            yield number

    with make() as executor:
        read: list[int] = []
        values = executor.map(abs, numbers(), buffersize=3)
        assert read == [0, 1, 2]
        assert [next(values) for _ in range(10)] == list(range(10))
        assert len(read) == 13
        values.close()

        # In chunks, the buffer counts chunks.
        read.clear()
        values = executor.map(abs, numbers(), buffersize=2, chunksize=4)
        assert len(read) == 8
        assert [next(values) for _ in range(5)] == [0, 1, 2, 3, 4]
        assert len(read) == 16
        values.close()

        assert list(executor.map(abs, range(7), buffersize=100)) == list(range(7))
        assert list(executor.map(pow, [2, 3], itertools.count(), buffersize=1)) == [1, 3]
        assert list(executor.map(abs, [], buffersize=1)) == []


def contract_the_buffer_of_map_is_checked(make: Make) -> None:
    with make() as executor:
        assert type(raised(lambda: executor.map(abs, [1], buffersize=0))) is ValueError
        assert type(raised(lambda: executor.map(abs, [1], buffersize="2"))) is TypeError


def contract_map_reads_no_more_after_shutdown(make: Make) -> None:
    executor = make()
    endless = itertools.count()
    values = executor.map(abs, endless, buffersize=2)
    executor.shutdown()
    assert next(endless) == 2
    error = raised(lambda: list(values))
    assert type(error) is RuntimeError
    assert not getattr(error, "__notes__", None)


def contract_a_buffered_map_raises_what_its_items_raise(make: Make) -> None:
    def items() -> Any:
        yield 1
        raise KeyError("no more")

    with make() as executor:
        values = executor.map(abs, items(), buffersize=2)
        assert type(raised(lambda: list(values))) is KeyError


def contract_an_endless_iterable_ends_with_the_shortest(make: Make) -> None:
    with make() as executor:
        assert list(executor.map(pow, itertools.count(), [2, 2, 2])) == [0, 1, 4]


def contract_a_job_that_is_being_read_when_its_executor_closes_ends(make: Make) -> None:
    def items() -> Any:
        yield 1
        executor.shutdown(wait=False)
        yield 2

    executor = make()
    job = executor._pool.start_job(abs, [items()], MapOptions(chunksize=1))
    job.ended.result(60)
    assert job.outcomes.values == {0: 1, 1: 2}
