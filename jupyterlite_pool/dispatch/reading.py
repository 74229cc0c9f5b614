"""Reads and checks the results that a worker sends."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Any

from ..errors import RemoteUnpicklingError
from ..wire.exceptions import decode_error
from ..wire.protocol import FAILED, PLAIN, ResultItem
from ..wire.results import read_value, split_results
from .batch import Batch


def read_results(
    entry: Batch, payload: bytes, buffers: Sequence[Any], done: bool
) -> tuple[Sequence[Any], dict[int, BaseException], Sequence[float]]:
    """Read the results of some tasks of a batch.

    Returns:
        Their values, their errors by place, and the seconds that each took.

    Raises:
        ValueError: no worker of ours sends such results.
    """
    items = split_results(payload)
    missing = len(entry.tasks) - len(items)
    if done and missing and not entry.cancelling:  # nobody has told it to start no more
        raise ValueError(f"it said that it was done without results of {missing} tasks")
    if not items:
        return (), {}, ()
    try:
        numbers, kinds, payloads, counts, seconds = zip(*items, strict=True)
        wanted, _ = sum(counts), sum(seconds)
    except (TypeError, ValueError) as error:
        raise ValueError("it sent something that is no result") from error
    # Results come in the order of the tasks.
    due = range(entry.first, entry.first + len(items))
    if missing < 0 or numbers != tuple(due):
        wrong = [number for number, own in zip(numbers, due, strict=True) if number != own]
        raise ValueError(
            f"it sent a result of task {[*wrong, numbers[-1]][0]}, whose turn it was not"
        )
    if wanted != len(buffers):
        raise ValueError(f"it sent results with {len(buffers)} buffers instead of {wanted}")
    if kinds.count(PLAIN) == len(kinds):
        return payloads, {}, seconds
    rest = iter(buffers)
    read = [read_result(item, list(islice(rest, item[3]))) for item in items]
    errors = {place: error for place, (_, error) in enumerate(read) if error is not None}
    return [value for value, _ in read], errors, seconds


def read_result(item: ResultItem, buffers: Sequence[Any]) -> tuple[Any, BaseException | None]:
    """The value of a task, or its error."""
    _, kind, payload, _, _ = item
    try:
        if kind == FAILED:
            return None, decode_error(payload)
        return read_value(item, buffers), None
    except BaseException as cause:
        error = RemoteUnpicklingError(
            f"the result could not be read in the notebook: {type(cause).__name__}: {cause}"
        )
        error.__cause__ = cause
        return None, error
