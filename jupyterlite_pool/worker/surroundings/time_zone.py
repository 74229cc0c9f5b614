"""The names and offsets of the time zone, in a worker that was restored from a snapshot.

Python and C look them up once, when they start. So a restored worker has those of the machine that
made the snapshot, and gets the notebook's instead. Local times themselves need no help: for them
Python asks the browser each time.
"""

from __future__ import annotations

import sys
import time
from typing import NamedTuple


class TimeZone(NamedTuple):
    """The attributes of `time` that describe a time zone."""

    tzname: tuple[str, str]
    timezone: int
    altzone: int
    daylight: int


#: Memory that C points to. It must never be freed.
_kept: list[object] = []


def read() -> TimeZone:
    """The time zone of this interpreter."""
    return TimeZone(time.tzname, time.timezone, time.altzone, time.daylight)


def apply(zone: TimeZone) -> None:
    """Give this interpreter a time zone, unless it has that time zone already."""
    if hasattr(time, "tzset"):  # it follows the variable `TZ`, which a worker has by now
        time.tzset()
        return
    if read() == zone or sys.platform != "emscripten":
        return
    for name, value in zone._asdict().items():
        setattr(time, name, value)
    # `strftime` and `localtime` take the names from C, and Pyodide has no `time.tzset`.
    import ctypes

    c = ctypes.CDLL(None)
    names = (ctypes.c_char_p * 2).in_dll(c, "tzname")
    names[:] = [name.encode() for name in zone.tzname]
    _kept.append(names)
    ctypes.c_long.in_dll(c, "timezone").value = zone.timezone
    ctypes.c_int.in_dll(c, "daylight").value = zone.daylight
