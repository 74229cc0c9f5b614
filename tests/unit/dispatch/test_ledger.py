"""Batches are known from their submission until they are over."""

from __future__ import annotations

from jupyterlite_pool.dispatch.ledger import Ledger
from tests.unit.dispatch.stubs import Source, task


def ledger() -> Ledger:
    return Ledger()


def test_numbers_of_batches_and_of_tasks_are_given_once() -> None:
    entries = ledger()
    first = entries.enter(Source(), [task(0), task(1)], None)
    entries.remove(first)
    second = entries.enter(Source(), [task(2)], None)
    assert (first.number, first.first) == (0, 0)
    assert (second.number, second.first) == (1, 2)


def test_a_batch_is_known_until_it_is_over() -> None:
    entries = ledger()
    batch = entries.enter(Source(), [task()], None)
    assert entries.get(batch.number) is batch
    entries.remove(batch)
    assert entries.get(batch.number) is None


def test_only_batches_without_a_target_are_open() -> None:
    entries = ledger()
    anywhere = entries.enter(Source(), [task()], None)
    aimed = entries.enter(Source(), [task()], 3)
    assert entries.open_batches() == [anywhere]
    assert entries.open == 1
    assert entries.all() == [anywhere, aimed]
    entries.remove(aimed)
    assert entries.open == 1
    entries.remove(anywhere)
    assert entries.open == 0


def test_a_source_is_told_of_the_end_of_what_a_worker_had() -> None:
    entries, source = ledger(), Source()
    never_started, started = (entries.enter(source, [task()], None) for _ in range(2))
    entries.start(started, 0)
    entries.remove(never_started)
    assert source.log == ["started"]
    entries.remove(started)
    assert source.log == ["started", "stopped"]


def test_a_task_is_found_at_its_own_worker_alone() -> None:
    entries, source = ledger(), Source()
    own = task()
    batch = entries.enter(source, [own], None)
    entries.start(batch, 1)
    assert entries.find(1, batch.first) == (source, own)
    assert entries.find(0, batch.first) is None
    assert entries.find(1, batch.first + 1) is None
