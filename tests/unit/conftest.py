"""The shared pool, in this process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from jupyterlite_pool import WorkerPoolExecutor
from jupyterlite_pool.api.history import History
from jupyterlite_pool.api.shared import set_reusable_executor
from jupyterlite_pool.backends.threads import InProcessBackend
from tests.support.gate import GATE


@pytest.fixture(autouse=True)
def _shut() -> Iterator[None]:
    GATE.clear()
    yield
    GATE.set()  # or a task would wait for ever


@pytest.fixture
def pool() -> Iterator[WorkerPoolExecutor]:
    """The shared pool, in this process."""
    executor = WorkerPoolExecutor(backend=InProcessBackend(2))
    set_reusable_executor(executor)
    yield executor
    executor.terminate_workers()
    set_reusable_executor(None)


@pytest.fixture
def history(monkeypatch: pytest.MonkeyPatch) -> History:
    """A history of its own, in the place of the notebook's."""
    mine = History()
    commands = ("commands.pool_command", "commands.completion", "commands.interrupt")
    for module in ("api.history", "api.background", *commands):
        monkeypatch.setattr(f"jupyterlite_pool.{module}.history", mine)
    return mine
