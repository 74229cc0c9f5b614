"""Time limits count only while the notebook is awake."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable

import pytest

from jupyterlite_pool.waiting.waking_time import BEATS, LONGEST, call_after_beats


class Browser:
    """Timers and a clock. While the browser is frozen, only the clock goes on."""

    def __init__(self) -> None:
        self.now = 0.0
        self.frozen = 0.0
        self.pauses = 0
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0
        self.made = 0

    def call_later(self, seconds: float, action: Callable[[], None]) -> Callable[[], None]:
        self._count += 1
        self.made += 1
        timer = (self.now + seconds, self._count, action)
        heapq.heappush(self._timers, timer)
        return lambda: self._timers.remove(timer)

    def run(self, seconds: float) -> None:
        end = self.now + seconds
        while self._timers and self._timers[0][0] <= end:
            at, _, action = heapq.heappop(self._timers)
            self.now = max(self.now, at)
            action()
        self.now = end

    def freeze(self, seconds: float) -> None:
        self.now += seconds
        self.frozen += seconds
        self.pauses += 1

    def limit(self, seconds: float) -> tuple[list[float], Callable[[], None]]:
        ended: list[float] = []
        call_off = call_after_beats(
            self.call_later, seconds, lambda: ended.append(self.now), lambda: self.now
        )
        return ended, call_off


@pytest.mark.parametrize("seconds", [0.01, 1.0, 30.0, 7200.0])
def test_a_limit_ends_when_it_should(seconds: float) -> None:
    browser = Browser()
    ended, _ = browser.limit(seconds)
    browser.run(seconds * 0.999)
    assert ended == []
    browser.run(seconds)
    assert ended == [pytest.approx(seconds)]
    assert browser.made <= max(BEATS, seconds / LONGEST) + 2


def test_a_limit_that_is_called_off_never_ends() -> None:
    browser = Browser()
    ended, call_off = browser.limit(1)
    browser.run(0.5)
    call_off()
    browser.run(10)
    assert ended == []


@pytest.mark.parametrize("pause", [3600.0, 72 * 3600.0])
def test_the_time_in_which_nothing_ran_does_not_count(pause: float) -> None:
    browser = Browser()
    ended, _ = browser.limit(10)
    for _ in range(3):
        browser.run(2)
        browser.freeze(pause)
    browser.run(2)
    assert ended == []
    browser.run(2)
    assert len(ended) == 1
    waking = ended[0] - 3 * pause
    assert 8 <= waking <= 10


def test_in_three_days_with_500_pauses_no_limit_ends_early_or_late() -> None:
    browser, rng = Browser(), random.Random(72)
    seen = 0

    def open_limit(seconds: float) -> None:
        began, before = browser.now - browser.frozen, browser.pauses

        def ended() -> None:
            nonlocal seen
            seen += 1
            awake = browser.now - browser.frozen - began
            # A pause costs at most the beat that it falls into.
            early = (browser.pauses - before) * min(seconds / BEATS, LONGEST)
            assert seconds - early <= awake + 1e-6
            assert awake <= seconds + 1e-6

        call_after_beats(browser.call_later, seconds, ended, lambda: browser.now)

    for _ in range(500):
        open_limit(rng.choice([0.5, 30, 600, 3600]))
        browser.run(rng.uniform(0, 300))
        browser.freeze(rng.uniform(5, 732))
    assert browser.now > 72 * 3600
    browser.run(3600)
    assert seen == 500


def test_a_timer_that_is_a_little_late_counts_in_full() -> None:
    browser = Browser()
    ended, _ = browser.limit(1)
    while not ended:
        browser.freeze(0.02)  # less than a beat
        browser.run(0.03)
    assert ended[0] <= 1.1
