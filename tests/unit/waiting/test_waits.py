"""Waits of a single thread; an event loop stands in for the browser."""

from __future__ import annotations

import asyncio
import concurrent.futures
import sys
import threading
import time
import types
from collections.abc import Coroutine, Iterator
from typing import Any

import pytest

from jupyterlite_pool.errors import BlockingUnavailableError
from jupyterlite_pool.waiting import suspending_lock
from jupyterlite_pool.waiting import waits as _waits
from jupyterlite_pool.waiting.suspending_lock import SuspendingLock, install_waits
from jupyterlite_pool.waiting.waits import wait_done


@pytest.fixture
def loop(monkeypatch: pytest.MonkeyPatch) -> Iterator[asyncio.AbstractEventLoop]:
    """An event loop, and a `run_sync` that runs it."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)

    def run_sync(coroutine: Coroutine[Any, Any, Any]) -> Any:
        return loop.run_until_complete(coroutine)

    ffi = types.SimpleNamespace(run_sync=run_sync, can_run_sync=lambda: True)
    monkeypatch.setitem(sys.modules, "pyodide", types.SimpleNamespace(ffi=ffi))
    monkeypatch.setitem(sys.modules, "pyodide.ffi", ffi)
    yield loop
    asyncio.set_event_loop(None)
    loop.close()


def test_a_free_lock_is_taken_and_given_back() -> None:
    lock = SuspendingLock()
    assert not lock.locked()
    assert lock.acquire()
    assert lock.locked()
    lock.release()
    assert not lock.locked()
    with lock as taken:
        assert taken
        assert lock.locked()
    assert not lock.locked()


def test_a_taken_lock_is_not_waited_for_where_nobody_wants_to() -> None:
    lock = SuspendingLock()
    lock.acquire()
    assert lock.acquire(blocking=False) is False
    assert lock.acquire(timeout=0) is False


def test_release_of_a_free_lock_is_an_error() -> None:
    with pytest.raises(RuntimeError, match="release unlocked lock"):
        SuspendingLock().release()


def test_a_timeout_without_waiting_is_an_error() -> None:
    with pytest.raises(ValueError, match="non-blocking"):
        SuspendingLock().acquire(False, 1)


def test_where_python_cannot_wait_it_says_what_to_write(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suspending_lock, "can_block", lambda: False)
    lock = SuspendingLock()
    lock.acquire()
    with pytest.raises(BlockingUnavailableError, match=r"asyncio\.wrap_future"):
        lock.acquire()
    lock.release()
    assert not lock.locked()


def test_a_release_hands_the_lock_to_who_waits(loop: asyncio.AbstractEventLoop) -> None:
    lock = SuspendingLock()
    lock.acquire()
    loop.call_soon(lock.release)
    assert lock.acquire() is True
    assert lock.locked()
    lock.release()
    assert not lock.locked()


def test_a_release_before_the_wait_has_begun_counts(loop: asyncio.AbstractEventLoop) -> None:
    lock = SuspendingLock()
    lock.acquire()
    turn = loop.create_future()
    lock._waiting.append(turn)
    lock.release()
    assert loop.run_until_complete(lock._wait_for(turn, None)) is True
    assert lock.locked()


def test_a_wait_ends_with_its_timeout(loop: asyncio.AbstractEventLoop) -> None:
    lock = SuspendingLock()
    lock.acquire()
    assert lock.acquire(timeout=0.001) is False
    lock.release()
    assert not lock.locked()  # the wait that ended did not get the lock


def test_who_has_waited_longest_is_next(loop: asyncio.AbstractEventLoop) -> None:
    lock = SuspendingLock()
    lock.acquire()
    order: list[int] = []

    async def wait(number: int) -> None:
        turn = asyncio.get_running_loop().create_future()
        lock._waiting.append(turn)
        await lock._wait_for(turn, None)
        order.append(number)
        lock.release()

    async def all_of_them() -> None:
        waiting = [asyncio.ensure_future(wait(number)) for number in range(3)]
        await asyncio.sleep(0)
        lock.release()
        await asyncio.gather(*waiting)

    loop.run_until_complete(all_of_them())
    assert order == [0, 1, 2]
    assert not lock.locked()


@pytest.mark.parametrize("handed", [False, True], ids=["before its turn", "in its turn"])
def test_a_wait_that_is_interrupted_gets_no_lock(
    loop: asyncio.AbstractEventLoop, handed: bool
) -> None:
    lock = SuspendingLock()
    lock.acquire()

    async def interrupted() -> None:
        turn = asyncio.get_running_loop().create_future()
        lock._waiting.append(turn)
        waiting = asyncio.ensure_future(lock._wait_for(turn, None))
        await asyncio.sleep(0)
        if handed:
            lock.release()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    loop.run_until_complete(interrupted())
    if not handed:
        lock.release()
    assert not lock.locked()


@pytest.mark.usefixtures("loop")
def test_the_standard_librarys_waits_end_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    lock = SuspendingLock()
    condition = threading.Condition(lock)  # type: ignore[arg-type]
    with condition:
        condition.notify_all()
    assert not lock.locked()


def test_ordinary_python_keeps_its_own_locks() -> None:
    before = vars(threading)["_allocate_lock"]
    install_waits()
    assert vars(threading)["_allocate_lock"] is before


def test_a_browser_gets_the_lock_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suspending_lock, "IN_BROWSER", True)
    monkeypatch.setattr(threading, "_allocate_lock", threading._allocate_lock)  # type: ignore[attr-defined]
    monkeypatch.setattr(time, "sleep", time.sleep)
    install_waits()
    assert isinstance(threading._allocate_lock(), SuspendingLock)  # type: ignore[attr-defined]


def test_a_future_that_is_done_needs_no_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_waits, "can_block", lambda: False)
    future: concurrent.futures.Future[int] = concurrent.futures.Future()
    with pytest.raises(BlockingUnavailableError, match="`await it`"):
        wait_done(future, None, "await it")
    future.set_result(1)
    wait_done(future, None, "await it")


def test_to_look_without_waiting_is_possible_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_waits, "can_block", lambda: False)
    with pytest.raises(TimeoutError):
        wait_done(concurrent.futures.Future(), 0, "await it")


def test_a_future_that_is_late_is_a_timeout() -> None:
    future: concurrent.futures.Future[int] = concurrent.futures.Future()
    with pytest.raises(TimeoutError):
        wait_done(future, 0.001, "")
    assert not future.cancelled()


def promises_of(loop: asyncio.AbstractEventLoop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fake the few names of JavaScript that a wait uses, with an event loop of Python."""

    def with_resolvers() -> types.SimpleNamespace:
        promise = loop.create_future()

        def resolve() -> None:
            if not promise.done():
                promise.set_result(None)

        return types.SimpleNamespace(promise=promise, resolve=resolve)

    fake: Any = types.ModuleType("js")
    fake.Promise = types.SimpleNamespace(withResolvers=with_resolvers)
    fake.setTimeout = lambda action, milliseconds: loop.call_later(milliseconds / 1000, action)
    fake.clearTimeout = asyncio.TimerHandle.cancel
    monkeypatch.setitem(sys.modules, "js", fake)


