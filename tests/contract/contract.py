"""What `concurrent.futures` promises of an executor, and what this one promises beyond.

Every function whose name begins with `contract_` is a promise. It takes `make`, which gives a new
executor with two workers, and shuts that down itself. Nothing here imports a test framework, and
whatever is sent to a worker is defined inside a function, so that this file's source can be run in
a notebook as it is.

`make` takes the options of `WorkerPoolExecutor`. `lose(executor)` stops the worker of an executor
that is busy, as the place where this runs can.
"""

import asyncio
import concurrent.futures as cf
import functools
import gc
import itertools
import pickle
import threading
import time
import weakref
from collections.abc import Callable
from typing import Any

from jupyterlite_pool.jobs.options import MapOptions

Make = Callable[..., Any]


def lose(executor: Any) -> None:
    """Stop the first worker that is busy, from outside."""
    backend = executor._pool.backend
    busy = [worker.id for worker in executor.status().workers if worker.state == "busy"]
    backend.kill(min(busy))


def raised(call: Callable[[], object]) -> BaseException:
    """What a call raises; it must raise something."""
    try:
        value = call()
    except BaseException as error:
        return error
    raise AssertionError(f"it raised nothing, and gave {value!r}")


def until(condition: Callable[[], bool], executor: Any) -> None:
    """Wait until something is so that no future tells; gives the thread back meanwhile."""
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "it never came about"
        # In a browser, only a wait lets the workers' messages in.
        pause: cf.Future[None] = cf.Future()
        executor._pool.call_later(0.01, lambda pause=pause: pause.set_result(None))
        cf.wait([pause])


def warm(executor: Any) -> None:
    """Wait until the workers are up, so that a time limit measures what it is about."""
    until(lambda: len(executor.ready_workers) == 2, executor)
    for _ in range(2):
        cf.wait([executor.submit(nap, 0.1) for _ in range(2)])


def nap(seconds: float) -> float:
    """Sleeps on a worker."""
    import time

    time.sleep(seconds)
    return seconds


def divide(a: float, b: float) -> float:
    """Raises where b is 0."""
    return a / b


def contract_submit_gives_a_future_with_the_value(make: Make) -> None:
    with make() as executor:
        future = executor.submit(pow, 2, exp=10)
        assert isinstance(future, cf.Future)
        assert future.result() == 1024
        assert future.done()
        assert not future.running()
        assert not future.cancelled()
        assert future.exception() is None


def contract_an_exception_is_raised_by_the_result(make: Make) -> None:
    with make() as executor:
        future = executor.submit(divide, 1, 0)
        assert type(raised(future.result)) is ZeroDivisionError
        assert type(future.exception()) is ZeroDivisionError
        assert "divide" in str(future.exception().__cause__)


def contract_a_callback_is_told_of_the_end(make: Make) -> None:
    with make() as executor:
        seen: list[Any] = []
        future = executor.submit(abs, -1)
        future.add_done_callback(seen.append)
        future.result()
        until(lambda: bool(seen), executor)
        assert seen == [future]


def contract_a_map_over_nothing_is_empty(make: Make) -> None:
    with make() as executor:
        assert list(executor.map(abs)) == []


def contract_what_is_no_function_is_refused(make: Make) -> None:
    with make() as executor:
        assert type(raised(lambda: executor.submit(5))) is TypeError
        assert type(raised(lambda: executor.map(5, [1]))) is TypeError


def contract_what_cannot_be_pickled_is_on_the_future(make: Make) -> None:
    with make() as executor:
        generator = (x for x in [1])  # no Python can pickle one
        future = executor.submit(lambda value: value, generator)
        error = future.exception()
        assert isinstance(error, pickle.PicklingError)
        assert "argument 'value'" in str(error)
        unreadable = executor.submit(lambda: (x for x in [1])).exception()
        assert isinstance(unreadable, pickle.PicklingError)


