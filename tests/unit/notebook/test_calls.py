"""The card of the calls that a cell submits."""

from __future__ import annotations

import re
import threading
import time
from typing import Any

import pytest

from jupyterlite_pool import WorkerPoolExecutor
from jupyterlite_pool.backends.threads import InProcessBackend
from jupyterlite_pool.jobs.call_queue import CallQueue
from jupyterlite_pool.jobs.tasks import Held, Outcome, Task
from jupyterlite_pool.notebook.card import IDLE_LOOKS, show_calls
from jupyterlite_pool.notebook.face import WIDGET
from jupyterlite_pool.notebook.page import NEVER, buttons, page
from jupyterlite_pool.waiting.futures import PoolFuture
from jupyterlite_pool.wire.calls import AS_THEY_ARE

from .conftest import FakePool, Shown, widget_of

CELL, OTHER = object(), object()

#: Opened where calls are to end. Workers in this process read the notebook's own.
GATE = threading.Event()


def wait(value: int) -> int:
    """Wait until the gate is open."""
    from tests.unit.notebook.test_calls import GATE

    GATE.wait(10)
    return value


class Calls:
    """A queue whose calls a test makes and ends."""

    def __init__(self, pool: FakePool, **options: Any) -> None:
        self.queue = CallQueue()
        show_calls(self.queue, pool, **options)
        self.futures: list[PoolFuture[Any]] = []

    def submit(self, count: int = 1, cell: object = CELL, name: str = "f", size: int = 1) -> None:
        for number in range(count):
            task = Task(0, Held(), AS_THEY_ARE, (number,) * size, cell=cell)
            self.futures.append(PoolFuture(name=name))
            self.queue.add(task, self.futures[-1])

    def start(self) -> Task:
        [task] = self.queue.take(2)
        self.queue.started([task])
        return task

    def finish(self, count: int = 1, error: Exception | None = None) -> None:
        for _ in range(count):
            self.queue.finish(self.start(), Outcome(0, 0.1, 1, error))


def text(notebook: Shown) -> str:
    return str(notebook.displays[-1][0]["text/plain"])


def drawn(notebook: Shown) -> str:
    """What the widget shows."""
    return str(widget_of(notebook).children[0].value)


def settle(pool: FakePool) -> None:
    """Let a card notice that there is nothing to do any more."""
    for _ in range(IDLE_LOOKS + 1):
        pool.tick()
    assert pool.later == []


def test_many_calls_have_one_card(notebook: Shown) -> None:
    pool = FakePool()
    calls = Calls(pool)
    calls.submit(10)
    assert len(pool.later) == 1, "there is one timer, however many calls there are"
    assert pool.tick() == page.progress_after
    assert re.match(r"f: running at [\d:]+ · 0/10 ", text(notebook))
    calls.finish(4)
    pool.running = {1: calls.start()}
    pool.tick()
    assert "4/10" in drawn(notebook)
    assert 'title="1 running"' in drawn(notebook)
    calls.queue.finish(pool.running[1], Outcome(1, 0.1, 1))
    pool.running = {}
    calls.finish(5)
    settle(pool)
    assert text(notebook).startswith("f: done · 10/10")
    assert [update for _, update in notebook.displays].count(False) == 1


def test_short_calls_have_no_card(notebook: Shown) -> None:
    pool = FakePool()
    calls = Calls(pool)
    for _ in range(3):
        calls.submit()
        calls.finish()
    assert len(pool.later) == 1
    pool.tick()
    assert (notebook.displays, pool.later) == ([], [])
    calls.submit()
    assert len(pool.later) == 1, "the next one is watched again"


def test_one_call_after_the_other_has_one_card(notebook: Shown) -> None:
    pool = FakePool()
    calls = Calls(pool)
    calls.submit()
    pool.tick()
    calls.finish()
    pool.tick()
    calls.submit()  # before the card has noticed
    pool.tick()
    calls.finish()
    settle(pool)
    assert text(notebook).startswith("f: done · 2/2")
    calls.submit()  # after it has ended
    pool.tick()
    # A notebook that was opened again meanwhile shows the first display's widget: that goes on.
    shown = {data[WIDGET]["model_id"] for data, _ in notebook.displays if WIDGET in data}
    assert len(shown) == 1
    assert "running" in drawn(notebook)
    calls.finish()
    settle(pool)
    assert text(notebook).startswith("f: done · 3/3")
    assert [update for _, update in notebook.displays].count(False) == 1


