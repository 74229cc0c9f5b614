"""`loop.run_in_executor` of an event loop that ignores executors, as Pyodide's does."""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from jupyterlite_pool.waiting import run_in_executor as _loop
from jupyterlite_pool.waiting.run_in_executor import install_run_in_executor


class Loop(asyncio.SelectorEventLoop):
    """An event loop that calls functions at once."""

    def run_in_executor(  # type: ignore[override]
        self, executor: object, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        future = self.create_future()
        future.set_result(("here", func(*args)))
        return future


class Ours(concurrent.futures.Executor):
    """An executor that tells which calls came to it."""

    def submit(  # type: ignore[override]
        self, fn: Callable[..., Any], /, *args: Any
    ) -> concurrent.futures.Future[Any]:
        future: concurrent.futures.Future[Any] = concurrent.futures.Future()
        future.set_result(("submitted", fn(*args)))
        return future


@pytest.fixture
def loop(monkeypatch: pytest.MonkeyPatch) -> Iterator[Loop]:
    monkeypatch.setattr(_loop, "IN_BROWSER", True)
    monkeypatch.setattr(Loop, "run_in_executor", Loop.run_in_executor)
    loop = Loop()
    asyncio.set_event_loop(loop)
    yield loop
    asyncio.set_event_loop(None)
    loop.close()


def test_calls_go_to_an_executor_of_ours(loop: Loop) -> None:
    install_run_in_executor(Ours)
    install_run_in_executor(Ours)  # every pool calls it
    done = loop.run_in_executor(Ours(), pow, 2, 3)
    assert loop.run_until_complete(done) == ("submitted", 8)


def test_other_calls_stay_with_the_loop(loop: Loop) -> None:
    install_run_in_executor(Ours)
    installed = vars(Loop)["run_in_executor"]
    install_run_in_executor(Ours)
    assert vars(Loop)["run_in_executor"] is installed
    done = loop.run_in_executor(None, pow, 2, 3)
    assert loop.run_until_complete(done) == ("here", 8)


def test_ordinary_python_keeps_its_own_loops() -> None:
    before = asyncio.BaseEventLoop.run_in_executor
    install_run_in_executor(Ours)
    assert asyncio.BaseEventLoop.run_in_executor is before