def contract_a_late_result_is_a_timeout_and_not_lost(make: Make) -> None:
    with make() as executor:
        future = executor.submit(nap, 0.3)
        assert isinstance(raised(lambda: future.result(timeout=0.01)), TimeoutError)
        assert isinstance(raised(lambda: future.exception(timeout=0.01)), TimeoutError)
        assert future.result() == 0.3


def contract_a_call_that_waits_can_be_cancelled(make: Make) -> None:
    with make() as executor:
        # Two run, and the executor prepares some more.
        busy = [executor.submit(nap, 0.2) for _ in range(6)]
        last = executor.submit(nap, 0)
        assert last.cancel()
        assert last.cancelled()
        assert isinstance(raised(last.result), cf.CancelledError)
        done, pending = cf.wait([*busy, last], timeout=30)
        assert not pending
        assert [future.result() for future in busy] == [0.2] * 6
        assert last in done


def contract_a_call_that_runs_cannot_be_cancelled(make: Make) -> None:
    with make() as executor:
        future = executor.submit(nap, 0.2)
        until(future.running, executor)
        assert not future.cancel()
        assert future.result() == 0.2
        assert not future.cancel()


def contract_wait_knows_the_first_and_the_last(make: Make) -> None:
    with make() as executor:
        slow, fast = executor.submit(nap, 0.5), executor.submit(nap, 0)
        done, pending = cf.wait([slow, fast], return_when=cf.FIRST_COMPLETED)
        assert fast in done
        done, pending = cf.wait([slow, fast])
        assert (done, pending) == ({slow, fast}, set())


def contract_wait_knows_the_first_exception(make: Make) -> None:
    with make() as executor:
        slow, wrong = executor.submit(nap, 0.5), executor.submit(divide, 1, 0)
        done, _ = cf.wait([slow, wrong], return_when=cf.FIRST_EXCEPTION)
        assert wrong in done


def contract_as_completed_gives_every_future_once(make: Make) -> None:
    with make() as executor:
        futures = [executor.submit(pow, x, 2) for x in range(50)]
        completed = list(cf.as_completed(futures))
        assert len(completed) == 50
        assert {f.result() for f in completed} == {x * x for x in range(50)}


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
        assert time.monotonic() - before < 0.5


def contract_an_exception_keeps_what_it_carries(make: Make) -> None:
    class RefusedError(Exception):
        def __init__(self, code: int, *, reason: str) -> None:
            super().__init__(f"{code}: {reason}")
            self.code = code

    def refuse() -> None:
        raise RefusedError(7, reason="full")

    def missing() -> None:
        open("/no/such/file")  # noqa: SIM115

    with make() as executor:
        error = executor.submit(refuse).exception()
        assert (type(error).__name__, error.code, str(error)) == ("RefusedError", 7, "7: full")
        error = executor.submit(missing).exception()
        assert type(error) is FileNotFoundError
        assert error.filename == "/no/such/file"


def contract_an_exception_that_lets_nobody_change_it_arrives(make: Make) -> None:
    class SealedError(Exception):
        def __setattr__(self, name: str, value: object) -> None:
            raise AttributeError(name)

    def refuse(x: int = 0) -> None:
        raise SealedError(x)

    with make() as executor:
        error = executor.submit(refuse).exception(60)
        assert type(error).__name__ == "SealedError"
        assert "refuse" in str(error.__cause__)
        assert type(raised(lambda: list(executor.map(refuse, [1])))).__name__ == "SealedError"


def contract_an_exit_in_a_task_is_the_tasks_own(make: Make) -> None:
    def leave() -> None:
        raise SystemExit(3)

    with make() as executor:
        error = executor.submit(leave).exception()
        assert (type(error), error.code) == (SystemExit, 3)
        assert executor.submit(abs, -1).result() == 1


def contract_functions_of_every_kind_can_be_called(make: Make) -> None:
    k = 2

    async def slowly(x: int) -> int:
        import asyncio

        await asyncio.sleep(0)
        return k * x

    class Scale:
        def __init__(self, by: int) -> None:
            self.by = by

        def __call__(self, x: int) -> int:
            return self.by * x

        def method(self, x: int) -> int:
            return self.by * x

    kinds = [lambda x: k * x, slowly, Scale(2), Scale(2).method, (2).__mul__]
    with make() as executor:
        assert [executor.submit(kind, 21).result() for kind in kinds] == [42] * 5


