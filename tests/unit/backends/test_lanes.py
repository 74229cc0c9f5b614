"""The queue of a backend: sources take turns, each in its own lane."""

from __future__ import annotations

from jupyterlite_pool.backends.base import Terms
from jupyterlite_pool.backends.lanes import Lanes, Queued


def queue(*entries: tuple[int, Terms]) -> Lanes:
    lanes = Lanes()
    for batch, terms in entries:
        lanes.push(Queued(batch, b"", [], [], terms))
    return lanes


def order(lanes: Lanes, worker: int = 0) -> list[int]:
    """The batches in the order in which a worker would get them."""
    taken = []
    while (entry := lanes.next_targeted([worker]) or lanes.next(lambda _: True)) is not None:
        taken.append(entry.batch)
    return taken


def lane(number: int, *, first: bool = False) -> Terms:
    return Terms(lane=number, first=first)


def test_in_a_lane_it_is_first_in_first_out() -> None:
    assert order(queue((1, lane(5)), (2, lane(5)), (3, lane(5)))) == [1, 2, 3]


def test_lanes_take_turns() -> None:
    lanes = queue((1, lane(5)), (2, lane(5)), (3, lane(5)), (4, lane(6)), (5, lane(6)))
    assert order(lanes) == [1, 4, 2, 5, 3]


def test_what_is_first_goes_before_its_own_lane_alone() -> None:
    lanes = queue((1, lane(5)), (2, lane(6)), (3, lane(6, first=True)))
    assert order(lanes) == [1, 3, 2]


def test_a_lane_that_may_not_run_holds_up_no_other() -> None:
    lanes = queue((1, lane(5)), (2, lane(6)))
    taken = lanes.next(lambda terms: terms.lane != 5)
    assert taken is not None
    assert taken.batch == 2
    assert lanes.next(lambda terms: terms.lane != 5) is None
    assert order(lanes) == [1]


def test_a_target_comes_before_all_lanes_and_at_its_worker_alone() -> None:
    lanes = queue((1, lane(5)), (2, Terms(target=7)))
    assert order(lanes, 8) == [1]
    assert order(lanes, 7) == [2]


def test_a_batch_is_removed_once() -> None:
    lanes = queue((1, lane(5)), (2, Terms(target=7)), (3, lane(5)))
    assert [lanes.remove(batch) for batch in (1, 2, 3, 3, 9)] == [True, True, True, False, False]
    assert order(lanes) == []


def test_what_waits_for_a_worker_goes_with_it_and_nothing_else() -> None:
    lanes = queue((1, lane(5)), (2, Terms(target=7)), (3, Terms(target=8)))
    lanes.forget(7)
    assert order(lanes, 7) == [1]
    assert order(lanes, 8) == [3]
