"""The Python half of a worker, with a port that writes down what the runner says."""

from __future__ import annotations

import asyncio
import decimal
import gc
import math
import pickle
import random
import sys
from collections.abc import Callable
from typing import Any

import pytest

from jupyterlite_pool.errors import RemoteUnpicklingError
from jupyterlite_pool.tracebacks import notes_of
from jupyterlite_pool.wire.buffers import OUT_OF_BAND_BYTES
from jupyterlite_pool.wire.calls import encode_function
from jupyterlite_pool.wire.exceptions import decode_error
from jupyterlite_pool.wire.protocol import FAILED, LOG_BYTES, ResultItem
from jupyterlite_pool.wire.results import read_value, split_results
from jupyterlite_pool.worker import runner as runner_module
from jupyterlite_pool.worker.current_worker import WorkerInfo, current_worker
from jupyterlite_pool.worker.runner import Runner
from jupyterlite_pool.worker.set_up_globals import SetUpCall
from jupyterlite_pool.worker.surroundings.surroundings import WorkerSurroundings

from .running import BATCH, Post, Recorder, here, run, run_key


@pytest.fixture
def _never_due(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner_module, "POST_INTERVAL", math.inf)


@pytest.fixture
def _always_due(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner_module, "POST_INTERVAL", 0.0)


@pytest.mark.usefixtures("_never_due")
def test_short_tasks_are_posted_together_at_the_end(runner: Runner, port: Recorder) -> None:
    run(runner, abs, [(-1,), (-2,), (-3,)])
    [post] = port.posts
    assert [result.task for result in post.results] == [100, 101, 102]
    assert port.values == [1, 2, 3]
    assert post.done


@pytest.mark.usefixtures("_always_due")
def test_results_are_posted_on_the_way_once_they_are_due(runner: Runner, port: Recorder) -> None:
    run(runner, abs, [(-1,), (-2,), (-3,)])
    assert [(len(post.results), post.done) for post in port.posts] == [
        (1, False),
        (1, False),
        (1, True),
    ]


def place_and_log(_: int) -> tuple[int, bytes]:
    """The bytes that JavaScript would read and post if Python died now."""
    place, used, _ = here[0].log.state
    return place, bytes(here[0].log.buffer[:used])


@pytest.mark.usefixtures("_never_due")
def test_what_is_finished_but_not_posted_can_be_read_when_python_has_died(
    runner: Runner, port: Recorder
) -> None:
    run(runner, place_and_log, [(0,), (1,), (2,)])
    assert [place for place, _ in port.values] == [0, 1, 2]
    finished = [list(map(ResultItem._make, split_results(log))) for _, log in port.values]
    assert [[item.task for item in items] for items in finished] == [[], [100], [100, 101]]
    assert read_value(finished[2][0], ()) == (0, b"")
    assert list(runner.log.state) == [-1, 0, 0]


def cancel_at(place: int, stop: int) -> int:
    if place == stop:
        here[0].cancel(BATCH)
    return place


@pytest.mark.usefixtures("_always_due")
def test_a_batch_is_cancelled_between_two_tasks(runner: Runner, port: Recorder) -> None:
    run(runner, cancel_at, [(0, 1), (1, 1), (2, 1)])
    assert port.values == [0, 1]  # the task that ran went on to its end
    assert port.posts[-1] == Post([], [], True)


@pytest.mark.usefixtures("_always_due")
def test_a_cancelled_number_is_forgotten_with_its_batch(runner: Runner, port: Recorder) -> None:
    run(runner, cancel_at, [(0, 0), (1, 0)])
    run(runner, cancel_at, [(2, 0), (3, 0)])
    assert port.values == [0, 2, 3]


def big(size: int) -> bytes:
    return b"x" * size


@pytest.mark.usefixtures("_never_due")
def test_a_result_larger_than_the_log_is_posted_in_its_turn(runner: Runner, port: Recorder) -> None:
    run(runner, big, [(1,), (LOG_BYTES + 1,), (2,)])
    assert [len(value) for value in port.values] == [1, LOG_BYTES + 1, 2]
    assert [(len(post.results), post.done) for post in port.posts] == [
        (1, False),
        (1, False),
        (1, True),
    ]


