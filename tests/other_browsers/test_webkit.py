"""The pool in WebKitGTK, where Python cannot be paused: there is `await` for everything."""

from __future__ import annotations

import pytest

from tests.support.kernel import RESTORED, UNTIL, Kernel
from tests.support.promises import FACTORY, PROMISES, SOURCES, call

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def kernel(webkit_kernel: Kernel) -> Kernel:
    webkit_kernel.run(
        """
import asyncio, concurrent.futures as cf, queue, threading
from jupyterlite_pool import (
    MapResult, WorkerPoolExecutor, current_worker, errors, get_reusable_executor, pool_map
)
executor = get_reusable_executor(1)
xs = [1, 2, 3]
def double(x): return 2 * x
def nap(seconds):
    import time
    time.sleep(seconds)
    return seconds
def who(_):
    from jupyterlite_pool import current_worker
    return current_worker() is not None
"""
    )
    return webkit_kernel


def test_workers_are_restored_from_the_sites_snapshot(kernel: Kernel) -> None:
    kernel.run(UNTIL + RESTORED)
    assert set(kernel.value("restored")) == {True}


def test_all_workers_have_the_notebooks_files_at_the_first_visit(kernel: Kernel) -> None:
    kernel.run(
        """
open("here.txt", "w").write("of the notebook")
four = WorkerPoolExecutor(4)
await until(lambda: len(four.ready_workers) == 4)

def read_and_write(x):
    import os, time
    time.sleep(0.2)
    open(f"{x}.txt", "w").write(open("here.txt").read())
    return os.getpid()

workers = {await call for call in [four.submit(read_and_write, x) for x in range(12)]}
written = {open(f"{x}.txt").read() for x in range(12)}
four.shutdown(wait=False)
"""
    )
    assert kernel.value("[len(workers), list(written)]") == [4, ["of the notebook"]]


def test_pool_map_is_awaited(kernel: Kernel) -> None:
    assert kernel.run("await pool_map(double, xs)").result == "[2, 4, 6]"
    kernel.run("many = await pool_map(double, range(300))")
    assert kernel.value("many") == [2 * x for x in range(300)]


def test_without_await_it_gives_the_running_result(kernel: Kernel) -> None:
    kernel.run("running = pool_map(nap, [0.2])\nshown = repr(running)\nwas_done = running.done()")
    assert kernel.value("[type(running).__name__, shown, was_done]") == [
        "MapResult",
        "<MapResult of nap: 0/1 done>",
        False,
    ]
    kernel.run("waited = await running")
    assert kernel.value("[waited, list(running), running[0], len(running)]") == [
        [0.2], [0.2], 0.2, 1,
    ]  # fmt: skip


def test_results_are_iterated_as_they_come(kernel: Kernel) -> None:
    kernel.run(
        """
in_order = [value async for value in pool_map(double, xs)]
arrived = [pair async for pair in pool_map(double, xs).as_completed()]
"""
    )
    assert kernel.value("in_order") == [2, 4, 6]
    assert sorted(kernel.value("arrived")) == [[0, 2], [1, 4], [2, 6]]


def test_futures_are_awaited_in_every_way_of_asyncio(kernel: Kernel) -> None:
    kernel.run(
        """
one = await executor.submit(double, 1)
wrapped = await asyncio.wrap_future(executor.submit(double, 2))
gathered = await asyncio.gather(*(executor.submit(double, x) for x in xs))
loop = asyncio.get_running_loop()
through_loop = await loop.run_in_executor(executor, who, None)
in_time = await asyncio.wait_for(executor.submit(double, 5), 60)
"""
    )
    assert kernel.value("[one, wrapped, gathered, through_loop, in_time]") == [
        2, 4, [2, 4, 6], True, 10,
    ]  # fmt: skip


