"""What the times of all runs of a job say."""

from __future__ import annotations

from jupyterlite_pool.jobs.insights import insights_of
from jupyterlite_pool.jobs.timings import Timings


def timings(*rows: tuple[int | None, list[int], list[float]], working: float = 10.0) -> Timings:
    made = Timings()
    for worker, items, seconds in rows:
        made.add(worker, items, seconds, [1] * len(items))
    made.working = lambda: working  # type: ignore[method-assign]
    return made


def same(item: int) -> int:
    return item


def test_all_runs_count() -> None:
    first = timings((1, [0, 1], [4.0, 5.0]), (2, [2], [6.0]))
    again = timings((3, [0], [9.0]), working=10.0)
    said = insights_of([(first, same), (again, lambda item: 2 + item)])
    assert said.items == 4
    assert said.workers == 3
    assert said.seconds == 20.0
    assert said.busy == 24.0 / 30.0
    assert said.slowest == [(2, 9.0), (1, 5.0), (0, 4.0)]


def test_a_run_without_workers_takes_none_of_their_time() -> None:
    here = timings((None, [0], [5.0]))
    said = insights_of([(here, same), (timings((1, [0], [5.0])), same)])
    assert (said.items, said.workers, said.seconds, said.busy) == (1, 1, 10.0, 0.5)
    assert str(insights_of([(here, same)])) == "No item has run on a worker."


def test_it_reads_like_sentences() -> None:
    one = insights_of([(timings((1, [7], [5.0])), same)])
    assert str(one) == "1 item ran on 1 worker in 10 s, and it was busy 50% of that time."
    more = insights_of([(timings((1, [7, 8], [5.0, 4.5]), (2, [9], [7.7])), same)])
    assert str(more) == (
        "3 items ran on 2 workers in 10 s, and they were busy 86% of that time. "
        "The slowest items were 9 (7.7 s), 7 (5 s) and 8 (4.5 s)."
    )
