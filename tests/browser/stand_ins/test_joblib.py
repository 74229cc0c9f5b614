"""joblib's `Parallel` on the pool, in a real kernel."""

from __future__ import annotations

import urllib.error
import urllib.request

import pytest

from tests.support.kernel import Kernel
from tests.support.wheels import Wheels

JOBLIB = "joblib==1.6.0"

SETUP = """
import asyncio, time
from joblib import Parallel, delayed, parallel_config
from jupyterlite_pool import current_worker, get_reusable_executor, register_joblib_backend

register_joblib_backend()
while len(get_reusable_executor(2).ready_workers) < 2:
    await asyncio.sleep(0.05)

def square(x):
    return x * x

def span(seconds):
    started = time.time()
    time.sleep(seconds)
    return current_worker().id, started, time.time()
"""

#: Where Pyodide finds its packages.
CDN = "https://cdn.jsdelivr.net/pyodide/"


@pytest.fixture(scope="module", autouse=True)
def _ready(kernel: Kernel, wheels: Wheels) -> None:
    wheels.install(kernel, JOBLIB)
    kernel.run(SETUP)


def test_two_workers_run_calls_at_the_same_time(kernel: Kernel) -> None:
    kernel.run(
        'with parallel_config("jupyterlite"):\n    spans = Parallel()([delayed(span)(1)] * 2)'
    )
    (first, start, end), (second, later_start, later_end) = kernel.value("spans")
    assert {first, second} == {0, 1}
    assert max(start, later_start) < min(end, later_end)


def test_results_of_many_small_calls_are_in_order(kernel: Kernel) -> None:
    kernel.run(
        'values = Parallel(-1, backend="jupyterlite")(delayed(square)(x) for x in range(2000))'
    )
    assert kernel.value("values") == [x * x for x in range(2000)]


def test_functions_of_the_notebook_see_what_they_refer_to_as_it_is_now(kernel: Kernel) -> None:
    kernel.run(
        "factor = 2\n"
        "scale = lambda x: factor * square(x)\n"
        "parallel = Parallel(2, backend='jupyterlite')\n"
        "before = parallel(delayed(scale)(x) for x in range(4))\n"
        "factor = 3\n"
        "after = parallel(delayed(scale)(x) for x in range(4))"
    )
    assert kernel.value("[before, after]") == [[0, 2, 8, 18], [0, 3, 12, 27]]


def test_generators_give_what_is_there(kernel: Kernel) -> None:
    kernel.run(
        "with parallel_config('jupyterlite', n_jobs=2):\n"
        "    unordered = Parallel(return_as='generator_unordered', batch_size=1)(\n"
        "        delayed(lambda s: time.sleep(s) or s)(s) for s in (1.5, 0.01, 0.02))\n"
        "    first = [next(unordered), next(unordered)]\n"
        "    still = list(unordered)\n"
        "    ordered = list(Parallel(return_as='generator')(delayed(square)(x) for x in range(5)))"
    )
    assert kernel.value("[first, still, ordered]") == [[0.01, 0.02], [1.5], [0, 1, 4, 9, 16]]


def test_the_iterable_may_itself_wait_for_the_pool(kernel: Kernel) -> None:
    kernel.run(
        "def slowly():\n"
        "    for x in range(12):\n"
        "        time.sleep(0.02)  # suspends, and results arrive meanwhile\n"
        "        yield x\n"
        "with parallel_config('jupyterlite', n_jobs=2):\n"
        "    first = Parallel(return_as='generator')(delayed(square)(x) for x in slowly())\n"
        "    values = Parallel()(delayed(square)(x) for x in first)"
    )
    assert kernel.value("values") == [x**4 for x in range(12)]


def test_an_error_shows_the_line_of_the_cell(kernel: Kernel) -> None:
    error = kernel.fails(
        "def invert(x):\n"
        "    return 1 / x  # not for zero\n"
        "Parallel(2, backend='jupyterlite')(delayed(invert)(x) for x in (1, 0))"
    )
    assert "ZeroDivisionError" in error["ename"]
    assert "1 / x  # not for zero" in "".join(error["traceback"])


@pytest.mark.parametrize("backend", [None, "jupyterlite", "loky", "threading", "multiprocessing"])
def test_parallel_in_a_task_runs_in_its_worker(kernel: Kernel, backend: str | None) -> None:
    kernel.run(
        "def inner():\n"
        f"    calls = Parallel(n_jobs=2, backend={backend!r})([delayed(span)(0.05)] * 4)\n"
        "    return current_worker().id, calls\n"
        "outer = Parallel(2, backend='jupyterlite', batch_size=1)([delayed(inner)()] * 2)"
    )
    for worker, calls in kernel.value("outer"):
        assert {call[0] for call in calls} == {worker}
        ends = [call[2] for call in calls]
        starts = [call[1] for call in calls]
        assert all(start >= end for start, end in zip(starts[1:], ends, strict=False))


