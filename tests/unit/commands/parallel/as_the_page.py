"""Runs cells in parallel as the page does, with a worker that is this process."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import inspect
import io
import pickle
import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from jupyterlite_pool.commands.parallel.run import NeedsNotebookError, Run
from jupyterlite_pool.wire.buffers import in_heap
from jupyterlite_pool.wire.calls import decode_function, encode_function
from jupyterlite_pool.wire.payload import decode, encode
from jupyterlite_pool.worker.notebook_cell import Brought, NotebookCell

#: Chooses one of several places.
Choose = Callable[[Sequence[int]], int]


class RefusedError(Exception):
    """The run has ended with an error that says that values would be wrong."""


class Outcome:
    """What running cells has given."""

    def __init__(self) -> None:
        self.names: dict[str, Any] = {"__name__": "__main__"}
        #: What each cell has printed.
        self.printed: dict[int, str] = {}
        #: The cells that workers have run.
        self.moved: set[int] = set()
        #: The cell that has failed, with its error.
        self.failed: tuple[int, BaseException] | None = None


def one_by_one(cells: Sequence[str], names: dict[str, Any] | None = None) -> Outcome:
    """As *Run All*."""
    outcome = Outcome()
    outcome.names.update(names or {})
    for place, cell in enumerate(cells):
        try:
            outcome.printed[place] = printed(partial(exec, cell, outcome.names))
        except Exception as error:
            outcome.failed = place, error
            break
    return outcome


class _Page:
    """Starts cells when those before them have ended."""

    def __init__(self, cells: Sequence[str], outcome: Outcome) -> None:
        self.run = Run(cells, outcome.names)
        self._outcome = outcome
        self._waiting = set(range(len(cells)))
        self._ended: set[int] = set()
        self._again: set[int] = set()
        #: What runs on the worker, as it was sent.
        self._sent: dict[int, tuple[NotebookCell, Any]] = {}

    def possible(self) -> list[int]:
        """The cells that may start or end now."""
        failed = self._outcome.failed
        first_again = min(self._again & self._waiting, default=len(self.run.steps))
        return [
            *(
                place
                for place in sorted(self._waiting)
                if place <= first_again
                and self._before(place) <= self._ended
                and (failed is None or place < failed[0])
            ),
            *sorted(self._sent),
        ]

    def _before(self, place: int) -> set[int]:
        return set(range(place) if place in self._again else self.run.steps[place].after)

    def go_on(self, place: int) -> None:
        """Start a cell, or end one that is on the worker."""
        if place in self._sent:
            self._end(place)
            return
        self._waiting.remove(place)
        self.run.begins(place)
        if self.run.steps[place].on_worker and place not in self._again:
            try:
                body = self.run.body(place, f"<cell {place}>", {})
                self._sent[place] = body, encode_function(body)
            except (NeedsNotebookError, pickle.PicklingError):
                self._put_off(place)
            return
        names, cell = self._outcome.names, self.run.sources[place]
        try:
            self._outcome.printed[place] = printed(partial(exec, cell, names))
            self._ended.add(place)
        except Exception as error:
            self._fail(place, error)

    def _put_off(self, place: int) -> None:
        self._again.add(place)
        self._waiting.add(place)

    def _end(self, place: int) -> None:
        body, sent = self._sent.pop(place)
        try:
            shown, brought = on_worker(sent, self._outcome.names)
        except Exception as error:
            self._fail(place, error)
            return
        answer = self.run.take(place, body, brought)
        if answer.state == "again":
            self._put_off(place)
        elif answer.state == "failed":
            self._fail(place, RefusedError(answer.why))
        else:
            self._outcome.printed[place] = shown
            self._outcome.moved.add(place)
            self._ended.add(place)

    def _fail(self, place: int, error: Exception) -> None:
        if self._outcome.failed is None or place < self._outcome.failed[0]:
            self._outcome.failed = place, error


def in_parallel(
    cells: Sequence[str], choose: Choose, names: dict[str, Any] | None = None
) -> Outcome:
    """As *Run All Cells in Parallel*: whatever may happen next happens in the order of `choose`."""
    outcome = Outcome()
    outcome.names.update(names or {})
    page = _Page(cells, outcome)
    while possible := page.possible():
        page.go_on(choose(possible))
    page.run.settle()
    return outcome


@contextlib.contextmanager
def with_own_classes(names: dict[str, Any]) -> Iterator[None]:
    """Let what happens to the notebook's classes be as if it happened in another process."""
    kept = [
        (value, name, each, copy.copy(each))
        for value in names.values()
        if isinstance(value, type) and value.__module__ == "__main__"
        for name, each in vars(value).items()
        if isinstance(each, (int, list))
    ]
    try:
        yield
    finally:
        for cls, name, each, before in kept:
            setattr(cls, name, each)
            if isinstance(each, list) and isinstance(before, list):
                each[:] = before


def on_worker(sent: Any, names: dict[str, Any]) -> tuple[str, Brought]:
    """Run a cell as a worker does; returns what it has printed, and what it brings.

    Args:
        names: the notebook's variables.
    """
    body = decode_function(*sent[:2])
    given: list[Any] = []

    def call() -> None:
        value = body(None)
        given.append(asyncio.run(value) if inspect.iscoroutine(value) else value)

    with with_own_classes(names):
        shown = printed(call)
        payload, buffers, _ = encode(given[0], classes_first=True)
    brought: Brought = decode(payload, in_heap(buffers))
    return shown, brought


def printed(action: Callable[[], object]) -> str:
    stream = io.StringIO()
    with contextlib.redirect_stdout(stream):
        action()
    return stream.getvalue()


def text(value: object) -> str:
    """The beginning of a value as text, which does not depend on where it is in memory."""
    return re.sub("0x[0-9a-f]+", "", repr(value))[:60]