def test_what_would_wait_raises_at_once_and_says_what_to_write(kernel: Kernel) -> None:
    kernel.run(
        """
said = {}
def try_to(name, wait):
    try:
        said[name] = ["no error", repr(wait())]
    except errors.BlockingUnavailableError as error:
        said[name] = [type(error).__name__, str(error)]
slow = executor.submit(nap, 0.5)
running = pool_map(double, xs)
try_to("result", slow.result)
try_to("exception", slow.exception)
try_to("result with a timeout", lambda: slow.result(timeout=10))
try_to("wait", lambda: cf.wait([slow]))
try_to("as_completed", lambda: list(cf.as_completed([slow])))
try_to("event", lambda: threading.Event().wait())
try_to("queue", lambda: queue.Queue().get(timeout=1))
try_to("block", lambda: pool_map(double, xs, block=True))
try_to("list", lambda: list(running))
try_to("index", lambda: running[0])
try_to("map", lambda: next(executor.map(double, xs)))
was_done = slow.done()
"""
    )
    said = kernel.value("said")
    assert {name: kind for name, (kind, _) in said.items()} == dict.fromkeys(
        said, "BlockingUnavailableError"
    )
    assert kernel.value("was_done") is False, "nothing has waited"
    instead = {
        name: message.split("Write `")[1].split("`")[0] for name, (_, message) in said.items()
    }
    of_future, of_map = "value = await future", "results = await pool_map(f, xs)"
    of_any = "await asyncio.wrap_future(future)"
    assert instead == {
        "result": of_future,
        "exception": of_future,
        "result with a timeout": of_future,
        "wait": of_any,
        "as_completed": of_any,
        "event": of_any,
        "queue": of_any,
        "block": of_map,
        "list": of_map,
        "index": of_map,
        "map": "values = await pool_map(f, xs)",
    }
    kernel.run("waited = [await slow, await running]")
    assert kernel.value("waited") == [0.5, [2, 4, 6]], "what raised has stopped nothing"


def test_what_is_there_never_raises(kernel: Kernel) -> None:
    kernel.run(
        """
future = executor.submit(double, 1)
result = pool_map(double, xs)
try:
    future.result(timeout=0)
    looked = None
except TimeoutError:
    looked = "not yet"
await future, await result
ready = queue.Queue()
ready.put(5)
event = threading.Event()
event.set()
"""
    )
    assert kernel.value("[looked, future.result(), future.exception()]") == ["not yet", 2, None]
    assert kernel.value("[list(result), result[-1], len(result)]") == [[2, 4, 6], 6, 3]
    assert kernel.value("[len(cf.wait([future]).done), len(list(cf.as_completed([future])))]") == [
        1, 1,
    ]  # fmt: skip
    assert kernel.value("[ready.get(timeout=1), event.wait()]") == [5, True]


def test_coroutines_run_in_workers_and_output_comes_back(kernel: Kernel) -> None:
    reply = kernel.run(
        """
async def later(x):
    import asyncio
    await asyncio.sleep(0.01)
    print("item", x)
    return -x
await pool_map(later, xs)
"""
    )
    assert reply.result == "[-1, -2, -3]"
    assert sorted(reply.stdout.split("\n")) == ["", "item 1", "item 2", "item 3"]
    cell = "%%pool_map x in xs\nimport asyncio\nawait asyncio.sleep(0.01)\nx + 1"
    assert kernel.run(cell).result == "[2, 3, 4]"


def test_a_job_can_be_cancelled(kernel: Kernel) -> None:
    kernel.run(
        """
import itertools
endless = pool_map(double, itertools.count(), progress=False)
async for value in endless:
    if value >= 10:
        break
endless.cancel()
await asyncio.wrap_future(endless._job.ended)
"""
    )
    assert kernel.value("[endless.done(), endless[5]]") == [True, 10]


def test_a_task_reads_what_the_notebook_wrote(kernel: Kernel) -> None:
    kernel.run(
        """
import pathlib
pathlib.Path("words.txt").write_text("äöü")
read = await pool_map(lambda name: open(name).read(), ["words.txt"])
"""
    )
    assert kernel.value("read") == ["äöü"]