def test_a_call_that_takes_too_long_is_given_up_and_its_worker_replaced(kernel: Kernel) -> None:
    kernel.run(
        "import multiprocessing\n"
        "old = get_reusable_executor().ready_workers.copy()\n"
        "try:\n"
        "    Parallel(2, backend='jupyterlite', timeout=0.5)([delayed(time.sleep)(600)] * 9)\n"
        "except multiprocessing.TimeoutError:\n"
        "    given_up = True\n"
        "calls = Parallel(2, backend='jupyterlite')([delayed(span)(0.5)] * 4)\n"
        "new = {call[0] for call in calls}"
    )
    assert kernel.value("given_up and not new & old")


def test_a_large_argument_is_not_slow(kernel: Kernel) -> None:
    kernel.run(
        "data = bytes(20_000_000)\n"
        "started = time.perf_counter()\n"
        "sizes = Parallel(2, backend='jupyterlite')(delayed(len)(data) for _ in range(10))\n"
        "took = time.perf_counter() - started"
    )
    assert kernel.value("sizes") == [20_000_000] * 10
    assert kernel.value("took") < 15  # under a second where nothing else runs


def test_the_default_backend_can_be_the_pool_and_no_longer_be_it(kernel: Kernel) -> None:
    kernel.run(
        "from jupyterlite_pool import unregister_joblib_backend\n"
        "import joblib\n"
        "def used(**options):\n"
        "    spans = Parallel(n_jobs=2, **options)([delayed(current_worker)()] * 4)\n"
        "    return sum(worker is not None for worker in spans)\n"
        "register_joblib_backend(make_default=True)\n"
        "with warnings.catch_warnings():\n"
        "    warnings.simplefilter('error')\n"
        "    on = [used(), used(backend='loky')]\n"
        "    on += [used(prefer=kind) for kind in ('processes', 'threads')]\n"
        "unregister_joblib_backend()\n"
        "off = [used(), joblib.cpu_count(), 'loky' in joblib.parallel.BACKENDS]\n"
        "register_joblib_backend()"
    )
    assert kernel.value("on") == [4, 4, 4, 0]
    assert kernel.value("off") == [0, 1, False]


def test_where_python_cannot_be_paused_it_says_so_at_once(kernel: Kernel) -> None:
    kernel.run(
        "from js import setTimeout\n"
        "from pyodide.ffi import create_once_callable\n"
        "def call():\n"
        "    try:\n"
        "        Parallel(2, backend='jupyterlite')(delayed(square)(x) for x in range(4))\n"
        "    except Exception as error:\n"
        "        told.set_result((type(error).__name__, str(error)))\n"
        "told = asyncio.get_running_loop().create_future()\n"
        "setTimeout(create_once_callable(call), 0)\n"
        "name, message = await told"
    )
    assert kernel.value("name") == "BlockingUnavailableError"
    assert "await pool_map(f, xs)" in kernel.value("message")


@pytest.fixture
def _network() -> None:
    """Skips a test before it has a kernel, if Pyodide's packages cannot be fetched."""
    try:
        urllib.request.urlopen(CDN, timeout=5).close()
    except urllib.error.HTTPError:
        pass  # it answers
    except OSError as error:
        pytest.skip(f"Pyodide's packages cannot be fetched here: {error}")


@pytest.mark.timeout(300)
@pytest.mark.usefixtures("_network")
def test_scikit_learn_runs_on_the_pool(fresh_kernel: Kernel) -> None:
    fresh_kernel.run("%pip install scikit-learn")
    fresh_kernel.run(SETUP)
    fresh_kernel.run(
        "from sklearn.datasets import load_iris\n"
        "from sklearn.ensemble import RandomForestClassifier\n"
        "from sklearn.model_selection import cross_val_score\n"
        "X, y = load_iris(return_X_y=True)\n"
        "forest = RandomForestClassifier(n_estimators=10, random_state=0)\n"
        "here = cross_val_score(forest, X, y).tolist()\n"
        "before = get_reusable_executor().status()\n"
        "with parallel_config('jupyterlite', n_jobs=2):\n"
        "    there = cross_val_score(forest, X, y).tolist()\n"
        "    forest.fit(X, y)\n"
        "after = get_reusable_executor().status()\n"
        "ran = [sum(w.tasks for w in status.workers) for status in (before, after)]"
    )
    assert fresh_kernel.value("here == there")
    before, after = fresh_kernel.value("ran")
    assert after > before
