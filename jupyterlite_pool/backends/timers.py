"""Timers of a backend that has threads: one thread for all of them."""

from __future__ import annotations

import heapq
import itertools
import threading
import time
import traceback
from collections.abc import Callable

#: Seconds that the thread waits for another timer before it ends.
LINGER = 1.0


class Clock:
    """Calls short actions at their times. An action must not wait: others would come late."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        #: When to call what, the next one first. The second number keeps the order of equals.
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        self._called_off: set[int] = set()
        self._running = False

    def call_later(self, seconds: float, action: Callable[[], None]) -> Callable[[], None]:
        """Call an action after some seconds; returns a function that cancels the call."""
        number = next(self._numbers)
        with self._changed:
            heapq.heappush(self._timers, (time.monotonic() + seconds, number, action))
            if not self._running:
                self._running = True
                threading.Thread(target=self._run, name="pool clock", daemon=True).start()
            self._changed.notify()

        def call_off() -> None:
            with self._changed:
                if any(known == number for _, known, _ in self._timers):
                    self._called_off.add(number)

        return call_off

    def _run(self) -> None:
        while (action := self._next()) is not None:
            try:
                action()
            except Exception:  # the other timers go on
                traceback.print_exc()

    def _next(self) -> Callable[[], None] | None:
        """Wait for the next action; None if there has been none for a while."""
        with self._changed:
            while True:
                while self._timers and self._timers[0][1] in self._called_off:
                    self._called_off.discard(heapq.heappop(self._timers)[1])
                if not self._timers:
                    if not self._changed.wait(LINGER) and not self._timers:
                        self._running = False
                        return None
                    continue
                left = self._timers[0][0] - time.monotonic()
                if left <= 0:
                    return heapq.heappop(self._timers)[2]
                self._changed.wait(left)
