"""Dask's collections, computed on the pool: an executor is one of the schedulers that it takes."""

from __future__ import annotations

import pytest

from tests.support.kernel import Kernel
from tests.support.meeting import MEET
from tests.support.wheels import COMPILED_FOR_DASK, DASK, Wheels


@pytest.fixture(scope="module", autouse=True)
def _dask(kernel: Kernel, wheels: Wheels) -> None:
    wheels.install(kernel, *DASK)
    wheels.install_pure(kernel, COMPILED_FOR_DASK)
    kernel.run(MEET)
    kernel.run(
        """
import dask, os
import dask.bag
from jupyterlite_pool import WorkerPoolExecutor
executor = WorkerPoolExecutor(2)
"""
    )


def test_delayed_calls_run_at_the_same_time(kernel: Kernel) -> None:
    kernel.run(
        """
met = [dask.delayed(meet)("/drive/delayed", number, 2) for number in range(2)]
[pids] = dask.compute(met, scheduler=executor)
"""
    )
    assert len({*kernel.value("pids"), kernel.value("os.getpid()")}) == 3


def test_a_graph_of_calls_has_the_right_value(kernel: Kernel) -> None:
    kernel.run(
        """
@dask.delayed
def add(a, b):
    return a + b

level = [dask.delayed(pow)(x, 2) for x in range(16)]
while len(level) > 1:
    level = [add(a, b) for a, b in zip(level[::2], level[1::2])]
total = level[0].compute(scheduler=executor)
"""
    )
    assert kernel.value("total") == sum(x * x for x in range(16))


def test_a_bag_is_computed_by_the_workers(kernel: Kernel) -> None:
    kernel.run(
        """
bag = dask.bag.from_sequence(range(100), npartitions=8)
odd = bag.map(lambda x: x**2).filter(lambda x: x % 2)
answers = dask.compute(odd.sum(), odd.count(), bag.map(lambda x: x % 3).frequencies(),
                       scheduler=executor)
pids = bag.map_partitions(lambda part: [os.getpid()]).distinct().compute(scheduler=executor)
"""
    )
    squares = [x * x for x in range(100) if x % 2]
    assert kernel.value("answers") == [sum(squares), 50, [[0, 34], [1, 33], [2, 33]]]
    assert kernel.value("os.getpid()") not in kernel.value("pids")


def test_an_exception_keeps_its_type(kernel: Kernel) -> None:
    kernel.run(
        """
class Odd(Exception):
    pass

def refuse(x):
    raise Odd(x)

try:
    dask.delayed(refuse)(3).compute(scheduler=executor)
    refused = None
except Odd as error:
    refused = error.args
"""
    )
    assert kernel.value("refused") == [3]


def test_an_executor_can_be_the_scheduler_by_configuration(kernel: Kernel) -> None:
    kernel.run(
        """
with dask.config.set(scheduler=executor):
    [pid] = dask.compute(dask.delayed(os.getpid)())
"""
    )
    assert kernel.value("pid != os.getpid()")


def test_an_array_is_computed_by_the_workers(kernel: Kernel) -> None:
    if kernel.execute("import numpy").status != "ok":
        pytest.skip("numpy comes from Pyodide's CDN, which cannot be reached from here")
    kernel.run(
        """
import dask.array
array = dask.array.arange(1_000_000, chunks=100_000)
total = int((array * 2).sum().compute(scheduler=executor))
"""
    )
    assert kernel.value("total") == 999_999_000_000


#: Records of some names, and how many of each there are.
RECORDS = """
names = ["Alice", "Bob", "Charlie", None, ("x", "y"), "naïve"]
records = [{"name": names[(i * i + i // 3) % 6], "amount": i % 7} for i in range(400)]
counts = {name: sum(record["name"] == name for record in records) for name in names}
counts = {name: count for name, count in counts.items() if count}
bag = dask.bag.from_sequence(records, npartitions=9)
"""


def test_groups_are_whole_also_after_a_worker_was_replaced(kernel: Kernel) -> None:
    kernel.run(RECORDS)
    kernel.run(
        """
def count():
    sizes = bag.groupby(lambda record: record["name"]).map(lambda group: (group[0], len(group[1])))
    return sorted(sizes.compute(scheduler=executor), key=repr)

found = [count(), count()]
executor.submit(os._exit, 1).exception()
found.append(count())
wanted = sorted(counts.items(), key=repr)
"""
    )
    assert kernel.value("[each == wanted for each in found]") == [True] * 3


def test_a_shuffle_through_files_of_one_worker_is_an_error_that_says_so(kernel: Kernel) -> None:
    kernel.run(RECORDS)
    kernel.run(
        """
groups = bag.groupby(lambda record: record["name"], shuffle="disk")
try:
    lost = sum(len(group[1]) for group in groups.compute(scheduler=executor))
except OSError as error:
    lost = "\\n".join(error.__notes__)
"""
    )
    lost = kernel.value("lost")
    assert "this is a temporary file of worker-" in lost
    assert "Return from a task what others need" in lost


def test_a_shuffle_that_the_user_has_configured_stays(kernel: Kernel) -> None:
    kernel.run(
        """
with dask.config.set({"dataframe.shuffle.method": "disk"}):
    chosen = dask.utils.get_default_shuffle_method()
"""
    )
    assert kernel.value("[chosen, dask.utils.get_default_shuffle_method()]") == ["disk", "tasks"]
