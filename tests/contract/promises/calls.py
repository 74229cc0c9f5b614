"""Calls of `submit`: their futures, their errors, what travels, and how they are cancelled."""

import asyncio
import concurrent.futures as cf
import pickle
import threading
from typing import Any

from .helpers import Make, divide, nap, raised, until, warm


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
        future = executor.submit(nap, 1.5)
        assert isinstance(raised(lambda: future.result(timeout=0.01)), TimeoutError)
        assert isinstance(raised(lambda: future.exception(timeout=0.01)), TimeoutError)
        assert future.result() == 1.5


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
        future = executor.submit(nap, 1)
        until(lambda: future.running() or future.done(), executor)
        assert not future.cancel()
        assert future.result() == 1
        assert not future.cancel()


def contract_wait_knows_the_first_and_the_last(make: Make) -> None:
    with make() as executor:
        # A busy machine may start the second one late, so that nobody knows which ends first.
        both = {executor.submit(nap, 0.5), executor.submit(nap, 0)}
        done, pending = cf.wait(both, return_when=cf.FIRST_COMPLETED)
        assert done
        assert all(future.done() for future in done)
        assert done | pending == both
        assert cf.wait(both) == (both, set())
        [ended, *_] = done
        slow = executor.submit(nap, 0.5)
        done, pending = cf.wait([slow, ended], return_when=cf.FIRST_COMPLETED)
        assert (done, pending) == ({ended}, {slow})


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


def contract_a_call_that_runs_can_be_cancelled_with_its_worker(make: Make) -> None:
    with make() as executor:
        warm(executor)
        told: list[cf.Future[Any]] = []
        first, second = executor.submit(nap, 60), executor.submit(nap, 0.5)
        first.add_done_callback(told.append)
        until(lambda: first.running() and (second.running() or second.done()), executor)
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


def contract_many_brief_calls_each_have_their_value(make: Make) -> None:
    with make() as executor:
        for _ in range(2):  # the second time, the function is known to be brief
            futures = [executor.submit(divide, x, 2) for x in range(200)]
            assert {future.result() for future in cf.as_completed(futures)} == {
                x / 2 for x in range(200)
            }
        futures = [executor.submit(divide, 1, x % 50) for x in range(200)]
        errors = {x: future.exception() for x, future in enumerate(futures) if x % 50 == 0}
        assert [type(error) for error in errors.values()] == [ZeroDivisionError] * 4
        assert all(futures[x].result() == 1 / (x % 50) for x in range(200) if x not in errors)
