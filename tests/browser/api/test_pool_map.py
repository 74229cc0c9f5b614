"""`pool_map` in a real kernel, on real workers."""

from __future__ import annotations

import pytest

from tests.support.door import DOOR
from tests.support.kernel import Kernel
from tests.support.meeting import MEET
from tests.support.overdue import check_race


@pytest.fixture(scope="module", autouse=True)
def _imports(kernel: Kernel) -> None:
    kernel.run("from jupyterlite_pool import pool_map, current_worker, MapResult, errors")


@pytest.mark.smoke
def test_results_come_in_order(kernel: Kernel) -> None:
    assert kernel.value("list(pool_map(lambda x: x * x, range(10)))") == [x * x for x in range(10)]


def test_2000_tiny_tasks_keep_their_order(kernel: Kernel) -> None:
    assert kernel.value("list(pool_map(lambda x: x, range(2000))) == list(range(2000))")


def test_a_job_may_take_another_one_that_still_reads_its_items(kernel: Kernel) -> None:
    # While Python is paused for the one, the other goes on to be read.
    kernel.run(
        """
import time
def slowly(x):
    time.sleep(0.01)
    return x
first = pool_map(slowly, (x for x in range(60)), chunksize=1, block=False)
"""
    )
    assert kernel.value("list(pool_map(sum, [first]))") == [sum(range(60))]


def test_the_result_is_shown_like_a_list(kernel: Kernel) -> None:
    assert kernel.run("pool_map(str.upper, ['a', 'b'])").result == "['A', 'B']"


@pytest.mark.smoke
def test_two_tasks_that_wait_for_each_other_both_end(kernel: Kernel) -> None:
    # Each waits for a file that only the other one writes: one worker alone would never end.
    kernel.run(
        """
import os, pathlib
for name in ("ping", "pong"):
    pathlib.Path(name).unlink(missing_ok=True)

def meet(names):
    import pathlib, time
    mine, other = names
    pathlib.Path(mine).write_text("here")
    deadline = time.monotonic() + 60
    while not os.path.exists(other):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{mine} never saw {other}")
        time.sleep(0.05)
    return mine
met = pool_map(meet, [("ping", "pong"), ("pong", "ping")])
"""
    )
    assert kernel.value("list(met)") == ["ping", "pong"]


def test_lambdas_closures_methods_and_partials_travel(kernel: Kernel) -> None:
    kernel.run(
        """
import functools
def adder(n):
    def add(x):
        return x + n
    return add
class Scale:
    def __init__(self, by): self.by = by
    def times(self, x): return self.by * x
results = [
    list(pool_map(adder(10), [1, 2])),
    list(pool_map(Scale(3).times, [1, 2])),
    list(pool_map(functools.partial(pow, 2), [3, 4])),
    list(pool_map(lambda x, y: x + y, [1, 2], [10, 20, 30])),
]
"""
    )
    assert kernel.value("results") == [[11, 12], [3, 6], [8, 16], [11, 22]]


def test_a_changed_global_is_seen_at_the_next_call(kernel: Kernel) -> None:
    kernel.run(
        """
factor = 1
def scale(x): return factor * x
first = list(pool_map(scale, [1, 2]))
factor = 100
second = list(pool_map(scale, [1, 2]))
"""
    )
    assert kernel.value("[first, second]") == [[1, 2], [100, 200]]


def test_an_async_function_is_awaited_in_the_worker(kernel: Kernel) -> None:
    kernel.run(
        """
async def later(x):
    import asyncio
    await asyncio.sleep(0.01)
    return -x
awaited = list(pool_map(later, range(5)))
"""
    )
    assert kernel.value("awaited") == [0, -1, -2, -3, -4]


def test_await_gives_the_result_that_a_wait_gives(kernel: Kernel) -> None:
    kernel.run("waited = await pool_map(abs, [-1, -2], block=False)")
    assert kernel.value("[type(waited).__name__, waited]") == ["MapResult", [1, 2]]


