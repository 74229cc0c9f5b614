"""The time zone, which Python and C look up once, at their start: a restored worker has another's.

What fields a local time has is asked of the browser each time; the names and differences that are
kept here are those of the machine that made the snapshot.
"""

from __future__ import annotations

import time
from typing import NamedTuple


class TimeZone(NamedTuple):
    """What `time` says of it."""

    tzname: tuple[str, str]
    timezone: int
    altzone: int
    daylight: int


#: What C has been pointed to must stay where it is.
_kept: list[object] = []


def read() -> TimeZone:
    """The time zone of this interpreter."""
    return TimeZone(time.tzname, time.timezone, time.altzone, time.daylight)


def apply(zone: TimeZone) -> None:
    """Put a time zone into force. Where it is the same already, nothing is done."""
    if read() == zone:
        return
    for name, value in zone._asdict().items():
        setattr(time, name, value)
    # C has the names that `strftime` and `localtime` give; Pyodide has no `time.tzset`.
    import ctypes

    c = ctypes.CDLL(None)
    names = (ctypes.c_char_p * 2).in_dll(c, "tzname")
    names[:] = [name.encode() for name in zone.tzname]
    _kept.append(names)
    ctypes.c_long.in_dll(c, "timezone").value = zone.timezone
    ctypes.c_int.in_dll(c, "daylight").value = zone.daylight
