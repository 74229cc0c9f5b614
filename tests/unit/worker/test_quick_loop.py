"""Small tasks that run one after the other, beside the same tasks run one by one."""

from __future__ import annotations

import contextvars
import decimal
import sys
from collections.abc import Callable
from typing import Any

import pytest

from jupyterlite_pool.wire.buffers import OUT_OF_BAND_BYTES
from jupyterlite_pool.wire.exceptions import decode_error
from jupyterlite_pool.wire.protocol import FAILED, LOG_BYTES, ResultItem
from jupyterlite_pool.wire.results import split_results
from jupyterlite_pool.worker import open_figures, quick_loop
from jupyterlite_pool.worker import runner as runner_module
from jupyterlite_pool.worker.result_log import LARGEST_FILE
from jupyterlite_pool.worker.runner import Runner
from jupyterlite_pool.worker.set_up_globals import SetUpCall

from .running import Recorder, here, run

#: Enough tasks for a quick loop.
CALLS = [(number,) for number in range(12)]

variable = contextvars.ContextVar("variable", default="as ever")


def negative(number: int) -> int:
    return -number


def sometimes_fails(number: int) -> int:
    if number % 5 == 3:
        raise ValueError(f"number {number}")
    return number


def sometimes_exits(number: int) -> int:
    if number == 5:
        raise SystemExit(3)
    return number


def of_many_kinds(number: int) -> Any:
    long = "x" * OUT_OF_BAND_BYTES
    return [number, None, "text", 2.5, True, [number], {number}, long, long[1:], b"bytes", 1j][
        number % 11
    ]


def changes_its_context(number: int) -> str:
    before = variable.get()
    if number % 3 == 1:
        variable.set(f"set by {number}")
    return before


def changes_decimals(number: int) -> int:
    before = decimal.getcontext().prec
    decimal.getcontext().prec = 50 + number
    return before


async def sometimes_awaits(number: int) -> int:
    return number


def cannot_be_sent(number: int) -> Any:
    return (each for each in [number]) if number == 4 else number


def interrupted(number: int) -> int:
    if number == 6:
        here[0].interrupt(sys._getframe())
    return number


def told(port: Recorder) -> list[tuple[int, int, Any]]:
    """The number, the kind and the value of each result; the words of each error."""
    found = []
    rest = [buffer for post in port.posts for buffer in post.buffers]
    for item in port.results:
        payload = repr(decode_error(item.payload)) if item.kind == FAILED else item.payload
        found.append((item.task, item.kind, payload))
    return [*found, (len(rest), 0, [bytes(buffer) for buffer in rest])]


@pytest.mark.parametrize(
    "function",
    [
        negative,
        sometimes_fails,
        sometimes_exits,
        of_many_kinds,
        changes_its_context,
        changes_decimals,
        sometimes_awaits,
        cannot_be_sent,
        interrupted,
    ],
)
def test_a_quick_loop_gives_what_single_tasks_give(
    runner: Runner, port: Recorder, monkeypatch: pytest.MonkeyPatch, function: Callable[..., Any]
) -> None:
    run(runner, function, CALLS, buffers=None)
    together, numbers = told(port), list(port.tasks)
    port.posts.clear()
    port.tasks.clear()
    monkeypatch.setattr(runner_module, "FEWEST", sys.maxsize)
    run(runner, function, CALLS, buffers=None)
    assert told(port) == together
    assert [task for task in port.tasks if task >= 0] == [task for task in numbers if task >= 0]
    assert [item.task for item in port.results] == list(range(100, 112))


def test_small_tasks_do_run_in_a_quick_loop(
    runner: Runner, port: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    loops = []

    def counted(*args: Any) -> quick_loop.End:
        end = quick_loop.run_quick_loop(*args)
        loops.append(end.place)
        return end

    monkeypatch.setattr(runner_module, "run_quick_loop", counted)
    monkeypatch.setattr(runner_module, "POST_INTERVAL", 1000.0)
    run(runner, negative, CALLS, buffers=None)
    # The first task is called by itself, as its function must be read.
    assert loops == [12]
    assert port.values == [-number for number in range(12)]


def finished_so_far(_: int) -> str:
    """What JavaScript would post if Python died now."""
    place, used, _ = here[0].log.state
    items = map(ResultItem._make, split_results(bytes(here[0].log.buffer[:used])))
    return f"{place}: {[item.task for item in items]}"


def test_each_result_can_be_read_when_python_has_died(
    runner: Runner, port: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner_module, "POST_INTERVAL", 1000.0)
    run(runner, finished_so_far, CALLS, buffers=None)
    assert port.values == [f"{place}: {list(range(100, 100 + place))}" for place in range(12)]


def quarter(number: int) -> str:
    return chr(97 + number) * (OUT_OF_BAND_BYTES - 1)


def test_a_log_that_is_full_is_posted(
    runner: Runner, port: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner_module, "POST_INTERVAL", 1000.0)
    calls = [(number,) for number in range(40)]
    run(runner, quarter, calls, buffers=None)
    assert port.values == [quarter(number) for number in range(40)]
    assert len(port.posts) > 40 * OUT_OF_BAND_BYTES // LOG_BYTES


def test_results_that_are_due_are_posted_and_a_cancelled_batch_ends(
    runner: Runner, port: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner_module, "POST_INTERVAL", 0.0)
    run(runner, cancelled_at_seven, CALLS, buffers=None)
    assert port.values == list(range(8))
    assert port.posts[-1].done


def cancelled_at_seven(number: int) -> int:
    if number == 7:
        here[0].cancel(7)
    return number


def leaves_something(number: int) -> int:
    if number == 5:
        open_figures.end_of_task.append(lambda: acts.append(number))
    return number


acts: list[int] = []


def test_what_a_task_leaves_is_done_at_its_end_and_of_all_that_follow(
    runner: Runner, port: Recorder
) -> None:
    acts.clear()
    try:
        run(runner, leaves_something, CALLS, buffers=None)
    finally:
        open_figures.end_of_task.clear()
    assert port.values == list(range(12))
    assert len(acts) == 12 - 5


def uses_a_large_file(number: int) -> int:
    if number == 5:
        here[0].log.state[LARGEST_FILE] = 30 << 20
    return number


def test_a_large_file_is_warned_of(runner: Runner, port: Recorder) -> None:
    with pytest.warns(match="a file of 30 MB"):
        run(runner, uses_a_large_file, CALLS, buffers=None)
    assert port.values == list(range(12))
    assert runner.log.state[LARGEST_FILE] == 0


@pytest.mark.parametrize(
    "fields",
    [
        {"seeds": [(1, number) for number in range(12)]},
        {"timed": True},
        {"attempts": [1, 2] * 6},
    ],
)
def test_tasks_that_need_something_of_their_own_run_one_by_one(
    runner: Runner, port: Recorder, monkeypatch: pytest.MonkeyPatch, fields: dict[str, Any]
) -> None:
    def never(*args: Any) -> quick_loop.End:
        raise AssertionError("these tasks cannot run in a quick loop")

    monkeypatch.setattr(runner_module, "run_quick_loop", never)
    run(runner, negative, CALLS, **{"buffers": None, **fields})
    assert port.values == [-number for number in range(12)]


def sets_decimals() -> None:
    decimal.getcontext().prec = 20


def test_tasks_share_no_context_of_decimal_that_a_set_up_has_made(
    runner: Runner, port: Recorder
) -> None:
    run(runner, SetUpCall(sets_decimals), [()])
    port.posts.clear()
    run(runner, changes_decimals, CALLS, buffers=None)
    assert port.values == [20] * 12