def contract_a_function_is_sent_as_it_is_now(make: Make) -> None:
    with make() as executor:
        values = [executor.submit(lambda x, k=k: x + k, 40) for k in (1, 2)]
        functions = [lambda x: x + 1, lambda x: x + 2]
        values += [executor.submit(function, 40) for function in functions]
        assert [future.result() for future in values] == [41, 42, 41, 42]


def contract_nothing_is_taken_after_shutdown(make: Make) -> None:
    executor = make()
    future = executor.submit(nap, 0.2)
    executor.shutdown()
    assert future.done()
    assert future.result() == 0.2
    assert type(raised(lambda: executor.submit(abs, 1))) is RuntimeError
    assert type(raised(lambda: executor.map(abs, [1]))) is RuntimeError
    executor.shutdown()  # again, for nothing


def contract_shutdown_need_not_wait(make: Make) -> None:
    executor = make()
    futures = [executor.submit(nap, 0.2) for _ in range(8)]
    executor.shutdown(wait=False)
    assert not futures[-1].done()
    assert [future.result() for future in futures] == [0.2] * 8


def contract_a_call_that_runs_can_be_cancelled_with_its_worker(make: Make) -> None:
    with make() as executor:
        warm(executor)
        told: list[cf.Future[Any]] = []
        first, second = executor.submit(nap, 60), executor.submit(nap, 0.5)
        first.add_done_callback(told.append)
        until(lambda: executor.status().batches_running == 2, executor)
        assert first.cancel(running=True)
        assert first.cancelled()
        assert told == [first]
        assert isinstance(raised(first.result), cf.CancelledError)
        # Nothing else is lost, and another worker takes the place of the one that was stopped.
        assert second.result() == 0.5
        until(lambda: len(executor.ready_workers) == 2, executor)
        assert list(executor.map(abs, [-1, -2])) == [1, 2]
        assert not second.cancel(running=True)
        assert not second.cancelled()


def contract_a_call_that_waits_is_cancelled_without_harm_to_workers(make: Make) -> None:
    with make() as executor:
        warm(executor)
        before = sorted(executor.ready_workers)
        futures = [executor.submit(nap, 0.3) for _ in range(8)]
        assert all(future.cancel(running=True) for future in futures[4:])
        assert [future.result() for future in futures[:4]] == [0.3] * 4
        assert all(future.cancelled() for future in futures[4:])
        assert sorted(executor.ready_workers) == before


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


def contract_shutdown_can_cancel_what_waits(make: Make) -> None:
    executor = make()
    futures = [executor.submit(nap, 0.2) for _ in range(20)]
    executor.shutdown(cancel_futures=True)
    pending = cf.wait(futures, timeout=30).not_done
    assert not pending
    cancelled = [future for future in futures if future.cancelled()]
    assert futures[-1] in cancelled
    assert all(future.result() == 0.2 for future in futures if future not in cancelled)


def contract_the_end_of_with_waits(make: Make) -> None:
    with make() as executor:
        futures = [executor.submit(nap, 0.1) for _ in range(5)]
        values = executor.map(nap, [0.1] * 5)
    assert all(future.done() for future in futures)
    assert list(values) == [0.1] * 5


async def contract_the_end_of_async_with_waits(make: Make) -> None:
    async with make() as executor:
        futures = [executor.submit(nap, 0.1) for _ in range(5)]
        job = executor._pool.start_job(nap, [[0.1] * 9])
    assert all(future.done() for future in futures)
    assert len(job.outcomes.values) == 9
    assert type(raised(lambda: executor.submit(abs, 1))) is RuntimeError


async def contract_a_future_can_be_awaited(make: Make) -> None:
    async with make() as executor:
        assert await executor.submit(abs, -1) == 1
        assert await asyncio.wrap_future(executor.submit(abs, -2)) == 2
        values = await asyncio.gather(*(executor.submit(abs, -x) for x in range(5)))
        assert values == [0, 1, 2, 3, 4]
        try:
            await executor.submit(divide, 1, 0)
        except ZeroDivisionError:
            return
        raise AssertionError("the exception did not arrive")


