"""*Interrupt Kernel* while a cell awaits the pool: an event loop stands in for the browser's."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from jupyterlite_pool import WorkerPoolExecutor
from jupyterlite_pool.commands import interrupt as commands
from jupyterlite_pool.waiting.waits import awaited
from tests.support.gate import GATE


@pytest.fixture(autouse=True)
def _cells() -> Iterator[None]:
    yield
    commands._runs.clear()


def wait_for_the_gate(x: int) -> int:
    GATE.wait(30)
    return x


def interrupted_cell(wait: Callable[[], Any], calls: int) -> tuple[bool, str]:
    """Interrupt a cell that awaits something; returns what that says, and how the cell ended.

    Args:
        calls: how many calls of the pool it awaits.
    """

    async def cell(begun: asyncio.Event) -> str:
        commands.cell_starts()
        begun.set()
        try:
            await wait()
        except KeyboardInterrupt:
            return "KeyboardInterrupt"
        return "nothing"

    async def kernel() -> tuple[bool, str]:
        begun = asyncio.Event()
        running = asyncio.create_task(cell(begun))
        await begun.wait()
        while len(awaited) < calls:
            await asyncio.sleep(0)
        said = commands.interrupt()
        return said, await asyncio.wait_for(running, 30)

    return asyncio.run(kernel())


def test_all_calls_that_a_cell_awaits_are_stopped_and_no_other(pool: WorkerPoolExecutor) -> None:
    one, two, other = (pool.submit(wait_for_the_gate, x) for x in range(3))
    ended = interrupted_cell(lambda: asyncio.gather(one, two), 2)
    GATE.set()
    assert ended == (True, "KeyboardInterrupt")
    assert other.result(30) == 2
    assert [one.cancelled(), two.cancelled()] == [True, True]


def test_a_cell_that_awaits_nothing_of_the_pool_has_all_calls_stopped(
    pool: WorkerPoolExecutor,
) -> None:
    calls = [pool.submit(wait_for_the_gate, x) for x in range(2)]
    ended = interrupted_cell(lambda: asyncio.sleep(30), 0)
    GATE.set()
    assert ended == (True, "KeyboardInterrupt")
    assert [call.cancelled() for call in calls] == [True, True]