def test_each_cell_has_a_card_of_its_own(notebook: Shown) -> None:
    pool = FakePool()
    calls = Calls(pool)
    calls.submit(2)
    calls.submit(3, cell=OTHER, name="g")
    pool.tick()
    pool.tick()
    lines = [data["text/plain"] for data, update in notebook.displays if not update]
    assert [line.split(" ·")[1].strip() for line in lines] == ["0/2", "0/3"]
    assert [line[0] for line in lines] == ["f", "g"]


def test_failures_are_counted_and_named(notebook: Shown) -> None:
    pool = FakePool()
    calls = Calls(pool)
    calls.submit(3)
    pool.tick()
    calls.finish()
    calls.finish(error=ValueError("one"))
    calls.finish()
    settle(pool)
    assert text(notebook).startswith("f: done, with failures · 2/3")
    row = "<td>1</td><td>1</td><td>ValueError: one</td>"
    assert row in notebook.displays[-1][0]["text/html"]


def test_the_button_cancels_the_calls_of_the_cell(
    notebook: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "widgets", True)
    pool = FakePool()
    calls = Calls(pool)
    calls.submit(3)
    calls.submit(cell=OTHER)
    pool.tick()
    [press] = buttons.values()
    press()
    assert [future.cancelled() for future in calls.futures] == [True, True, True, False]
    pool.later.pop(0)  # the card of the other cell
    pool.tick()
    assert "cancelling" in drawn(notebook)
    calls.start()  # the one of the other cell: the others are left out
    settle(pool)
    assert text(notebook).startswith("f: cancelled · 0/3")
    assert "3 cancelled" in text(notebook)


def test_nobody_knows_how_many_calls_joblib_will_make(notebook: Shown) -> None:
    pool = FakePool()
    calls = Calls(pool, counted=False, size=lambda task: len(task.args))
    calls.submit(2, size=5)
    pool.tick()
    calls.finish()
    calls.finish(error=ValueError("x"))
    assert "0 so far" in text(notebook)
    settle(pool)
    assert text(notebook).startswith("f: failed · 5/10")
    assert "1 failed · 4 cancelled" in text(notebook)


def test_lost_calls_have_failed(notebook: Shown) -> None:
    pool = FakePool()
    calls = Calls(pool)
    calls.submit(2)
    pool.tick()
    calls.queue.broken(RuntimeError("gone"))
    settle(pool)
    assert text(notebook).startswith("f: failed · 0/2")


def test_calls_that_nobody_shows_are_not_watched(notebook: Shown, monkeypatch: Any) -> None:
    pool = FakePool()
    calls = Calls(pool)
    calls.submit(cell=None)  # outside of cells
    monkeypatch.setattr(page, "progress_after", float(NEVER))
    calls.submit(cell=OTHER)
    assert pool.later == []


def test_functions_are_named(notebook: Shown) -> None:
    pool = FakePool()
    calls = Calls(pool)
    for name in ("batch_execute_tasks", "f", "g", "f"):
        calls.submit(name=name)
    pool.tick()
    assert text(notebook).startswith("Dask and 2 more: ")


def test_a_map_of_an_executor_has_a_card_unless_it_is_not_to(
    notebook: Shown, monkeypatch: Any
) -> None:
    monkeypatch.setattr(page, "progress_after", 0.0)
    for progress, cards in ((None, 1), (False, 0)):
        notebook.displays.clear()
        with WorkerPoolExecutor(1, backend=InProcessBackend(1), progress=progress) as executor:
            GATE.clear()
            values = executor.map(wait, [1, 2])
            deadline = time.monotonic() + 10
            while cards and not notebook.displays:
                assert time.monotonic() < deadline
                time.sleep(0.001)
            GATE.set()
            assert list(values) == [1, 2]
            # What is read as values are asked for has no card.
            assert list(executor.map(wait, iter([3]), buffersize=1)) == [3]
        shown = [data["text/plain"] for data, update in notebook.displays if not update]
        assert [line[:4] for line in shown] == ["wait"] * cards