def contract_a_lost_worker_fails_what_it_ran_and_nothing_else(make: Make) -> None:
    with make() as executor:
        warm(executor)
        futures = [executor.submit(nap, 0.5) for _ in range(6)]
        until(lambda: executor.status().batches_running == 2, executor)
        lose(executor)
        cf.wait(futures)
        errors = [future.exception() for future in futures]
        lost: Any
        [lost] = [error for error in errors if error is not None]
        assert type(lost).__name__ == "TerminatedWorkerError"
        assert issubclass(type(lost), cf.BrokenExecutor)
        assert (lost.reason, lost.started) == ("terminated", True)
        assert executor.submit(abs, -1).result() == 1  # it goes on


def contract_a_task_that_started_is_not_run_again(make: Make) -> None:
    with make() as executor:
        warm(executor)
        job = executor._pool.start_job(nap, [[0.5] * 4], MapOptions(return_exceptions=True))
        until(lambda: executor.status().batches_running == 2, executor)
        lose(executor)
        job.settled.result()
        [lost] = job.outcomes.failures.values()
        assert type(lost).__name__ == "TerminatedWorkerError"
        assert len(job.outcomes.values) == 3


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
        job = executor._pool.start_job(attempt, [[0.5] * 2], MapOptions(retries=1))
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


def contract_terminated_workers_end_everything(make: Make) -> None:
    executor = make()
    futures = [executor.submit(nap, 3) for _ in range(8)]
    cancelled = futures.pop()
    assert cancelled.cancel()
    values = executor.map(nap, [3])
    before = time.monotonic()
    executor.terminate_workers()
    pending = cf.wait([*futures, cancelled], timeout=30).not_done
    assert not pending
    names = {type(future.exception()).__name__ for future in futures}
    assert names == {"TerminatedWorkerError"}
    assert type(raised(lambda: next(values))).__name__ == "TerminatedWorkerError"
    assert time.monotonic() - before < 2.5
    assert isinstance(raised(lambda: executor.submit(abs, 1)), (RuntimeError, cf.BrokenExecutor))


def contract_after_a_call_was_cancelled_the_workers_can_be_terminated(make: Make) -> None:
    executor = make()
    warm(executor)
    futures = [executor.submit(nap, 60) for _ in range(4)]
    until(lambda: executor.status().batches_running == 2, executor)
    # All in one go: the word that a worker is gone has no time to come in.
    assert futures[0].cancel(running=True)
    executor.terminate_workers()
    assert not cf.wait(futures, timeout=30).not_done
    assert futures[0].cancelled()
    names = {type(future.exception()).__name__ for future in futures[1:]}
    assert names == {"TerminatedWorkerError"}


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


def contract_an_initializer_whose_memory_runs_out_breaks_its_pool(make: Make) -> None:
    def fill() -> None:
        raise MemoryError("as if there were none")

    with make(initializer=fill) as executor:
        error = executor.submit(abs, -1).exception(timeout=60)
        assert type(error).__name__ == "PoolStartError"
        assert isinstance(error.__cause__, MemoryError)


def contract_killed_workers_end_everything_too(make: Make) -> None:
    with make() as executor:
        futures = [executor.submit(nap, 60) for _ in range(3)]
        executor.kill_workers()
        pending = cf.wait(futures, timeout=30).not_done
        assert not pending
        assert all(isinstance(future.exception(), cf.BrokenExecutor) for future in futures)
        executor.kill_workers()  # again, for nothing


def contract_the_status_tells_what_workers_do(make: Make) -> None:
    with make() as executor:
        assert executor.max_workers == 2
        assert list(executor.map(abs, range(10))) == list(range(10))
        status = executor.status()
        assert status.size == 2
        assert sum(worker.tasks for worker in status.workers) == 10


