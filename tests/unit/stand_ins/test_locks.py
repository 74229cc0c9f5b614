"""Locks of a notebook and its workers; the browser's part is seen in a browser."""

from __future__ import annotations

import pickle

import pytest

from jupyterlite_pool.errors import BlockingUnavailableError
from jupyterlite_pool.stand_ins import locks as _locks
from jupyterlite_pool.stand_ins.locks import Lock, RLock


def test_a_lock_that_is_sent_is_the_same_lock() -> None:
    lock = RLock()
    assert pickle.loads(pickle.dumps(lock)) is lock


def test_a_worker_has_one_lock_however_often_it_is_sent() -> None:
    lock = Lock()
    sent = pickle.dumps(lock)
    name = lock._name
    del lock
    first, second = pickle.loads(sent), pickle.loads(sent)
    assert first is second
    assert type(first) is Lock
    assert first._name == name


def test_two_locks_are_two() -> None:
    assert Lock()._name != Lock()._name


def test_a_lock_that_is_not_held_cannot_be_given_back() -> None:
    with pytest.raises(ValueError, match="released too many times"):
        Lock().release()


def test_where_python_cannot_wait_there_is_no_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_locks, "can_block", lambda: False)
    with pytest.raises(BlockingUnavailableError, match="no lock in f"):
        Lock().acquire(block=False)
