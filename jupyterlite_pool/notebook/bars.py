"""The bars of a pool's timeline, as columns that the page reads (`timeline/decode.ts`)."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from ..jobs.work_log import Running, Stretch, Work, WorkLog

#: An answer has at most this many bars; the page asks again for the others.
AT_ONCE = 20_000


class Laid(NamedTuple):
    """A stretch with the time of its end, as far as that is known."""

    end: float
    stretch: Stretch


def bars_of(log: WorkLog, running: Iterable[Running], since: int = 0) -> dict[str, Any]:
    """What a page has not seen so far of a pool's work.

    Args:
        log: the pool's log.
        running: what its workers do now.
        since: what the last answer had as `next`; 0 for the first question.

    Returns:
        A dictionary that can be written as JSON. All times are seconds since the log began, but
        for `micros`, which are microseconds.

        - `log`: the name of the log; an answer of another one replaces all that came before.
        - `now`, `next`, and `more`: whether there are more bars already.
        - `forgotten`: how many bars are not remembered any more.
        - `works`: the number of a job, and the name of its function, that the others mention.
        - `stretches`: columns, a row for each stretch of a worker. `worker` is -1 for the
          notebook, `work` is -1 for none, and `first` is -1 where the numbers of the items do not
          follow one another and are in `items`.
        - `items` and `micros`: the items of all stretches, and what each took.
        - `running`: columns, a row for each worker that does something now.
        - `workers`: the number of each, when it was ready, and when it ended or None.
    """
    since = since if since <= log.next else 0
    unseen = log.since(since)
    stretches = _first(unseen)
    works: dict[Work, int] = {}
    begun_at = log.begun_at
    said: dict[str, Any] = {
        "log": log.name,
        "now": _seconds(time.monotonic() - begun_at),
        "next": max(since, log.forgotten) + len(stretches),
        "more": len(stretches) < len(unseen),
        "forgotten": log.forgotten_tasks,
        **_columns(_laid(stretches), works, begun_at),
    }
    said["running"] = _running(running, works, begun_at)
    said["works"] = [[work.job, work.label] for work in works]
    said["workers"] = [
        [
            number,
            _seconds(life.ready - begun_at),
            None if life.ended is None else _seconds(life.ended - begun_at),
        ]
        for number, life in log.lives.items()
    ]
    return said


def _columns(laid: Iterable[Laid], works: dict[Work, int], begun_at: float) -> dict[str, Any]:
    """Stretches in columns, with their items and what each took."""
    names = ("worker", "end", "work", "kind", "state", "count", "first")
    columns: dict[str, list[Any]] = {name: [] for name in names}
    items: list[int] = []
    micros: list[int] = []
    for end, stretch in laid:
        columns["worker"].append(-1 if stretch.worker is None else stretch.worker)
        columns["end"].append(_seconds(end - begun_at))
        columns["work"].append(_place(works, stretch.work))
        columns["kind"].append(int(stretch.kind))
        columns["state"].append(int(stretch.state))
        columns["count"].append(len(stretch.items))
        columns["first"].append(_items(stretch, items))
        micros += [round(took * 1e6) for took in stretch.seconds]
    return {"stretches": columns, "items": items, "micros": micros}


def _first(stretches: Sequence[Stretch]) -> Sequence[Stretch]:
    """As many of the first stretches as an answer has room for."""
    bars = 0
    for count, stretch in enumerate(stretches):
        bars += len(stretch.items)
        if bars > AT_ONCE and count:
            return stretches[:count]
    return stretches


def _laid(stretches: Sequence[Stretch]) -> list[Laid]:
    """Stretches with their ends, so that none of a worker lies over another one.

    A notebook that computes hears late of what has ended, and then of much at once.
    """
    laid: list[Laid] = []
    begins: dict[int | None, float] = {}
    for stretch in reversed(stretches):
        end = min(stretch.ended, begins.get(stretch.worker, stretch.ended))
        begins[stretch.worker] = end - sum(stretch.seconds)
        laid.append(Laid(end, stretch))
    return laid[::-1]


def _items(stretch: Stretch, items: list[int]) -> int:
    """The number of the first item of a stretch; -1 where all numbers are added to `items`."""
    own, work = stretch.items, stretch.work
    if work is None or work.numbers is None:
        if own[-1] - own[0] == len(own) - 1 and list(own) == list(range(own[0], own[-1] + 1)):
            return own[0]
        items += own
    else:
        items += [work.number(item) for item in own]
    return -1


def _running(
    running: Iterable[Running], works: dict[Work, int], begun_at: float
) -> dict[str, list[Any]]:
    columns: dict[str, list[Any]] = {
        name: [] for name in ("worker", "begin", "work", "kind", "item")
    }
    for each in running:
        columns["worker"].append(each.worker)
        columns["begin"].append(_seconds(each.begun - begun_at))
        columns["work"].append(_place(works, each.work))
        columns["kind"].append(int(each.kind))
        columns["item"].append(0 if each.work is None else each.work.number(each.item))
    return columns


def _place(works: dict[Work, int], work: Work | None) -> int:
    """The place of a work in the table; it is added if it is not there yet."""
    if work is None:
        return -1
    plain = work._replace(numbers=None)  # a list cannot be looked up
    return works.setdefault(plain, len(works))


def _seconds(seconds: float) -> float:
    return round(seconds, 6)