def contract_a_task_knows_its_worker(make: Make) -> None:
    def who() -> Any:
        from jupyterlite_pool import current_worker

        return tuple(current_worker() or ())

    from jupyterlite_pool import current_worker

    with make() as executor:
        workers = {executor.submit(who).result()[0] for _ in range(4)}
        assert workers <= {0, 1}
        assert current_worker() is None


def contract_callbacks_may_submit(make: Make) -> None:
    with make() as executor:
        second: list[Any] = []
        told = threading.Event()

        def then(_: object) -> None:
            second.append(executor.submit(abs, -2))
            told.set()

        executor.submit(abs, -1).add_done_callback(then)
        until(told.is_set, executor)
        assert second[0].result() == 2


def contract_arguments_are_copied_when_they_are_submitted(make: Make) -> None:
    def first(buffer: Any) -> int:
        return bytes(buffer)[0]

    with make() as executor:
        data = bytearray(200_000)
        busy = [executor.submit(nap, 0.1) for _ in range(8)]
        future = executor.submit(first, pickle.PickleBuffer(data))
        data[0] = 9  # while the call waits in line
        assert future.result() == 0
        cf.wait(busy)


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


def contract_an_initializer_runs_on_every_worker_before_anything_else(make: Make) -> None:
    def initialize(word: str) -> None:
        import builtins

        builtins.initialized = [*getattr(builtins, "initialized", []), word]  # type: ignore[attr-defined]

    def seen(seconds: float) -> Any:
        import builtins
        import time

        time.sleep(seconds)
        return getattr(builtins, "initialized", None)

    with make(initializer=initialize, initargs=("ready",)) as executor:
        futures = [executor.submit(seen, 0.05) for _ in range(6)]
        assert all(future.result()[-1] == "ready" for future in futures)


#: In the notebook; on workers an initializer sets it.
shared_word = "not set"


def contract_what_an_initializer_declares_global_is_there_for_all_calls(make: Make) -> None:
    def initialize(word: str) -> None:
        global shared_word, other_word
        shared_word = other_word = word  # type: ignore[name-defined]

    def seen(_: int) -> Any:
        return shared_word, other_word  # type: ignore[name-defined]

    def call(fn: Any) -> Any:
        return fn(0)

    with make(initializer=initialize, initargs=("here",)) as executor:
        assert executor.submit(seen, 0).result() == ("here", "here")
        assert list(executor.map(functools.partial(seen), [0])) == [("here", "here")]
        assert executor.submit(call, seen).result() == ("here", "here")
        executor.run_everywhere(initialize, "later")
        assert executor.submit(seen, 0).result() == ("later", "later")
        assert shared_word == "not set"


def contract_what_another_call_declares_global_is_its_own(make: Make) -> None:
    def change() -> str:
        global shared_word
        shared_word = "changed"
        return shared_word

    def seen() -> str:
        return shared_word

    with make() as executor:
        assert executor.submit(change).result() == "changed"
        assert executor.submit(seen).result() == "not set"


def contract_an_initializer_that_fails_breaks_the_pool(make: Make) -> None:
    def initialize() -> None:
        raise ValueError("nothing to initialize")

    executor = make(initializer=initialize)
    # Broken before the call, or after it: whichever comes first.
    error = raised(lambda: executor.submit(abs, -1).result())
    assert isinstance(error, cf.BrokenExecutor)
    assert "ValueError: nothing to initialize" in str(error)
    assert type(error.__cause__) is ValueError
    late = raised(lambda: executor.submit(abs, -1))
    assert isinstance(late, cf.BrokenExecutor)
    executor.shutdown()


def contract_what_is_no_initializer_is_refused(make: Make) -> None:
    assert type(raised(lambda: make(initializer=1))) is TypeError
    assert type(raised(lambda: make(max_tasks_per_child=0))) is ValueError
    assert type(raised(lambda: make(max_tasks_per_child=1.5))) is TypeError