def test_a_result_is_a_list_for_whatever_reads_one(kernel: Kernel) -> None:
    kernel.run(
        """
import array, copy, js, json, pickle
from pyodide.ffi import to_js

def later(x):
    import time
    time.sleep(0.1)
    return x

#: Each gives something of all values of [3, 1, 2].
uses = {
    "r == list": (lambda r: r == [3, 1, 2], True),
    "list + r": (lambda r: [0] + r, [0, 3, 1, 2]),
    "r + list": (lambda r: r + [4], [3, 1, 2, 4]),
    "json": (json.dumps, "[3, 1, 2]"),
    "pickle": (lambda r: pickle.loads(pickle.dumps(r)), [3, 1, 2]),
    "copy": (copy.deepcopy, [3, 1, 2]),
    "sorted": (sorted, [1, 2, 3]),
    "array": (lambda r: array.array("i", r).tolist(), [3, 1, 2]),
    "JavaScript": (lambda r: js.JSON.stringify(to_js(r)), "[3,1,2]"),
    "append": (lambda r: (r.append(4), [*r])[1], [3, 1, 2, 4]),
}
wrong = []
for block in (True, False):
    for name, (use, value) in uses.items():
        if name == "JavaScript" and not block:
            continue  # Python may not be able to pause behind a conversion
        got = use(pool_map(later, [3, 1, 2], block=block, progress=False))
        if got != value:
            wrong.append([name, block, repr(got)])
"""
    )
    assert kernel.value("wrong") == []


def test_items_run_and_count_while_their_iterable_sleeps(kernel: Kernel) -> None:
    kernel.run(
        """
from jupyterlite_pool import get_reusable_executor
pool_map(abs, [1], progress=False)  # a worker is ready
counts = []

def items():
    import time
    for n in range(5):
        yield n
        time.sleep(0.4)
        job = get_reusable_executor()._pool.dispatcher.jobs()[-1]
        counts.append(len(job.outcomes.values))

slowly = pool_map(abs, items(), progress=False)
"""
    )
    assert kernel.value("slowly") == [0, 1, 2, 3, 4]
    counts = kernel.value("counts")
    assert counts == sorted(counts)
    assert counts[-1] >= 4


def test_a_job_that_is_not_waited_for_runs_beside_the_notebook(kernel: Kernel) -> None:
    kernel.run(
        """
import time
def nap(x):
    import time
    time.sleep(0.2)
    return x
running = pool_map(nap, range(4), block=False)
was_done = running.done()
arrived = [index async for index, value in running.as_completed()]
"""
    )
    assert kernel.value("[was_done, sorted(arrived), running.done()]") == [
        False,
        [0, 1, 2, 3],
        True,
    ]


@pytest.mark.smoke
def test_an_exception_keeps_its_type_and_tells_item_worker_and_lines(kernel: Kernel) -> None:
    error = kernel.fails(
        """
def parse(text):
    return int(text)
texts = [str(i) for i in range(100)]
texts[41] = "x7"
pool_map(parse, texts)
"""
    )
    shown = "\n".join(error["traceback"])
    assert "ValueError" in error["ename"]
    assert error["evalue"].startswith("invalid literal for int() with base 10: 'x7'")
    assert "item 41 of 100 (args: 'x7'), worker " in shown
    assert ", attempt 1" in shown
    assert "items finished and are kept in `jupyterlite_pool.last_result()`" in shown
    assert "its `retry_failed(fn=…)` runs the others" in shown
    kernel.run(
        """
import jupyterlite_pool
last = jupyterlite_pool.last_result()
mended = last.retry_failed(fn=lambda text: int(text.strip("x")))
"""
    )
    assert kernel.value("mended is last")
    assert kernel.value("mended") == [*range(41), 7, *range(42, 100)]
    assert "return int(text)" in shown, "the worker's own traceback is the cause"


def test_an_exception_class_of_the_notebook_comes_back_as_itself(kernel: Kernel) -> None:
    kernel.run(
        """
class Broken(Exception):
    def __init__(self, part, code):  # arguments that unpickling would not know
        super().__init__(f"{part} is broken")
        self.part, self.code = part, code

def work(x):
    raise Broken("pump", x)

try:
    pool_map(work, [7])
except Broken as error:
    caught = [type(error) is Broken, error.part, error.code, str(error)]
"""
    )
    assert kernel.value("caught") == [True, "pump", 7, "pump is broken"]


def test_the_first_failure_cancels_what_has_not_started(kernel: Kernel) -> None:
    kernel.run(
        """
def fail_early(x):
    import time
    if x == 0:
        raise KeyError("first")
    time.sleep(0.05)
    return x
try:
    pool_map(fail_early, range(400), chunksize=1)
except KeyError as error:
    kept = error.map_result
import asyncio
await asyncio.wrap_future(kept._job.ended)
counts = [len(kept.failed), len(kept), sum(v is not None for v in kept.partial())]
"""
    )
    failed, total, finished = kernel.value("counts")
    assert (failed, total) == (1, 400)
    assert finished < 200, "most items were never started"


