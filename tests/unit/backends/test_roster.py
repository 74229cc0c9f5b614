"""The bookkeeping that all backends need."""

from __future__ import annotations

import pytest

from jupyterlite_pool.backends.base import Terms
from jupyterlite_pool.backends.lanes import Queued
from jupyterlite_pool.backends.roster import Assignment, Roster


@pytest.fixture
def roster() -> Roster[str]:
    """Two workers that are ready."""
    roster: Roster[str] = Roster(2)
    for number, name in enumerate(["first", "second"]):
        roster.add(number, name)
    for number in (1, 0):
        roster.set_ready(number)
    return roster


def queue(roster: Roster[str], *batches: int, target: int | None = None, needs: str = "") -> None:
    for batch in batches:
        roster.queue(Queued(batch, b"", [], list(needs), Terms(target)))


def assigned(roster: Roster[str]) -> list[tuple[str, int]]:
    """Assign all that can be assigned now; returns the workers and their batches."""
    pairs = []
    while (given := roster.assign()) is not None:
        pairs.append((given.worker, given.queued.batch))
    return pairs


def test_each_idle_worker_gets_one_batch_in_the_order_of_the_queue(roster: Roster[str]) -> None:
    queue(roster, 10, 11, 12)
    assert assigned(roster) == [("first", 10), ("second", 11)]
    roster.finish(1)
    assert assigned(roster) == [("second", 12)]


def test_a_worker_gets_nothing_until_the_listener_knows_of_it(roster: Roster[str]) -> None:
    roster.resize(3)
    roster.add(2, "third")
    queue(roster, 10, 11, 12)
    assert ("third", 12) not in assigned(roster)
    roster.set_ready(2)
    assert assigned(roster) == [("third", 12)]


def test_a_target_goes_first_and_to_its_worker_alone(roster: Roster[str]) -> None:
    queue(roster, 10, 11)
    queue(roster, 20, 21, target=1)
    assert assigned(roster) == [("second", 20), ("first", 10)]
    roster.finish(0)
    roster.finish(1)
    assert assigned(roster) == [("second", 21), ("first", 11)]


def test_the_worker_that_was_at_work_last_goes_on(roster: Roster[str]) -> None:
    queue(roster, 10, 11)
    assert assigned(roster) == [("first", 10), ("second", 11)]
    roster.finish(0)
    roster.finish(1)
    queue(roster, 12)
    assert assigned(roster) == [("second", 12)]
    roster.finish(1)
    queue(roster, 13)
    assert assigned(roster) == [("second", 13)]


def test_a_lane_has_no_more_workers_than_it_may(roster: Roster[str]) -> None:
    terms = Terms(lane=5, max_workers=1)
    for batch in (10, 11, 12):
        roster.queue(Queued(batch, b"", [], [], terms))
    assert assigned(roster) == [("first", 10)]
    roster.remove(0)  # its batch is over, too
    assert assigned(roster) == [("second", 11)]
    roster.finish(1)
    assert assigned(roster) == [("second", 12)]


def test_a_worker_that_ends_at_work_has_no_batch_any_more(roster: Roster[str]) -> None:
    queue(roster, 10)
    assert assigned(roster) == [("first", 10)]
    assert not roster.idle()
    roster.remove(0)
    assert roster.running(10) is None
    assert roster.idle()


def test_what_was_meant_for_a_worker_goes_with_it(roster: Roster[str]) -> None:
    queue(roster, 20, target=1)
    roster.remove(1)
    assert not roster.withdraw(20)
    assert assigned(roster) == []


def test_a_batch_is_withdrawn_only_while_it_waits(roster: Roster[str]) -> None:
    queue(roster, 10, 11, 12)
    assert assigned(roster) == [("first", 10), ("second", 11)]
    assert roster.withdraw(12)
    assert not roster.withdraw(12)
    assert not roster.withdraw(10)
    member = roster.running(10)
    assert member is not None
    assert member.worker == "first"
    assert roster.runs(0, 10)
    assert not roster.runs(1, 10)


def test_a_batch_whose_object_is_gone_keeps_no_other_one_waiting(roster: Roster[str]) -> None:
    roster.put("f", b"f", [])
    roster.queue(Queued(10, b"", [], ["f"]))
    queue(roster, 11)
    roster.drop("f")
    assert assigned(roster) == [("first", 11)]
    assert roster.bereft() == [10]
    assert roster.bereft() == []


def keys(given: Assignment[str] | None) -> list[str]:
    assert given is not None
    return [stored.key for stored in given.objects]


def test_a_worker_is_sent_each_object_once_in_the_order_in_which_it_is_needed(
    roster: Roster[str],
) -> None:
    roster.remove(1)
    for key in "abc":
        roster.put(key, key.encode(), [])
    queue(roster, 10, needs="ba")
    queue(roster, 11, needs="abc")
    assert keys(roster.assign()) == ["b", "a"]
    roster.finish(0)
    assert keys(roster.assign()) == ["c"]


def test_an_object_that_is_dropped_is_dropped_where_it_is_held(roster: Roster[str]) -> None:
    roster.put("a", b"", [])
    queue(roster, 10, needs="a")
    roster.assign()
    assert roster.drop("a") == ["first"]
    assert roster.drop("a") == []


def test_missing_and_surplus_workers_follow_the_size(roster: Roster[str]) -> None:
    assert (roster.missing(), roster.surplus()) == (0, [])
    roster.resize(4)
    assert roster.missing() == 2
    roster.resize(1)
    queue(roster, 10)
    assert assigned(roster) == [("first", 10)]
    assert roster.surplus() == [1]  # the other one is busy
    roster.remove(1)
    assert (roster.missing(), roster.surplus()) == (0, [])
    roster.remove(0)
    assert roster.missing() == 1


def test_batches_with_a_target_do_not_wear_a_worker_out(roster: Roster[str]) -> None:
    roster.limit(2)
    queue(roster, 20, 21, 22, target=0)
    for _ in range(3):
        roster.assign()
        assert not roster.finish(0)
    queue(roster, 10, 11)
    roster.remove(1)
    roster.assign()
    assert not roster.finish(0)
    roster.assign()
    assert roster.finish(0)


def test_the_states_of_workers(roster: Roster[str]) -> None:
    roster.resize(3)
    roster.add(2, "third")
    queue(roster, 10)
    roster.assign()
    assert [member.state for member in roster.members()] == ["busy", "idle", "starting"]
    assert roster.clear() == ["first", "second", "third"]
    assert 0 not in roster
    roster.set_ready(0)  # it said so late
    assert assigned(roster) == []
