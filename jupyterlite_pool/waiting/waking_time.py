"""Time limits that count only while the notebook is awake.

A browser freezes tabs in the background, and a laptop sleeps. Then neither the notebook nor its
workers run, and the time must not count. So a limit is a chain of short timers, which are called
beats here. If a beat ends much too late, the notebook was not awake, and the beat counts with its
own length only. `labextension/src/pool/wakingTime.ts` has the same rule.
"""

from __future__ import annotations

import time
from collections.abc import Callable

#: Calls an action after some seconds; returns a function that cancels the call.
CallLater = Callable[[float, Callable[[], None]], Callable[[], None]]

#: How many beats a limit has.
BEATS = 20

#: Seconds of the longest beat. A limit of hours has more beats than `BEATS`.
LONGEST = 5.0

#: So few seconds count as none: the clock may not even show them.
NOTHING = 1e-6


def call_after_beats(
    call_later: CallLater,
    seconds: float,
    action: Callable[[], None],
    clock: Callable[[], float] = time.monotonic,
) -> Callable[[], None]:
    """Call `action` after some seconds in which the notebook is awake.

    Returns a function that cancels the call. A pause costs the limit at most one beat.
    """
    limit = _Limit(call_later, seconds, action, clock)
    limit.next()
    return limit.call_off


class _Limit:
    """One time limit."""

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
        """Start the next beat, or end the limit."""
        if self._called_off:
            return
        if self._left <= NOTHING:
            self._action()
            return
        step = min(self._beat, self._left)
        asked = self._clock()

        def beat() -> None:
            # Every timer is a little late. Only a longer delay is a pause.
            passed = self._clock() - asked
            self._left -= passed if passed < 2 * step else step
            self.next()

        self._call_off_beat = self._call_later(step, beat)

    def call_off(self) -> None:
        """Never call the action."""
        self._called_off = True
        self._call_off_beat()