def test_200_tasks_of_which_3_fail_differently(kernel: Kernel) -> None:
    kernel.run(
        """
def picky(x):
    if x == 20: raise ValueError("twenty")
    if x == 99: raise ZeroDivisionError("ninety-nine")
    if x == 150: open("/no/such.csv")
    return x
picked = pool_map(picky, range(200), return_exceptions=True)
seen = {i: [type(e).__name__, str(e)] for i, e in picked.failed.items()}
rest = all(picked[i] == i for i in range(200) if i not in picked.failed)
"""
    )
    assert kernel.value("rest") is True
    assert kernel.value("seen") == {
        "20": ["ValueError", "twenty"],
        "99": ["ZeroDivisionError", "ninety-nine"],
        "150": ["FileNotFoundError", "[Errno 44] No such file or directory: '/no/such.csv'"],
    }


def test_retry_failed_runs_only_what_failed(kernel: Kernel) -> None:
    kernel.run(
        """
threshold = 3
def check(x):
    if x >= threshold: raise ValueError(x)
    return x, threshold
partly = pool_map(check, range(5), return_exceptions=True)
threshold = 10
whole = partly.retry_failed()
"""
    )
    assert kernel.value("list(whole)") == [[0, 3], [1, 3], [2, 3], [3, 10], [4, 10]]


def test_output_of_a_task_appears_in_the_cell_and_is_kept(kernel: Kernel) -> None:
    reply = kernel.run(
        """
def speak(x):
    import sys
    print("out", x)
    print("err", x, file=sys.stderr)
spoken = pool_map(speak, range(3))
"""
    )
    assert sorted(reply.stdout.splitlines()) == ["out 0", "out 1", "out 2"]
    assert sorted(reply.stderr.splitlines()) == ["err 0", "err 1", "err 2"]
    assert kernel.value("spoken.stdout[1]").splitlines() == ["out 1", "err 1"]


@pytest.mark.smoke
def test_a_lost_worker_fails_its_item_alone_and_is_replaced(kernel: Kernel) -> None:
    kernel.run(
        """
def fragile(x):
    import os
    if x == 5:
        os._exit(7)
    return x
hurt = pool_map(fragile, range(20), chunksize=4, return_exceptions=True)
lost = hurt.failed
kind = [[type(e).__name__, e.reason, e.exit_status, e.started] for e in lost.values()]
"""
    )
    assert kernel.value("sorted(lost)") == [5]
    assert kernel.value("kind") == [["TerminatedWorkerError", "exited", 7, True]]
    assert kernel.value("list(pool_map(abs, range(-4, 0)))") == [4, 3, 2, 1]


def test_a_worker_that_closes_itself_is_noticed(kernel: Kernel) -> None:
    kernel.run(
        """
async def leave(x):
    import asyncio, js
    if x == 0:
        js.self.close()
        await asyncio.sleep(3600)
    return x
left = pool_map(leave, range(3), chunksize=1, return_exceptions=True)
"""
    )
    assert kernel.value("[left.failed[0].reason, left[1], left[2]]") == ["silent", 1, 2]


def test_retries_run_an_item_again_on_another_worker(kernel: Kernel) -> None:
    kernel.run(
        """
def second_time(x):
    import os
    from jupyterlite_pool import current_worker
    if x == 1 and current_worker().attempt == 1:
        os._exit(1)
    return x, current_worker().attempt
retried = pool_map(second_time, range(4), retries=1, chunksize=1)
"""
    )
    assert kernel.value("list(retried)") == [[0, 1], [1, 2], [2, 1], [3, 1]]


def test_a_task_timeout_stops_a_loop_and_names_the_item(kernel: Kernel) -> None:
    error = kernel.fails(
        """
def stuck(x):
    while x == 2: pass
    return x
pool_map(stuck, range(4), task_timeout=1)
"""
    )
    shown = "\n".join(error["traceback"])
    assert "TaskTimeoutError" in error["ename"]
    assert "task_timeout=1 s" in error["evalue"]
    assert "item 2 of 4" in shown


@pytest.mark.alone
def test_a_time_limit_that_ends_with_its_task_costs_no_other_task(kernel: Kernel) -> None:
    kernel.run(
        f"{DOOR}\n"
        "from jupyterlite_pool import WorkerPoolExecutor\n"
        "executor = WorkerPoolExecutor(2)\n"
        "while not executor.status().spares: await asyncio.sleep(0.01)"
    )
    near = [0.3 + 0.02 * step for step in range(10)]
    check_race(kernel, near, "wait_for_late_words")
    kernel.run("executor.shutdown()")


