"""Runs small tasks one after the other, with as little as possible between them.

Most small tasks are calls with plain arguments that give plain values. What a runner does around
each task takes several times as long as such a call. So it is done once for a loop of them, and
each task keeps what it cannot do without: its number, its time, and a record of its result at once.
"""

from __future__ import annotations

import marshal
from collections.abc import Callable, Sequence
from contextvars import Context
from time import perf_counter
from typing import Any, NamedTuple
from zlib import crc32

from ..wire.buffers import OUT_OF_BAND_BYTES
from ..wire.payload import ATOMS
from ..wire.protocol import LOG_BYTES, PLAIN
from ..wire.results import PIECES, results_end
from .interruption import Interruption
from .open_figures import end_of_task
from .result_log import END_BYTES, PLACE, USED, ResultLog, Written

#: A loop of fewer tasks is not worth its beginning.
FEWEST = 4

#: Longer texts are no plain values.
MOST_TEXT = OUT_OF_BAND_BYTES - 1


class End(NamedTuple):
    """Where a loop has ended: at a task whose result is not in the log, or between two."""

    #: The place of the next task in its batch, or of the one whose result is not in the log.
    place: int
    #: When the task before that has ended.
    now: float
    #: Whether the task of that place has run.
    ran: bool = False
    value: Any = None
    error: BaseException | None = None


def run_quick_loop(
    function: Callable[..., Any],
    calls: Sequence[tuple[Any, ...] | bytes],
    first: int,
    begin: End,
    until: float,
    context: Context,
    log: ResultLog,
    begin_task: Callable[[int], None],
    interruption: Interruption,
) -> End:
    """Call a function with one call after the other, and keep the results in a log.

    It ends at the first task that needs more: that fails, gives no plain value, or leaves something
    to be done. It also ends after a task that changes its context, which all tasks share.

    Args:
        first: the number of the task whose place is 0.
        begin: where to begin.
        until: when to begin no further task.
        context: the one in which this is called.
        begin_task: notes what task begins.
    """
    # As `ResultLog.add`, but with nothing looked up twice: this is most of what is done for a task.
    state, view, dump, plain = log.state, log.view, marshal.dumps, ATOMS
    count, checksum, end = log.written
    before = context.copy()
    place, started = begin.place, begin.now
    try:
        for place in range(begin.place, len(calls)):
            call = calls[place]
            if type(call) is not tuple:
                return End(place, started)
            state[PLACE], task = place, first + place
            begin_task(task)
            interruption.allowed = True
            value = function(*call)
            interruption.allowed = False
            kind = type(value)
            if kind not in plain or end_of_task or (kind is str and len(value) > MOST_TEXT):
                return End(place, started, True, value)
            now = perf_counter()
            record = dump((task, PLAIN, value, 0, now - started), PIECES)
            used = end + len(record) + END_BYTES
            if used > LOG_BYTES:
                return End(place, started, True, value)
            count += 1
            checksum = crc32(record, checksum)
            view[end:used] = record + results_end(count, checksum)
            state[USED] = used
            end = used - END_BYTES
            started = now
            if now >= until or context != before:
                return End(place + 1, now)
        return End(len(calls), started)
    except BaseException as error:  # a task may raise SystemExit and KeyboardInterrupt, too
        interruption.allowed = False
        return End(place, started, True, error=error)
    finally:
        log.written = Written(count, checksum, end)
