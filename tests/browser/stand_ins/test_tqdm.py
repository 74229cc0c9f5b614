"""`tqdm.contrib.concurrent.process_map`, as it is, on the pool."""

from __future__ import annotations

import pytest

from tests.support.kernel import Kernel
from tests.support.meeting import MEET
from tests.support.wheels import TQDM, Wheels


@pytest.fixture(scope="module", autouse=True)
def _tqdm(kernel: Kernel, wheels: Wheels) -> None:
    wheels.install(kernel, TQDM)
    kernel.run(MEET)
    kernel.run(
        """
import jupyterlite_pool
jupyterlite_pool.install()
from tqdm import tqdm
from tqdm.contrib.concurrent import process_map
"""
    )


def test_process_map_runs_on_workers_and_shows_its_bar(kernel: Kernel) -> None:
    reply = kernel.run(
        "pids = process_map(meet, ['/drive/bar'] * 2, range(2), [2] * 2, max_workers=2, desc='met')"
    )
    assert "met: 100%" in reply.stderr
    assert "2/2" in reply.stderr
    assert len({*kernel.value("pids"), kernel.value("os.getpid()")}) == 3


def test_process_map_takes_several_iterables_and_chunks(kernel: Kernel) -> None:
    kernel.run("powers = process_map(pow, [2, 3, 4], [5, 2, 1], chunksize=2, max_workers=2)")
    assert kernel.value("powers") == [32, 9, 4]


def test_process_map_raises_what_the_function_raises(kernel: Kernel) -> None:
    error = kernel.fails("process_map(int, ['1', 'x'], max_workers=1)")
    assert "ValueError" in error["ename"]
    assert "invalid literal for int() with base 10: 'x'" in error["evalue"]


def test_tasks_can_have_bars_of_their_own(kernel: Kernel) -> None:
    reply = kernel.run(
        """
def count(x):
    from tqdm import tqdm
    return sum(tqdm(range(x), desc=f"task {x}"))

sums = process_map(count, [3, 4], max_workers=2)
"""
    )
    assert kernel.value("sums") == [3, 6]
    assert "task 3: 100%" in reply.stderr
    assert "task 4: 100%" in reply.stderr


def test_bars_go_on_without_a_pool(kernel: Kernel) -> None:
    reply = kernel.run("total = sum(tqdm(range(10)))")
    assert "10/10" in reply.stderr
    assert kernel.value("total") == 45


def test_process_map_works_though_a_bar_was_shown_before_install(
    fresh_kernel: Kernel, wheels: Wheels
) -> None:
    kernel = fresh_kernel
    wheels.install(kernel, TQDM)
    kernel.run("from tqdm import tqdm\nfor x in tqdm(range(3)): pass")
    # What tqdm keeps once it has found no lock for many processes.
    assert kernel.value("__import__('tqdm').std.TqdmDefaultWriteLock.mp_lock") is None
    kernel.run("import jupyterlite_pool\njupyterlite_pool.install()")
    reply = kernel.run(
        """
from tqdm.contrib.concurrent import process_map

def count(x):
    from tqdm import tqdm
    return sum(tqdm(range(x), desc=f"task {x}"))

sums = process_map(count, [3, 4], max_workers=2, desc="after a bar")
"""
    )
    assert kernel.value("sums") == [3, 6]
    assert "after a bar: 100%" in reply.stderr
    assert "task 4: 100%" in reply.stderr