def test_a_job_timeout_keeps_what_is_finished(kernel: Kernel) -> None:
    kernel.run(
        """
def forever_at_3(x):
    import time
    while x == 3: time.sleep(0.1)
    return x
get_reusable_executor().run_everywhere(abs, 0)  # all workers are there
try:
    pool_map(forever_at_3, range(4), timeout=1.5, chunksize=1)
except TimeoutError as error:
    overdue, text = error.map_result.partial(), str(error)
    stopped = error.map_result
import asyncio
await asyncio.wait_for(asyncio.wrap_future(stopped._job.ended), 10)  # though one never ends
"""
    )
    assert kernel.value("list(pool_map(abs, [-1]))") == [1]
    assert kernel.value("overdue") == [0, 1, 2, None]
    assert "timeout=1.5 s" in kernel.value("text")


def test_current_worker_tells_who_runs_a_task(kernel: Kernel) -> None:
    kernel.run(
        MEET
        + """
def who(x):
    import os
    from jupyterlite_pool import current_worker
    meet("who", x, 2)
    return current_worker().id, current_worker().pid, os.getpid()
seen = set(pool_map(who, range(2), chunksize=1))
"""
    )
    seen = kernel.value("sorted(seen)")
    assert len(seen) == 2, "both workers took part"
    assert all(pid == os_pid for _, pid, os_pid in seen)
    assert len({pid for _, pid, _ in seen}) == 2
    assert kernel.value("current_worker()") is None


def test_workers_never_share_a_random_stream(kernel: Kernel) -> None:
    kernel.run("def draw(x):\n    import random\n    return random.random()")
    assert kernel.value("len(set(pool_map(draw, range(20), chunksize=1)))") == 20


def test_a_seed_gives_each_item_the_same_numbers_on_any_workers(kernel: Kernel) -> None:
    kernel.run("def draw(x):\n    import random\n    return random.random()")
    one, two = kernel.value(
        "[list(pool_map(draw, range(9), seed=5, max_workers=n, chunksize=n)) for n in (1, 2)]"
    )
    assert one == two
    assert len(set(one)) == 9


def test_max_workers_limits_one_job(kernel: Kernel) -> None:
    kernel.run(
        """
def who(x):
    import time
    from jupyterlite_pool import current_worker
    time.sleep(0.02)
    return current_worker().id
get_reusable_executor().run_everywhere(abs, 0)  # all workers are there
alone = set(pool_map(who, range(10), chunksize=1, max_workers=1))
both = set(pool_map(who, range(10), chunksize=1))
"""
    )
    assert kernel.value("[len(alone), len(both)]") == [1, 2]


def test_inside_a_task_the_pool_runs_serially(kernel: Kernel) -> None:
    kernel.run(
        """
def outer(n):
    from jupyterlite_pool import pool_map
    return list(pool_map(lambda x: x * n, range(3)))
nested = list(pool_map(outer, [1, 2]))
"""
    )
    assert kernel.value("nested") == [[0, 1, 2], [0, 2, 4]]


@pytest.mark.parametrize(
    ("call", "name", "words"),
    [
        ("pool_map(3, [1])", "TypeError", "must be a function, not 'int'"),
        ("pool_map(abs)", "TypeError", "nothing to map over"),
        ("pool_map(abs, 3)", "TypeError", "'int' is not iterable"),
        ("pool_map(abs, [1], max_workers=0)", "ValueError", "max_workers must be greater than 0"),
        ("pool_map(abs, [1], chunksize=0)", "ValueError", "chunksize must be"),
        ("pool_map(abs, [1], retries=-1)", "ValueError", "retries must be at least 0"),
        ("pool_map(abs, [1], timeout=0)", "ValueError", "timeout must be more than 0"),
        ("pool_map(pow, [1, 2], [1], strict=True)", "ValueError", "different lengths: [2, 1]"),
        (
            "import threading; pool_map(lambda lock: 1, [threading.Lock()])",
            "PicklingError",
            "cannot send argument 'lock'",
        ),
    ],
)
def test_a_wrong_call_says_what_to_do(kernel: Kernel, call: str, name: str, words: str) -> None:
    error = kernel.fails(call)
    assert name in error["ename"]
    assert words in error["evalue"]
    assert kernel.value("list(pool_map(abs, [-1]))") == [1], "the pool goes on"


def test_a_generator_is_read_as_needed_and_may_fail(kernel: Kernel) -> None:
    error = kernel.fails(
        """
def items():
    yield from range(10)
    raise RuntimeError("the file ended early")
pool_map(abs, items())
"""
    )
    assert "the file ended early" in error["evalue"]
    assert "raised by the iterable when item 10 was asked for" in "\n".join(error["traceback"])


def test_an_endless_iterable_can_be_cancelled(kernel: Kernel) -> None:
    kernel.run(
        """
import itertools
endless = pool_map(abs, itertools.count(), block=False)
async for value in endless:
    if value == 5: break
endless.cancel()
import asyncio
await asyncio.wrap_future(endless._job.ended)
"""
    )
    assert kernel.value("endless.done()") is True
