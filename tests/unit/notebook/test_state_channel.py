"""When a page is told of the state, and when no longer."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from jupyterlite_pool.notebook.state_channel import PATIENCE, REPEAT, SOONEST, StateChannel


class Time:
    """Time that a test lets pass."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.calls: list[tuple[float, Callable[[], None]]] = []

    def now(self) -> float:
        return self.seconds

    def call_later(self, seconds: float, action: Callable[[], None]) -> None:
        self.calls.append((self.seconds + seconds, action))

    def pass_by(self, seconds: float) -> None:
        """Let time pass, with all that happens meanwhile."""
        until = self.seconds + seconds
        while due := [call for call in self.calls if call[0] <= until]:
            first = min(due, key=lambda call: call[0])
            self.calls.remove(first)
            self.seconds = first[0]
            first[1]()
        self.seconds = until


class Sent:
    """A comm that keeps what it sends."""

    def __init__(self) -> None:
        self.states: list[Any] = []
        self.answers: list[Any] = []
        self.closed = False
        self.broken = False

    def send(self, message: dict[str, str]) -> None:
        if self.broken:
            raise RuntimeError("nobody is there")
        data = json.loads(message["json"])
        (self.states if "state" in data else self.answers).append(data)

    def close(self) -> None:
        self.closed = True


class Setting:
    """A channel, with all that it needs."""

    def __init__(self) -> None:
        self.time = Time()
        self.comms: dict[str, list[Sent]] = {}
        self.takes = 0
        #: Whether there is something new each time.
        self.changing = True
        self.channel = StateChannel(self.take, self.open, self.time)

    def take(self) -> dict[str, Any]:
        self.takes += 1
        return {"take": self.takes if self.changing else 0}

    def open(self, name: str) -> Sent:
        comm = Sent()
        self.comms.setdefault(name, []).append(comm)
        return comm


@pytest.fixture
def setting() -> Setting:
    return Setting()


def test_nothing_is_looked_at_before_somebody_looks(setting: Setting) -> None:
    setting.time.pass_by(60)
    assert setting.takes == 0
    assert setting.comms == {}


def test_a_viewer_is_told_at_once_and_at_most_ten_times_a_second(setting: Setting) -> None:
    setting.channel.look("a", 0.0)
    [comm] = setting.comms["a"]
    assert len(comm.states) == 1
    setting.time.pass_by(1)
    assert 9 <= len(comm.states) <= 1 + 1 / SOONEST
    assert setting.takes == len(comm.states)


def test_a_viewer_that_looks_again_and_again_is_not_told_more_often(setting: Setting) -> None:
    for _ in range(100):
        setting.channel.look("a", 0.0)
        setting.time.pass_by(0.01)
    assert len(setting.comms["a"][0].states) <= 1 + 1 / SOONEST


def test_an_unchanged_state_is_only_repeated_now_and_then(setting: Setting) -> None:
    setting.changing = False
    setting.channel.look("a", 0.1)
    setting.time.pass_by(REPEAT * 3 + 0.5)
    assert len(setting.comms["a"][0].states) == 4


def test_who_says_nothing_for_long_looks_no_longer(setting: Setting) -> None:
    setting.channel.look("a", 0.1)
    setting.time.pass_by(PATIENCE + 1)
    [comm] = setting.comms["a"]
    assert comm.closed
    assert not setting.channel.watched
    takes = setting.takes
    setting.time.pass_by(60)
    assert setting.takes == takes
    assert setting.time.calls == []
    # It may look again later.
    setting.channel.look("a", 0.1)
    assert len(setting.comms["a"]) == 2
    assert setting.comms["a"][1].states


def test_each_viewer_has_its_own_pace(setting: Setting) -> None:
    setting.channel.look("slow", 1.0)
    setting.channel.look("quick", 0.1)
    setting.time.pass_by(3.05)
    [slow], [quick] = setting.comms["slow"], setting.comms["quick"]
    assert len(slow.states) == 4
    assert len(quick.states) > 20


def test_a_viewer_that_cannot_be_reached_costs_no_other_one(setting: Setting) -> None:
    setting.channel.look("gone", 0.1)
    setting.channel.look("there", 0.1)
    setting.comms["gone"][0].broken = True
    setting.time.pass_by(1)
    assert setting.comms["gone"][0].closed
    assert len(setting.comms["there"][0].states) >= 9


def test_a_look_that_fails_is_not_the_last_one(
    setting: Setting, monkeypatch: pytest.MonkeyPatch
) -> None:
    setting.channel.look("a", 0.1)
    take = setting.take
    with monkeypatch.context() as context:
        context.setattr(setting.channel, "_take", lambda: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            setting.time.pass_by(0.15)
    assert setting.channel._take == take
    setting.time.pass_by(1)
    assert len(setting.comms["a"][0].states) >= 9


def test_an_answer_goes_to_who_has_asked(setting: Setting) -> None:
    setting.channel.look("a", 1.0)
    setting.channel.look("b", 1.0)
    setting.channel.answer("b", 7, {"value": "text"})
    setting.channel.answer("nobody", 8, {"value": "text"})
    assert setting.comms["a"][0].answers == []
    assert setting.comms["b"][0].answers == [{"answer": 7, "value": {"value": "text"}}]
