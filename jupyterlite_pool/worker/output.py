"""Text that a task prints, on its way to the cell that started the task."""

from __future__ import annotations

import io
from collections.abc import Callable
from time import monotonic

#: Seconds between two posts of a task that prints all the time.
INTERVAL = 0.02

#: How many posts a task may make at once after it has printed nothing for a while. So the lines of
#: a task that prints now and then appear immediately.
BURST = 10

#: If a task has printed this many characters, they are posted at once.
LIMIT = 8192

#: This many characters are posted although their line has no end yet.
LONGEST_LINE = 1 << 20


class TaskStream(io.TextIOBase):
    """A text stream that posts whole lines, and the rest at the end of the task."""

    #: As in the notebook. Libraries such as tqdm ask for it, to know which characters they may use.
    encoding = "utf-8"

    def __init__(self, post: Callable[[str], None], clock: Callable[[], float] = monotonic):
        super().__init__()
        self._other: TaskStream | None = None
        self._post = post
        self._clock = clock
        #: Text that was written and not posted.
        self.held: list[str] = []
        #: How many characters that is.
        self._size = 0
        #: How many posts the task may make, and when that was so.
        self._credit, self._at = float(BURST), clock()

    def pair_with(self, other: TaskStream) -> None:
        """Keep the order of what a task writes to two streams, `stdout` and `stderr`."""
        self._other = other
        other._other = self

    def writable(self) -> bool:
        """True."""
        return True

    def write(self, text: str) -> int:
        """Hold the text, and post it if a post is due."""
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        if self._other is not None and self._other.held:
            self._other.flush()
        self.held.append(text)
        self._size += len(text)
        if "\n" in text and (self._is_due() or self._size >= LIMIT):
            self._post_lines()
        if self._size >= LONGEST_LINE:
            self.flush()
        return len(text)

    def _is_due(self) -> bool:
        now = self._clock()
        self._credit = min(BURST, self._credit + (now - self._at) / INTERVAL)
        self._at = now
        return self._credit >= 1

    def flush(self) -> None:
        """Post all text that is held."""
        held, self.held, self._size = self.held, [], 0  # other threads of the task may print
        text = "".join(held)
        if text:
            self._send(text)

    def _post_lines(self) -> None:
        held, self.held = self.held, []
        lines, newline, rest = "".join(held).rpartition("\n")
        if rest:
            self.held.insert(0, rest)
        self._size = len(rest)
        self._send(lines + newline)

    def _send(self, text: str) -> None:
        self._credit = max(0.0, self._credit - 1)
        self._post(text)