def contract_a_worker_is_replaced_after_its_share_of_tasks(make: Make) -> None:
    def who(x: int) -> int:
        from jupyterlite_pool import current_worker

        info = current_worker()
        assert info is not None
        return info.id

    with make(max_tasks_per_child=2) as executor:
        workers = list(executor.map(who, range(9), chunksize=3))
        assert max(workers.count(worker) for worker in workers) <= 2
        job = executor._pool.start_job(who, [range(5)])
        job.settled.result()
        counts = [
            list(job.outcomes.values.values()).count(worker)
            for worker in job.outcomes.values.values()
        ]
        assert max(counts) <= 2


def contract_a_call_is_made_on_every_worker(make: Make) -> None:
    def who(prefix: str) -> str:
        from jupyterlite_pool import current_worker

        info = current_worker()
        assert info is not None
        return f"{prefix}{info.id}"

    with make() as executor:
        assert executor.run_everywhere(who, "w") == ["w0", "w1"]
        assert executor.run_everywhere(who, "v") == ["v0", "v1"]


def contract_workers_that_come_later_make_the_call_too(make: Make) -> None:
    def mark() -> None:
        import builtins

        from jupyterlite_pool import current_worker

        info = current_worker()
        assert info is not None
        marked: set[int] = getattr(builtins, "marked", set())
        builtins.marked = {*marked, info.id}  # type: ignore[attr-defined]

    def is_marked(seconds: float) -> bool:
        import builtins
        import time

        from jupyterlite_pool import current_worker

        time.sleep(seconds)
        info = current_worker()
        assert info is not None
        return info.id in getattr(builtins, "marked", set())

    with make() as executor:
        warm(executor)
        executor.run_everywhere(mark)
        busy = [executor.submit(nap, 0.5) for _ in range(2)]
        until(lambda: executor.status().batches_running == 2, executor)
        lose(executor)
        cf.wait(busy)
        executor.scale(3)
        until(lambda: len(executor.ready_workers) == 3, executor)
        assert all(executor.map(is_marked, [0.1] * 12))


def contract_shutdown_waits_for_what_every_worker_does(make: Make) -> None:
    with make() as executor:
        future = executor.submit_everywhere(nap, 0.2)
    assert future.done()
    assert future.result() == [0.2, 0.2]


def contract_who_gives_up_a_call_on_every_worker_does_no_harm(make: Make) -> None:
    with make() as executor:
        future = executor.submit_everywhere(divide, 1, 0)
        assert not future.cancel()
        assert type(future.exception()) is ZeroDivisionError
        assert executor.submit(abs, -1).result() == 1


def contract_a_job_that_is_being_read_when_its_executor_closes_ends(make: Make) -> None:
    def items() -> Any:
        yield 1
        executor.shutdown(wait=False)
        yield 2

    executor = make()
    job = executor._pool.start_job(abs, [items()], MapOptions(chunksize=1))
    job.ended.result(60)
    assert job.outcomes.values == {0: 1, 1: 2}


def contract_functions_behind_a_reference_see_what_was_set_up(make: Make) -> None:
    def initialize() -> None:
        global set_up_value
        set_up_value = 7  # type: ignore[name-defined]

    def read() -> Any:
        return globals()["set_up_value"]

    def call(function: Callable[[], int]) -> int:
        return function()

    read.__module__ = initialize.__module__ = "__main__"  # as in a notebook: they go by value
    with make(initializer=initialize) as executor:
        assert executor.submit(call, executor.put(read)).result() == 7


def contract_a_call_that_fails_somewhere_is_an_error_and_is_not_repeated(make: Make) -> None:
    with make() as executor:
        assert type(raised(lambda: executor.run_everywhere(divide, 1, 0))) is ZeroDivisionError
        warm(executor)
        executor.scale(3)  # a worker more, which does not make the call
        until(lambda: len(executor.ready_workers) == 3, executor)
        assert executor.submit(abs, -1).result() == 1
        assert type(raised(lambda: executor.run_everywhere(5))) is TypeError