def test_a_browsers_wait_does_not_cancel_the_work(
    loop: asyncio.AbstractEventLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_waits, "IN_BROWSER", True)
    promises_of(loop, monkeypatch)
    future: concurrent.futures.Future[int] = concurrent.futures.Future()
    with pytest.raises(TimeoutError):
        wait_done(future, 0.001, "")
    assert not future.cancelled()
    loop.call_soon(future.set_result, 1)
    wait_done(future, None, "")
    assert future.result(0) == 1


def test_a_wait_of_a_thread_looks_for_signals_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    # A signal that comes as the wait begins is seen when the thread runs Python again.
    future: concurrent.futures.Future[int] = concurrent.futures.Future()
    waited: list[float | None] = []

    def nothing_comes(futures: object, timeout: float | None) -> None:
        waited.append(timeout)
        if len(waited) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(concurrent.futures, "wait", nothing_comes)
    stopped: list[bool] = []
    with pytest.raises(KeyboardInterrupt):
        wait_done(future, None, "", lambda: stopped.append(True))
    assert waited == [_waits.LOOK_AGAIN] * 3
    assert stopped == [True]


def test_a_wait_of_a_thread_ends_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_waits, "LOOK_AGAIN", 0.001)
    started = time.monotonic()
    with pytest.raises(TimeoutError):
        wait_done(concurrent.futures.Future(), 0.05, "")
    assert time.monotonic() - started >= 0.05
