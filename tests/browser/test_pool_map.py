"""`pool_map` in a real kernel, on real workers."""

from __future__ import annotations

from tests.support.kernel import Kernel


def test_results_come_in_order(kernel: Kernel) -> None:
    kernel.run("from jupyterlite_pool import pool_map, get_reusable_executor, current_worker")
    assert kernel.value("list(pool_map(lambda x: x * x, range(10)))") == [x * x for x in range(10)]


def test_2000_tiny_tasks_keep_their_order(kernel: Kernel) -> None:
    assert kernel.value("list(pool_map(lambda x: x, range(2000))) == list(range(2000))")
