"""Calls that every worker makes: initializers and `run_everywhere`."""

import asyncio
import concurrent.futures as cf
import decimal
import functools
import time
from collections.abc import Callable
from typing import Any

from .helpers import Make, divide, lose, nap, raised, until, warm


def contract_an_initializer_whose_memory_runs_out_breaks_its_pool(make: Make) -> None:
    def fill() -> None:
        raise MemoryError("as if there were none")

    with make(initializer=fill) as executor:
        error = executor.submit(abs, -1).exception(timeout=60)
        assert type(error).__name__ == "PoolStartError"
        assert isinstance(error.__cause__, MemoryError)


def contract_an_initializer_runs_on_every_worker_before_anything_else(make: Make) -> None:
    def initialize(word: str) -> None:
        import builtins

        builtins.initialized = [*getattr(builtins, "initialized", []), word]  # type: ignore[attr-defined]

    def seen(seconds: float) -> Any:
        import builtins

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


#: In the notebook they are empty; on workers an initializer fills them.
shared_table: dict[str, int] = {}
shared_list: list[str] = []


def contract_what_an_initializer_fills_is_full_for_all_calls(make: Make) -> None:
    def fill(value: int) -> None:
        shared_table["x"] = value
        shared_list.append("begun")

    def seen(_: int) -> Any:
        return dict(shared_table), list(shared_list)

    def call(fn: Any) -> Any:
        return fn(0)

    with make(initializer=fill, initargs=(7,)) as executor:
        full = ({"x": 7}, ["begun"])
        assert executor.submit(seen, 0).result() == full
        assert list(executor.map(functools.partial(seen), range(4))) == [full] * 4
        assert executor.submit(call, seen).result() == full
        executor.run_everywhere(fill, 8)
        assert executor.submit(seen, 0).result() == ({"x": 8}, ["begun", "begun"])
        try:
            shared_table["own"] = 1
            assert executor.submit(seen, 0).result() == ({"own": 1}, ["begun", "begun"])
        finally:
            shared_table.clear()
    assert (shared_table, shared_list) == ({}, [])


def contract_context_variables_of_an_initializer_hold_for_all_calls(make: Make) -> None:
    def begin(digits: int) -> None:
        decimal.getcontext().prec = digits

    def third(_: int) -> str:
        return str(decimal.Decimal(1) / 3)

    def careless(_: int) -> None:
        decimal.getcontext().prec = 2

    async def later(_: int) -> str:
        await asyncio.sleep(0.01)
        return third(0)

    with make(initializer=begin, initargs=(40,)) as executor:
        precise = "0." + "3" * 40
        assert list(executor.map(third, range(4))) == [precise] * 4
        list(executor.map(careless, range(4)))
        assert list(executor.map(third, range(4))) == [precise] * 4
        assert list(executor.map(later, range(4))) == [precise] * 4
    with make() as executor:
        assert set(executor.map(third, range(4))) == {"0." + "3" * 28}
    assert decimal.getcontext().prec == 28


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
        vars(builtins).setdefault("marked", set()).add(info.id)

    def is_marked(seconds: float) -> bool:
        import builtins

        from jupyterlite_pool import current_worker

        time.sleep(seconds)
        info = current_worker()
        assert info is not None
        return info.id in getattr(builtins, "marked", set())

    with make() as executor:
        warm(executor)
        executor.run_everywhere(mark)
        busy = [executor.submit(nap, 2.0) for _ in range(2)]
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
