"""What is left in a kernel of calls that have ended: nothing.

Counted are objects of JavaScript that Python refers to, objects of Python that JavaScript refers
to, what Python's garbage collector knows, the bytes of the kernel's heap that are in use, and
what the pool keeps beside. All but the last come from Pyodide's and Emscripten's own accounts.
"""

from __future__ import annotations

import pytest

from tests.support.door import DOOR
from tests.support.heap import BYTES_IN_USE
from tests.support.kernel import Kernel

#: How many calls must leave nothing behind, after as many that may: caches fill, tables grow.
#: All of them are handed over at once.
CALLS = FIRST_CALLS = 10_000

#: A call that left any object would leave `CALLS` of them.
SLACK = 100

#: A table that has grown stays as large as it was; a call that left any bytes would leave more.
SLACK_BYTES = 50 * CALLS

COUNT = """
import gc
import pyodide_js
from concurrent.futures import as_completed
from jupyterlite_pool import WorkerPoolExecutor
from pyodide.code import run_js

module = pyodide_js._module
module.enable_pyproxy_allocation_tracing()
executor = WorkerPoolExecutor(2, progress=False)  # the first card imports its widgets
executor.run_everywhere(abs, 0)  # both are up

async def count():
    for _ in range(3):
        gc.collect()
    return {
        "of JavaScript": module._hiwire_num_refs(),
        "of Python": module.pyproxy_alloc_map.size,
        "collected": len(gc.get_objects()),
        "kept by the kernel": run_js(SIZES)(executor._pool.backend._pool),
        "kept by the broker": await in_broker(executor, f"({SIZES})(pool)"),
        "bytes": bytes_in_use(),
        "workers": sum(worker.memory for worker in executor.status().workers),
    }

SIZES = '''pool => {
      const sizes = (part, depth) => Object.values(part).reduce((sum, value) => {
        const own = value?.size ?? value?.length;
        const inner = own === undefined && depth && value && typeof value === 'object';
        return sum + (own ?? (inner ? sizes(value, depth - 1) : 0));
      }, 0);
      return sizes(pool, 3);
    }'''

def call(number):
    futures = [executor.submit(pow, x, 2) for x in range(number)]
    return sum(future.result() for future in as_completed(futures))
"""


@pytest.fixture(scope="module", autouse=True)
def _count(kernel: Kernel) -> None:
    kernel.run(DOOR)
    kernel.run(COUNT)
    kernel.run(BYTES_IN_USE)


@pytest.mark.timeout(300)
def test_ten_thousand_calls_leave_nothing_behind(kernel: Kernel) -> None:
    kernel.run(f"call({FIRST_CALLS})")
    before = kernel.value("await count()")
    total = kernel.value(f"call({CALLS})")
    after = kernel.value("await count()")
    assert total == sum(x * x for x in range(CALLS))
    for kind in (
        "of JavaScript",
        "of Python",
        "collected",
        "kept by the kernel",
        "kept by the broker",
    ):
        assert after[kind] - before[kind] < SLACK, kind
    assert after["bytes"] - before["bytes"] < SLACK_BYTES
    assert after["workers"] == before["workers"]


@pytest.mark.parametrize(
    ("left", "kind"),
    [
        ("[executor.submit(abs, 1) for _ in range(200)]", "collected"),
        ("[to_js([x]) for x in range(200)]", "of JavaScript"),
        ("[create_proxy([x]) for x in range(200)]", "of Python"),
        ("[executor._pool.objects.put(x) for x in range(200)]", "kept by the broker"),
        (f"[bytes(32) for _ in range({CALLS})]", "bytes"),
    ],
)
def test_what_is_left_behind_is_counted(kernel: Kernel, left: str, kind: str) -> None:
    before = kernel.value("await count()")
    kernel.run(f"from pyodide.ffi import create_proxy, to_js\nleft = {left}")
    after = kernel.value("await count()")
    kernel.run("left = None")
    assert after[kind] - before[kind] >= (SLACK_BYTES if kind == "bytes" else SLACK)