def contract_an_object_is_put_on_workers_and_found_wherever_its_reference_stands(
    make: Make,
) -> None:
    def total(*args: Any, **kwargs: Any) -> int:
        nested = args[1]["deep"][0]
        assert args[0] is nested is kwargs["data"]
        return sum(args[0])

    with make() as executor:
        data = list(range(1000))
        ref = executor.put(data)
        assert executor.submit(total, ref, {"deep": [ref]}, data=ref).result() == sum(data)
        assert executor.submit(lambda: sum(ref)).result() == sum(data)
        assert list(executor.map(len, [ref] * 20)) == [1000] * 20
        nested = executor.put({"inner": ref})
        assert executor.submit(lambda both: len(both["inner"]), nested).result() == 1000


def contract_an_object_is_sent_to_each_worker_at_most_once(make: Make) -> None:
    class Counted:
        def __init__(self) -> None:
            self.read = 0

        def __setstate__(self, state: Any) -> None:
            import builtins

            from jupyterlite_pool import current_worker

            reads = getattr(builtins, "reads", [])
            builtins.reads = [*reads, current_worker().id]  # type: ignore[attr-defined,union-attr]
            self.__dict__.update(state)

    def reads(data: Any, seconds: float) -> Any:
        import builtins
        import time

        from jupyterlite_pool import current_worker

        time.sleep(seconds)
        return builtins.reads.count(current_worker().id)  # type: ignore[attr-defined,union-attr]

    with make() as executor:
        ref = executor.put(Counted())
        assert set(executor.map(reads, [ref] * 12, [0.02] * 12)) == {1}


def contract_an_object_is_kept_while_it_is_needed_and_no_longer(make: Make) -> None:
    with make() as executor:
        dropped: list[str] = []
        backend = executor._pool.backend
        drop = backend.drop

        def noted(key: str) -> None:
            dropped.append(key)
            drop(key)

        backend.drop = noted
        refs = [executor.put([1, 2, 3])]
        key = refs[0].key
        busy = [executor.submit(nap, 0.1) for _ in range(6)]
        last = executor.submit(sum, refs[0])
        captured = executor.submit(lambda ref=refs[0]: sum(ref))
        refs.clear()
        gc.collect()
        assert key not in dropped  # two calls still need it
        assert last.result() == captured.result() == 6
        cf.wait(busy)
        del last, captured
        gc.collect()
        until(lambda: key in dropped, executor)


def contract_a_reference_means_nothing_elsewhere(make: Make) -> None:
    with make() as executor:
        ref = executor.put(1)
        assert isinstance(raised(lambda: pickle.dumps(ref)), pickle.PicklingError)
        with make() as other:
            error = other.submit(abs, ref).exception()
            assert type(error) is ValueError
            assert "another executor" in str(error)


def contract_the_pool_grows_and_shrinks_while_jobs_run(make: Make) -> None:
    def who(seconds: float) -> int:
        import time

        from jupyterlite_pool import current_worker

        time.sleep(seconds)
        info = current_worker()
        assert info is not None
        return info.id

    with make() as executor:
        warm(executor)
        job = executor._pool.start_job(who, [[0.05] * 60], MapOptions(chunksize=1))
        executor.scale(3)
        assert executor.max_workers == 3
        until(lambda: len(executor.ready_workers) == 3, executor)
        until(lambda: 2 in job.outcomes.values.values() or not job.active, executor)
        executor.scale(1)
        until(lambda: len(executor.ready_workers) == 1, executor)
        job.settled.result()
        assert len(job.outcomes.values) == 60
        assert not job.outcomes.failures
        assert len(executor.status().workers) == 1
        assert type(raised(lambda: executor.scale(0))) is ValueError


def contract_an_executor_that_nobody_holds_stops_when_its_work_is_done(make: Make) -> None:
    executor = make()
    future = executor.submit(nap, 0.1)
    dispatcher = executor._pool.dispatcher
    reference = weakref.ref(executor)
    del executor
    forget(make)
    gc.collect()
    assert reference() is None
    assert dispatcher.closed
    assert future.result() == 0.1


def forget(make: Make) -> None:
    """Let the place that makes executors hold none of them."""
    held = getattr(make, "made", None)
    if held is not None:
        held.clear()