@pytest.mark.usefixtures("_never_due")
def test_a_log_that_is_full_is_posted(runner: Runner, port: Recorder) -> None:
    run(runner, big, [(LOG_BYTES // 2,), (LOG_BYTES // 2,), (1,)])
    assert [len(value) for value in port.values] == [LOG_BYTES // 2, LOG_BYTES // 2, 1]
    assert [result.task for result in port.results] == [100, 101, 102]


def buffer_of(size: int) -> Any:
    return pickle.PickleBuffer(bytes(size))


def test_a_large_buffer_goes_beside_its_result(runner: Runner, port: Recorder) -> None:
    run(runner, buffer_of, [(OUT_OF_BAND_BYTES,)])
    first, last = port.posts
    assert [buffer.nbytes for buffer in first.buffers] == [OUT_OF_BAND_BYTES]
    assert first.results[0].buffers == 1
    assert (first.done, last.results, last.done) == (False, [], True)


def test_a_batch_that_cannot_be_read_is_an_error_of_the_whole(
    runner: Runner, port: Recorder
) -> None:
    asyncio.run(runner.run(BATCH, b"no pickle", []))
    [(batch, kind, _, traceback)] = port.errors
    assert (batch, kind) == (BATCH, "UnpicklingError")
    assert "Traceback" in traceback
    assert port.posts == []


def test_a_task_that_cannot_be_read_costs_nothing_but_itself(
    runner: Runner, port: Recorder
) -> None:
    runner.put("f", *encode_function(abs)[:2])
    run_key(runner, "f", (-1,), b"no pickle", (-3,))
    assert [(result.task, result.kind == FAILED) for result in port.results] == [
        (1, False),
        (2, True),
        (3, False),
    ]
    assert isinstance(port.failure(), RemoteUnpicklingError)


def test_a_function_that_cannot_be_read_fails_its_tasks_only(
    runner: Runner, port: Recorder
) -> None:
    runner.put("bad", b"no pickle", [])
    run_key(runner, "bad", (-1,))
    assert isinstance(port.failure(), RemoteUnpicklingError)
    run(runner, abs, [(-5,)])
    assert port.values == [5]


def fail(kind: type[BaseException], *args: object) -> None:
    raise kind(*args)


@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt, GeneratorExit, ValueError])
def test_an_exit_is_the_tasks_own(
    runner: Runner, port: Recorder, kind: type[BaseException]
) -> None:
    run(runner, fail, [(kind, 3), (kind, 4)])
    assert [type(decode_error(result.payload)) for result in port.results] == [kind, kind]
    assert port.posts[-1].done


def lock_of(_: int) -> object:
    import threading

    return threading.Lock()


def test_a_result_that_cannot_be_sent_is_an_error_of_its_task(
    runner: Runner, port: Recorder
) -> None:
    run(runner, lock_of, [(1,)])
    assert isinstance(port.failure(), pickle.PicklingError)


async def slowly(x: int) -> int:
    await asyncio.sleep(0)
    return x + 1


def test_an_async_function_is_awaited(runner: Runner, port: Recorder) -> None:
    run(runner, slowly, [(1,), (2,)])
    assert port.values == [2, 3]


def who(_: int) -> WorkerInfo | None:
    return current_worker()


def test_a_task_knows_its_worker_and_only_a_task(runner: Runner, port: Recorder) -> None:
    run(runner, who, [(0,)], attempts=[2])
    assert [tuple(value) for value in port.values] == [(3, 1003, 2)]
    assert current_worker() is None


@pytest.mark.usefixtures("_never_due")
def test_the_port_is_told_whose_output_comes(runner: Runner, port: Recorder) -> None:
    run(runner, abs, [(-1,), (-2,)])
    assert port.tasks == [100, 101, -1]


def draw(_: int) -> float:
    return random.random()


def test_a_seeded_task_draws_the_same_whatever_ran_before(runner: Runner, port: Recorder) -> None:
    run(runner, draw, [(0,)], seeds=[(1, 5)])
    run(runner, draw, [(0,), (0,)], seeds=[(1, 6)] * 2)
    run(runner, draw, [(0,)], seeds=[(1, 5)])
    first, second, third, again = port.values
    assert first == again
    assert second == third
    assert first != second


def test_a_function_that_was_dropped_is_gone(runner: Runner, port: Recorder) -> None:
    run(runner, abs, [(-1,)])
    runner.drop("f")
    run_key(runner, "f", (-1,))
    assert "KeyError" in str(port.failure())


class Token:
    pass


def test_a_value_is_not_kept_once_it_was_posted(runner: Runner) -> None:
    gc.collect()
    before = sum(isinstance(thing, Token) for thing in gc.get_objects())
    run(runner, Token, [()])
    gc.collect()
    assert sum(isinstance(thing, Token) for thing in gc.get_objects()) == before


def interrupt_now(_: int) -> int:
    here[0].interrupt(sys._getframe())
    return 1


async def interrupt_amid_a_coroutine(_: int) -> None:
    await asyncio.sleep(0)
    here[0].interrupt(sys._getframe())


async def interrupt_while_awaited(_: int) -> None:
    asyncio.get_running_loop().call_soon(here[0].interrupt_awaited)
    await asyncio.Event().wait()


async def interrupt_while_it_gives_way(_: int) -> None:
    asyncio.get_running_loop().call_soon(here[0].interrupt_awaited)
    while True:
        await asyncio.sleep(0)


@pytest.mark.parametrize(
    "function",
    [
        interrupt_now,
        interrupt_amid_a_coroutine,
        interrupt_while_awaited,
        interrupt_while_it_gives_way,
    ],
)
def test_a_task_that_is_interrupted_is_stopped_and_the_next_one_runs(
    runner: Runner, port: Recorder, function: Callable[..., Any]
) -> None:
    run(runner, function, [(1,)])
    assert isinstance(port.failure(), KeyboardInterrupt)
    port.posts.clear()
    runner.drop("f")
    run(runner, abs, [(-5,)])
    assert port.values == [5]


def test_what_is_no_task_is_not_interrupted(runner: Runner, port: Recorder) -> None:
    def interrupt() -> None:
        runner.interrupt(sys._getframe())
        runner.interrupt_awaited()

    interrupt()
    run(runner, abs, [(-5,)])
    interrupt()
    assert port.values == [5]


async def give_way(_: int) -> int:
    # A signal of Python may come amid what the event loop runs meanwhile.
    asyncio.get_running_loop().call_soon(lambda: here[0].interrupt(sys._getframe()))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return 1


def test_what_runs_while_a_task_waits_is_not_interrupted(runner: Runner, port: Recorder) -> None:
    run(runner, give_way, [(1,)])
    assert port.values == [1]


def test_a_task_with_a_time_limit_says_when_it_begins(runner: Runner, port: Recorder) -> None:
    run(runner, abs, [(-5,)], timed=True)
    assert port.begun == [BATCH]
    run(runner, abs, [(-5,)])
    assert port.begun == [BATCH]


def run_out(_: int) -> None:
    raise MemoryError


def test_a_worker_that_ran_out_of_memory_says_that_it_is_worn(
    runner: Runner, port: Recorder
) -> None:
    run(runner, run_out, [(1,)])
    assert isinstance(port.failure(), MemoryError)
    assert port.wear == ["it ran out of memory"]


class Enormous:
    """There is no memory where it is read."""

    def __setstate__(self, state: object) -> None:
        raise MemoryError


def test_so_does_one_that_ran_out_of_memory_when_it_read_a_call(
    runner: Runner, port: Recorder
) -> None:
    value = Enormous()
    value.__dict__["size"] = 1  # so that there is a state
    run(runner, len, [(value,)])
    assert "MemoryError" in str(port.failure())
    assert "Give each item less to do" in "".join(notes_of(port.failure()))
    assert port.wear == ["it ran out of memory"]


def caused_by_itself(_: int) -> None:
    error = ValueError("in a circle")
    raise error from error


def test_an_error_that_is_its_own_cause_ends_its_task(runner: Runner, port: Recorder) -> None:
    run(runner, caused_by_itself, [(1,)])
    assert str(port.failure()) == "in a circle"
    assert port.wear == []


def test_a_function_that_was_read_is_there_once(runner: Runner, port: Recorder) -> None:
    run(runner, abs, [(-1,)])
    run(runner, abs, [(-2,)])
    assert port.values == [1, 2]
    assert runner._held._encoded == {}


def test_context_variables_of_a_set_up_hold_for_tasks_and_those_of_tasks_do_not(
    port: Recorder, runner: Runner
) -> None:
    run(runner, SetUpCall(set_precision), [(50,)])
    run(runner, precision, [(None,), (7,), (None,)])
    run(runner, precision, [(None,)])
    assert port.values == [None, 50, 7, 50, 50]


def test_context_variables_of_tasks_that_await_are_their_own(
    port: Recorder, runner: Runner
) -> None:
    run(runner, SetUpCall(set_precision_later), [(40,)])
    run(runner, precision_later, [(None,), (7,), (None,)])
    run(runner, precision, [(None,)])
    assert port.values == [None, 40, 7, 40, 40]


def test_without_a_set_up_tasks_have_the_usual_context_variables(
    port: Recorder, runner: Runner
) -> None:
    with decimal.localcontext() as context:
        context.prec = 11  # of whoever makes the pool
        run(runner, precision, [(None,), (7,), (None,)])
    assert port.values == [28, 7, 28]


def test_what_awaiting_code_raises_comes_through(port: Recorder, runner: Runner) -> None:
    run(runner, leave_later, [()])
    assert type(port.failure()) is SystemExit


def set_precision(digits: int) -> None:
    decimal.getcontext().prec = digits


def precision(digits: int | None) -> int:
    """The precision that the task finds; with digits, the one that it sets."""
    if digits is not None:
        set_precision(digits)
    return decimal.getcontext().prec


async def set_precision_later(digits: int) -> None:
    await asyncio.sleep(0)
    set_precision(digits)


async def precision_later(digits: int | None) -> int:
    await asyncio.sleep(0)
    found = precision(digits)
    await asyncio.sleep(0)
    assert decimal.getcontext().prec == found
    return found


async def leave_later() -> None:
    await asyncio.sleep(0)
    raise SystemExit(3)


class OwnMemoryError(MemoryError):
    """As numpy's, which says how much it wanted."""


def run_out_with_words(_: int) -> None:
    raise OwnMemoryError("unable to allocate 8 GiB")


@pytest.mark.parametrize(
    ("used", "words"),
    [
        (3 << 29, "worker 3 could get no more memory when it had 1.5 GB. Give each item"),
        (60 << 20, "worker 3 could get no more memory when it had 60 MB. Give each item"),
        (0, "worker 3 could get no more memory. Give each item"),
    ],
)
def test_an_error_of_memory_says_how_much_there_was_and_what_to_do(
    port: Recorder, used: int, words: str
) -> None:
    def memory() -> int:
        return used

    runner = Runner(port, 3, 1003, WorkerSurroundings(), memory=memory)
    run(runner, run_out, [(1,)])
    said = str(port.failure())
    assert said.startswith(words)
    assert "Give each item less to do" in said
    port.posts.clear()
    run(runner, run_out_with_words, [(1,)])
    assert str(port.failure()) == "unable to allocate 8 GiB"
    assert notes_of(port.failure())[0].startswith(words)


def test_where_there_is_no_memory_for_words_the_error_comes_without(port: Recorder) -> None:
    def memory() -> int:
        raise MemoryError

    run(Runner(port, 3, 1003, WorkerSurroundings(), memory=memory), run_out, [(1,)])
    assert port.failure().args == ()
    assert port.wear == ["it ran out of memory"]


async def in_a_group(_: int) -> None:
    asyncio.get_running_loop().call_soon(here[0].interrupt_awaited)
    await asyncio.gather(_tick(), _tick())


ticks: list[int] = []


async def _tick() -> None:
    while True:
        ticks.append(1)
        await asyncio.sleep(0)


def test_tasks_that_a_stopped_task_has_started_end_with_it(runner: Runner, port: Recorder) -> None:
    run(runner, in_a_group, [(1,)])
    assert isinstance(port.failure(), KeyboardInterrupt)
    before = len(ticks)
    port.posts.clear()
    run(runner, give_way, [(1,)])
    assert port.values == [1]
    assert len(ticks) == before


def interrupt_while_locked(_: int) -> None:
    from jupyterlite_pool.stand_ins import locks

    locks._held.add(locks.Lock.__new__(locks.Lock))
    here[0].interrupt(sys._getframe())


def test_a_worker_whose_task_was_stopped_with_a_lock_is_replaced(
    runner: Runner, port: Recorder
) -> None:
    from jupyterlite_pool.stand_ins import locks

    try:
        run(runner, interrupt_while_locked, [(1,)])
    finally:
        locks._held.clear()
    assert port.wear == ["its task was stopped while it held a lock"]
