"""The failures of a result, as a mapping that shows itself as a table."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from ..jobs.job import short_arguments
from ..jobs.runs import Runs
from ..tracebacks import error_line, notes_of
from ..wire.exceptions import RemoteTraceback

#: At most this many failures are shown; all of them are in the mapping.
SHOWN = 20

#: Where the results are that an error has left, in its notes.
KEPT = "kept in `jupyterlite_pool.last_result()`"

_HEAD = ("item", "arguments", "error")


class _Row(NamedTuple):
    """One failure as text."""

    item: str
    arguments: str
    error: str


class Failures(dict[int, BaseException]):
    """The exceptions of items, by index; shows itself as a table of items, arguments and errors."""

    def __init__(
        self, failures: Mapping[int, BaseException], arguments: Callable[[int], str]
    ) -> None:
        """Show failures.

        Args:
            arguments: gives the arguments of an item as text.
        """
        super().__init__(sorted(failures.items()))
        self._arguments = arguments

    def __repr__(self) -> str:
        if not self:
            return "no item has failed"
        rows = [_Row(*_HEAD), *self._rows()]
        widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
        lines = [
            f"{row.item:>{widths[0]}}  {row.arguments:<{widths[1]}}  {row.error}" for row in rows
        ]
        return "\n".join([*lines, *self._rest()])

    def _repr_html_(self) -> str:
        """The table as HTML."""
        if not self:
            return "<p>no item has failed</p>"
        head = "".join(f'<th scope="col">{name}</th>' for name in _HEAD)
        rows = "".join(
            "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>"
            for row in self._rows()
        )
        table = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
        return table + "".join(f"<p>{html.escape(line)}</p>" for line in self._rest())

    def __reduce__(self) -> tuple[type, tuple[dict[int, BaseException]]]:
        return dict, (dict(self),)

    def _rows(self) -> Iterator[_Row]:
        for index, error in [*self.items()][:SHOWN]:
            yield _Row(str(index), self._arguments(index), error_line(error))

    def _rest(self) -> list[str]:
        more = len(self) - SHOWN
        return [f"… and {more} more"] if more > 0 else []


def failures_of(runs: Runs) -> Failures:
    """The failures so far of a job and of the items that ran again."""

    def arguments(index: int) -> str:
        try:
            return short_arguments(runs.inputs([index])[0])
        except Exception:  # it has a value meanwhile, and its arguments are not kept
            return "?"

    return Failures(runs.failures, arguments)


def error_text(error: BaseException) -> str:
    """An error with the traceback that it had in its worker, and with the notes that it has."""
    cause = error.__cause__
    text = cause.text.rstrip() if isinstance(cause, RemoteTraceback) else error_line(error)
    notes = [note for note in notes_of(error) if note not in text]
    return "\n".join([text, *notes])


def how_many_failed(runs: Runs) -> str:
    """What a list with exceptions says behind its values; nothing where no item has failed."""
    failed = len(runs.failures)
    return f"  # {failed} of {runs.first.items.total} items failed: see `.failed`" if failed else ""


def what_is_kept(runs: Runs) -> str:
    """What an error has left, and how to have the rest."""
    count = len(runs.values)
    note = ("1 item finished and is " if count == 1 else f"{count} items finished and are ") + KEPT
    if runs.failures:
        return f"{note}; after a correction, its `retry_failed(fn=…)` runs the others"
    return f"{note}; its `retry_failed()` runs the others" if runs.cancelled else note
