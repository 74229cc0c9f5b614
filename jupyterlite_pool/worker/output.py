"""What a task prints, on its way to the cell that asked for it."""

from __future__ import annotations

import io
from collections.abc import Callable
from time import monotonic

#: Seconds between two posts of a task that prints all the time.
INTERVAL = 0.02

#: So many posts may come at once, of a task that prints now and then: its lines are seen when they
#: are written.
BURST = 10

#: Characters after which a post does not wait.
LIMIT = 8192


class TaskStream(io.TextIOBase):
    """A text stream that posts whole lines, and the rest at the end of the task."""

    #: As the notebook's own: tqdm, for one, asks which characters it may use.
    encoding = "utf-8"

    def __init__(self, post: Callable[[str], None], clock: Callable[[], float] = monotonic):
        super().__init__()
        #: The task's other stream: what was written there before is posted before.
        self.other: TaskStream | None = None
        self._post = post
        self._clock = clock
        #: What was written and not posted.
        self.held: list[str] = []
        self._size = 0
        #: How many posts are due, and when that was.
        self._credit, self._at = float(BURST), clock()

    def writable(self) -> bool:
        """True: the one thing it is for."""
        return True

    def write(self, text: str) -> int:
        """Take text, and post what is due."""
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        if self.other is not None and self.other.held:
            self.other.flush()
        self.held.append(text)
        self._size += len(text)
        if "\n" in text and (self._is_due() or self._size >= LIMIT):
            self._post_lines()
        return len(text)

    def _is_due(self) -> bool:
        now = self._clock()
        self._credit = min(BURST, self._credit + (now - self._at) / INTERVAL)
        self._at = now
        return self._credit >= 1

    def flush(self) -> None:
        """Post all that was written."""
        text = "".join(self.held)
        self.held = []
        self._size = 0
        if text:
            self._send(text)

    def _post_lines(self) -> None:
        lines, newline, rest = "".join(self.held).rpartition("\n")
        self.held = [rest] if rest else []
        self._size = len(rest)
        self._send(lines + newline)

    def _send(self, text: str) -> None:
        self._credit = max(0.0, self._credit - 1)
        self._post(text)
