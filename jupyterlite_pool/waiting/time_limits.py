"""Time limits that count only the time in which the notebook is awake.

The same rule as `labextension/src/pool/beats.ts`, where it is explained.
"""

from __future__ import annotations

import time
from collections.abc import Callable

#: Calls an action after some seconds; returns what calls it off.
CallLater = Callable[[float, Callable[[], None]], Callable[[], None]]

#: A limit is so many beats; what comes late by a beat or more is not counted.
BEATS = 20

#: Seconds of the longest beat: a limit of hours need not beat more often.
LONGEST = 5.0

#: Seconds that are nothing: so few that a timer may end at the instant at which it began.
NOTHING = 1e-6


def call_after_beats(
    call_later: CallLater,
    seconds: float,
    action: Callable[[], None],
    clock: Callable[[], float] = time.monotonic,
) -> Callable[[], None]:
    """Call `action` after some seconds of waking time; returns what calls it off.

    A tab that was frozen and a laptop that slept have run nothing meanwhile, workers included.
    """
    limit = _Limit(call_later, seconds, action, clock)
    limit.next()
    return limit.call_off


class _Limit:
    """A chain of timers."""

    def __init__(
        self,
        call_later: CallLater,
        seconds: float,
        action: Callable[[], None],
        clock: Callable[[], float],
    ) -> None:
        self._call_later = call_later
        self._beat = min(seconds / BEATS, LONGEST)
        self._left = seconds
        self._action = action
        self._clock = clock
        self._called_off = False
        self._call_off_beat: Callable[[], None] = lambda: None

    def next(self) -> None:
        """Wait for one more beat, or be over."""
        if self._called_off:
            return
        if self._left <= NOTHING:
            self._action()
            return
        step = min(self._beat, self._left)
        asked = self._clock()

        def beat() -> None:
            # A timer is a little late by itself; only what is more than that is a pause.
            passed = self._clock() - asked
            self._left -= passed if passed < 2 * step else step
            self.next()

        self._call_off_beat = self._call_later(step, beat)

    def call_off(self) -> None:
        """It will not be called."""
        self._called_off = True
        self._call_off_beat()