def test_an_executor_of_its_own_in_with_and_async_with(kernel: Kernel) -> None:
    kernel.run(
        """
with WorkerPoolExecutor(1) as own:
    left = own.submit(double, 1)
left_at_once = not left.done()
async with WorkerPoolExecutor(1) as own:
    inside = own.submit(double, 2)
"""
    )
    assert kernel.value("[left_at_once, inside.done(), inside.result()]") == [True, True, 4]
    kernel.run("completed = await left")
    assert kernel.value("completed") == 2


def test_an_error_has_its_item_and_the_workers_traceback(kernel: Kernel) -> None:
    error = kernel.fails(
        "def parse(text):\n    return int(text)\nawait pool_map(parse, ['1', 'x7'])"
    )
    shown = "\n".join(error["traceback"])
    assert "ValueError" in error["ename"]
    assert "item 1 of 2 (args: 'x7'), worker " in shown
    assert "return int(text)" in shown


def test_the_line_magic_gives_what_it_gives_elsewhere(kernel: Kernel) -> None:
    assert kernel.run("%pool_map double xs").result == "[2, 4, 6]"
    kernel.run("r = %pool_map double xs")
    assert kernel.value("[type(r).__name__, list(r)]") == ["MapResult", [2, 4, 6]]
    assert kernel.run("%pool_map -o out (lambda x, y: x + y) xs [10, 20, 30]").result is None
    assert kernel.value("[type(out).__name__, list(out)]") == ["MapResult", [11, 22, 33]]
    assert (
        kernel.run("if True:\n    %pool_map -b -o out double xs\nlist(out)").result == "[2, 4, 6]"
    )


def test_the_parallel_cell_gives_what_it_gives_elsewhere(kernel: Kernel) -> None:
    assert (
        kernel.run("%%pool_map x in xs\nimport math\nmath.floor(x) + len(xs)").result == "[4, 5, 6]"
    )
    assert kernel.run("%%pool_map -o cells x in xs\nx * x").result is None
    assert kernel.value("[type(cells).__name__, list(cells)]") == ["MapResult", [1, 4, 9]]


def test_a_magic_need_not_wait(kernel: Kernel) -> None:
    kernel.run("r = %pool_map -a nap [0.2]\nwas_done = r.done()\nwaited = await r")
    assert kernel.value("[was_done, waited]") == [False, [0.2]]


def test_where_a_magic_cannot_be_awaited_it_gives_the_running_result(kernel: Kernel) -> None:
    kernel.run("def start():\n    r = %pool_map double xs\n    return r\nwaited = await start()")
    assert kernel.value("waited") == [2, 4, 6]
    kernel.run("%%time\nr = %pool_map double xs")
    assert kernel.run("await r").result == "[2, 4, 6]"


def test_an_error_in_a_magic_shows_its_line_and_keeps_no_name(kernel: Kernel) -> None:
    error = kernel.fails("%%pool_map -o lost x in xs\na = x\nb = 1 / (a - 2)")
    shown = "\n".join(error["traceback"])
    assert "ZeroDivisionError" in error["ename"]
    assert "b = 1 / (a - 2)" in shown
    assert "item 1 of 3 (args: 2)" in shown
    assert "commands/magics.py" not in shown
    assert kernel.value("'lost' in globals()") is False


def test_help_and_mistakes_are_explained_as_elsewhere(kernel: Kernel) -> None:
    assert "%%pool_map [options] NAME in ITERABLE" in kernel.run("%pool_map -h").stdout
    reply = kernel.execute("%pool_map double")
    assert reply.stderr.startswith("UsageError: expected a function and what to map it over")
    assert "NameError" in kernel.fails("%pool_map double no_such_name")["ename"]


@pytest.fixture(scope="module")
def contract(kernel: Kernel) -> Kernel:
    """The kernel with the promises of the contract; the workers of the other tests are gone."""
    kernel.run("executor.shutdown()")
    for source in SOURCES:
        kernel.run(source)
    kernel.run(FACTORY)
    return kernel


# Where Python cannot be paused, only promises that await can be asked for.
@pytest.mark.parametrize("name", [name for name, awaits in PROMISES.items() if awaits])
def test_contract_in_webkit(contract: Kernel, name: str) -> None:
    contract.run(call(name))
