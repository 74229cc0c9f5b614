"""`multiprocessing.Lock` and `RLock` between a notebook and its workers."""

from __future__ import annotations

import pytest

from tests.support.kernel import Kernel


@pytest.fixture(scope="module", autouse=True)
def _locks(kernel: Kernel) -> None:
    kernel.run(
        """
import jupyterlite_pool, multiprocessing, os, time
from jupyterlite_pool import WorkerPoolExecutor, current_worker
jupyterlite_pool.install()
executor = WorkerPoolExecutor(2)
executor.run_everywhere(abs, 0)  # both are up
"""
    )


def test_one_worker_at_a_time_has_a_lock(kernel: Kernel) -> None:
    # Each stands in the room for a moment, and would meet the other there.
    kernel.run(
        """
def enter(lock, room):
    with lock:
        others = os.listdir(room)
        mine = f"{room}/{current_worker().id}"
        open(mine, "w").close()
        time.sleep(0.01)
        others += [name for name in os.listdir(room) if name != str(current_worker().id)]
        os.remove(mine)
    return others, current_worker().id

os.makedirs("/drive/room", exist_ok=True)
lock = multiprocessing.Lock()
met = list(executor.map(enter, [lock] * 20, ["/drive/room"] * 20))
"""
    )
    others, workers = zip(*kernel.value("met"), strict=True)
    assert others == ([],) * 20
    assert len(set(workers)) == 2


def test_a_lock_that_a_worker_has_is_not_to_be_had_in_the_kernel(kernel: Kernel) -> None:
    kernel.run(
        """
def keep(lock):
    lock.acquire()

def give_back(lock):
    lock.release()

lock = multiprocessing.get_context("spawn").Lock()
with WorkerPoolExecutor(1) as own:
    own.submit(keep, lock).result()
    taken = [lock.acquire(block=False), lock.acquire(timeout=0.05)]
    own.submit(give_back, lock).result()
    taken.append(lock.acquire(timeout=30))
lock.release()
"""
    )
    assert kernel.value("taken") == [False, False, True]


def test_a_worker_that_dies_gives_its_lock_back(kernel: Kernel) -> None:
    kernel.run(
        """
def die(lock):
    lock.acquire()
    os.abort()

lock = multiprocessing.Lock()
error = executor.submit(die, lock).exception()
again = lock.acquire(timeout=30)
lock.release()
"""
    )
    assert kernel.value("[type(error).__name__, again]") == ["TerminatedWorkerError", True]


def test_whoever_has_an_rlock_can_take_it_again(kernel: Kernel) -> None:
    kernel.run(
        """
def is_free(lock, timeout):
    if lock.acquire(timeout=timeout):
        lock.release()
        return True
    return False

lock = multiprocessing.RLock()
free = []
with lock:
    with lock:
        free.append(executor.submit(is_free, lock, 0.05).result())
    free.append(executor.submit(is_free, lock, 0.05).result())
free.append(executor.submit(is_free, lock, 30).result())
"""
    )
    assert kernel.value("free") == [False, False, True]
    assert "ValueError" in kernel.fails("lock.release()")["ename"]
