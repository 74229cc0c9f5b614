"""Events of the pool become calls of the listener; Python objects stand in for JavaScript's."""

from __future__ import annotations

import asyncio
import importlib
import sys
from array import array
from collections.abc import Iterator
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from jupyterlite_pool.backends.base import WorkerEnd

PACKAGE = "jupyterlite_pool.backends.pyodide"

#: Stands for JavaScript's null.
NULL = object()


class Proxy:
    """A function that was handed to JavaScript."""

    def __init__(self, function: Any) -> None:
        self.function = function
        self.destroyed = False

    def destroy(self) -> None:
        self.destroyed = True


class Value:
    """An array or a buffer of JavaScript's."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def to_py(self) -> Any:
        return self._value

    def to_bytes(self) -> Any:
        return self._value


class Heard:
    """A listener that notes what it is told, and fails at some of it."""

    def __init__(self, failing: tuple[Any, ...] = ()) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.failing = failing

    def __getattr__(self, name: str) -> Any:
        def call(*args: Any) -> None:
            self.calls.append((name, *args))
            if (name, *args) == self.failing:
                raise RuntimeError("of a test")

        return call


@pytest.fixture
def events(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The events of a pool, not connected yet."""
    ffi: Any = ModuleType("pyodide.ffi")
    ffi.create_proxy, ffi.jsnull, ffi.to_js = Proxy, NULL, list
    js: Any = ModuleType("js")
    js.Object = SimpleNamespace(fromEntries=lambda pairs: SimpleNamespace(**dict(pairs)))
    modules = {"js": js, "pyodide": ModuleType("pyodide"), "pyodide.ffi": ffi}
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)
    yield importlib.import_module(f"{PACKAGE}.events").PoolEvents()
    for name in ("events", "js"):
        sys.modules.pop(f"{PACKAGE}.{name}", None)


def test_each_event_is_one_call(events: Any) -> None:
    heard = Heard()
    told = events.connect(heard)
    end = SimpleNamespace(reason="fatal", message="a crash", status=NULL, running=2, memory=5)
    result = SimpleNamespace(
        kind="result", batch=7, payload=Value(b"results"), buffers=("a", "b"), done=False
    )
    failed = SimpleNamespace(kind="error", batch=8, type="E", message="m", traceback="t")
    for event in (
        SimpleNamespace(type="starting", worker=0),  # of no interest
        SimpleNamespace(type="ready", worker=0),
        SimpleNamespace(type="expired", worker=0, batch=7),
        SimpleNamespace(type="cancelled", batch=11, taken=True),
        SimpleNamespace(type="frame", worker=0, frame=result),
        SimpleNamespace(type="frame", worker=0, frame=failed),
        SimpleNamespace(
            type="frame",
            worker=0,
            frame=SimpleNamespace(kind="output", task=3, stream="stdout", text="x"),
        ),
        SimpleNamespace(
            type="ended", worker=0, end=end, batch=NULL, behind=Value([9]), untaken=Value([10])
        ),
        SimpleNamespace(type="limited", workers=1),
        SimpleNamespace(type="broken", message="no worker"),
    ):
        told.event.function(event)
    assert heard.calls == [
        ("on_worker_ready", 0),
        ("on_expired", 0, 7),
        ("on_cancelled", 11, True),
        ("on_result", 0, 7, b"results", ["a", "b"], False),
        ("on_batch_error", 0, 8, "E", "m", "t"),
        ("on_output", 0, 3, "stdout", "x"),
        ("on_worker_ended", 0, None, WorkerEnd("fatal", "a crash", None, 2, 5), [9], [10]),
        ("on_limited", 1),
        ("on_broken", "no worker"),
    ]


WORDS = [0, 5, -1, 0, 0, 5, 3, 0, 0, 5, 2, 1]
GATHERED = Value(array("i", [len(WORDS), *WORDS]).tobytes() + b"onetw")
READY = SimpleNamespace(type="ready", worker=1)


def test_gathered_events_are_told_one_by_one(events: Any) -> None:
    heard = Heard()
    events.connect(heard).gathered.function(GATHERED)
    assert heard.calls == [
        ("on_dispatched", 0, 5),
        ("on_result", 0, 5, b"one", (), False),
        ("on_result", 0, 5, b"tw", (), True),
    ]


def test_the_end_of_a_lane_is_told_to_whoever_wants_to_know(events: Any) -> None:
    told: list[str] = []
    events.connect(Heard())
    events.lane_limits[3] = lambda: told.append("expired")
    events.lane_cancels[3] = lambda: told.append("cancelled")
    for kind in ("laneCancelled", "laneCancelled", "laneExpired"):
        events.hear(SimpleNamespace(type=kind, lane=3))
        events.hear(SimpleNamespace(type=kind, lane=4))  # of nobody
    assert told == ["cancelled", "expired"]


def test_a_listener_that_fails_is_told_the_rest(
    events: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    heard = Heard(failing=("on_dispatched", 0, 5))
    events.connect(heard)
    events.hear_gathered(GATHERED)
    events.hear(READY)
    assert [name for name, *_ in heard.calls] == [
        "on_dispatched",
        "on_result",
        "on_result",
        "on_worker_ready",
    ]
    assert "RuntimeError: of a test" in capsys.readouterr().err


def test_a_listener_that_ends_the_pool_is_told_nothing_more(events: Any) -> None:
    class Ending(Heard):
        def on_dispatched(self, *args: Any) -> None:
            events.mute()

    heard = Ending()
    events.connect(heard)
    events.hear_gathered(GATHERED)
    events.hear(READY)
    assert heard.calls == []


def test_javascript_is_let_go_of_after_the_call_that_runs(events: Any) -> None:
    async def disconnect() -> Any:
        told = events.connect(Heard())
        events.disconnect()
        assert [told.event.destroyed, told.gathered.destroyed] == [False, False]
        await asyncio.sleep(0)
        return told

    told = asyncio.run(disconnect())
    assert [told.event.destroyed, told.gathered.destroyed] == [True, True]


def test_a_pool_that_never_started_has_nothing_to_let_go_of(events: Any) -> None:
    events.mute()
    events.disconnect()
