"""How long calls of each function take, so that brief ones may travel together.

A job has one function, and knows that of it. A queue of calls has many, and sees each of them
again.
"""

from __future__ import annotations

from .chunks import BRIEF_SECONDS, WEIGHT

#: A function counts as brief after this many of its calls: the first ones import what they need.
ENOUGH = 8

#: Seconds of a call that is long. A function that has had one may have another, so it does not
#: count as brief before this many calls that are not.
LONG, CALM = 0.02, 1000

#: This many functions are remembered, those that were called last.
MOST_FUNCTIONS = 64


class Paces:
    """Remembers how long calls of each function took lately."""

    def __init__(self) -> None:
        """Begin without measurements."""
        #: The running mean of each function, in seconds, and how many calls it is of.
        self._means: dict[str, tuple[float, int]] = {}

    def note(self, function: str, seconds: float) -> None:
        """A call of a function took this many seconds on its worker."""
        mean, count = self._means.pop(function, (seconds, 0))
        count = ENOUGH - CALM if seconds > LONG else count + 1
        self._means[function] = mean + WEIGHT * (seconds - mean), count
        if len(self._means) > MOST_FUNCTIONS:
            del self._means[next(iter(self._means))]

    def is_brief(self, function: str) -> bool:
        """Whether to send a call of a function takes longer than to run it, as far as is known."""
        mean, count = self._means.get(function, (0.0, 0))
        return count >= ENOUGH and mean <= BRIEF_SECONDS
