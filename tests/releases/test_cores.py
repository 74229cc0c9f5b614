"""Pyodide of other releases, in a host without Jupyter: what the bare wheel does there."""

from __future__ import annotations

import pytest

from tests.releases.conftest import IN_SOAK, NEWEST, RELEASES, TOO_OLD, StartHost
from tests.releases.host import Host
from tests.support.promises import FACTORY, PROMISES, SOURCES, call
from tests.support.wheels import INICONFIG, JOBLIB, OLD_JOBLIB, download

# A host starts, and three workers.
pytestmark = pytest.mark.timeout(240)

PARAMS = [
    pytest.param(release, marks=[IN_SOAK] if is_long else [])
    for release, is_long in RELEASES.items()
]

#: No worker is kept ready in place of another: every promise would start one for nothing.
NO_SPARES = """
from jupyterlite_pool.backends.pyodide import backend
backend.SPARES = 0
"""

#: Two executors, one after the other, with what is told of their workers when all are ready.
STARTED = """
from jupyterlite_pool import WorkerPoolExecutor

async def started():
    executor = WorkerPoolExecutor(2)
    await until(lambda: len(executor.ready_workers) == 2)
    return executor, [bool(worker.restored) for worker in executor._pool.backend._pool.workers]

first, restored_of_first = await started()
second, restored_of_second = await started()
"""

#: The beginning of Python's state, as the runtime has made it.
STATE = """
def beginning_of_state():
    import pyodide_js
    module = pyodide_js._module
    place = module.__PyRuntime >> 2
    return [module.HEAP32[place + word] for word in range(4)]
"""

POOLS = """
import jupyterlite_pool
jupyterlite_pool.install()
import multiprocessing, os
from concurrent.futures import ProcessPoolExecutor
from jupyterlite_pool import current_worker

def square(x):
    return x * x

def nested(x):
    from concurrent.futures import ProcessPoolExecutor
    import multiprocessing
    with ProcessPoolExecutor() as inner, multiprocessing.Pool() as pool:
        return sum(inner.map(abs, [x, -x])) + sum(pool.map(abs, [x]))

with ProcessPoolExecutor(2) as executor, multiprocessing.Pool(2) as pool:
    squares = list(executor.map(square, range(6)))
    others = pool.map(square, range(6))
    of_nested = list(executor.map(nested, range(4)))
    abroad = executor.submit(current_worker).result() is not None
try:
    multiprocessing.Process(target=print).start()
    refused = ""
except RuntimeError as error:
    refused = str(error)
jupyterlite_pool.uninstall()
"""

PARALLEL = """
import joblib
from jupyterlite_pool import current_worker, register_joblib_backend
register_joblib_backend()

def square(x):
    return x * x

def fail(x):
    return 1 / x

def run(**options):
    return joblib.Parallel(n_jobs=2, **options)(joblib.delayed(square)(x) for x in range(30))

with joblib.parallel_config("jupyterlite"):
    squares, generated = run(), list(run(return_as="generator"))
    where = joblib.Parallel(n_jobs=2)(joblib.delayed(current_worker)() for _ in range(4))
    try:
        joblib.Parallel(n_jobs=2)(joblib.delayed(fail)(x) for x in (2, 0))
        raised = ""
    except ZeroDivisionError as error:
        raised = repr(error)
abroad = all(worker is not None for worker in where)
"""

FORGET_JOBLIB = """
import sys
from jupyterlite_pool.stand_ins.joblib_register import unregister_joblib_backend
unregister_joblib_backend()
for name in list(sys.modules):
    if name.partition(".")[0] == "joblib" or name == "jupyterlite_pool.stand_ins.joblib_backend":
        del sys.modules[name]
"""

LAZY = """
import linecache, sys
source = '''
lazy import colorsys
lazy from fractions import Fraction

def value_of(x):
    return colorsys.rgb_to_hsv(x, x, x)[2]

def third_of(x):
    return Fraction(x, 3)
'''
exec(compile(source, "<cell>", "exec"), sys.modules["__main__"].__dict__)
was_lazy = type(globals()["colorsys"]).__name__
answers = [await first.submit(value_of, 4), str(await first.submit(third_of, 1))]
"""


@pytest.fixture(scope="module", params=PARAMS)
def host(request: pytest.FixtureRequest, start_host: StartHost) -> Host:
    wheels = [download(name) for name in (INICONFIG, JOBLIB, OLD_JOBLIB)]
    host = start_host(request.param, *wheels)
    host.run(NO_SPARES + STARTED)
    host.run(FACTORY)
    for source in SOURCES:
        host.run(source)
    return host


def test_all_workers_but_the_first_are_restored_from_memory(host: Host) -> None:
    # A release whose C side cannot be made twice would start them slowly, or never.
    assert sorted(host.value("restored_of_first")) == [False, True]
    assert host.value("restored_of_second") == [True, True]


def test_a_restored_worker_has_the_state_of_python_that_others_have(host: Host) -> None:
    # Everything seems to work with a word of it overwritten.
    host.run(STATE)
    ordinary = host.value("beginning_of_state()")
    assert any(ordinary)
    host.run("states = await second.submit_everywhere(beginning_of_state)")
    assert host.value("states") == [ordinary, ordinary]


@pytest.mark.parametrize("name", PROMISES)
def test_the_contract_is_kept(host: Host, name: str) -> None:
    host.run(call(name))


def test_a_sleep_of_the_notebook_lets_messages_in(host: Host) -> None:
    host.run(
        """
import time
future = first.submit(abs, -3)
for _ in range(400):
    if future.done():
        break
    time.sleep(0.05)
"""
    )
    assert host.value("future.done()") is True


def test_packages_of_the_notebook_reach_workers(host: Host) -> None:
    host.install(download(INICONFIG).name)
    host.run(
        """
def version():
    import iniconfig
    return iniconfig.IniConfig("limits.ini", "[own]\\nlimit = 7\\n")["own"]["limit"]
limits = await first.submit_everywhere(version)
"""
    )
    assert host.value("limits") == ["7", "7"]


def test_process_pools_run_on_workers_also_inside_tasks(host: Host) -> None:
    host.run(POOLS)
    assert host.value("squares == others == [x * x for x in range(6)]") is True
    assert host.value("of_nested") == [0, 3, 6, 9]
    assert host.value("abroad") is True
    assert "a browser starts no processes" in host.value("refused")


def test_no_sign_of_semaphores_is_left(host: Host) -> None:
    host.run("import jupyterlite_pool\njupyterlite_pool.install()\njupyterlite_pool.uninstall()")
    assert "_multiprocessing" in host.error("import _multiprocessing")


@pytest.mark.parametrize("requirement", [OLD_JOBLIB, JOBLIB], ids=["old joblib", "new joblib"])
def test_joblib_runs_on_workers(host: Host, requirement: str) -> None:
    if requirement == OLD_JOBLIB and not host.value("hasattr(__import__('ast'), 'Num')"):
        pytest.skip("joblib 1.3 needs a part of Python that this one has no more")
    host.install(download(requirement).name)
    host.run(PARALLEL)
    assert host.value("squares == generated == [x * x for x in range(30)]") is True
    assert host.value("abroad") is True
    assert "division by zero" in host.value("raised")
    assert f"joblib=={host.value('joblib.__version__')}" == requirement
    host.run(FORGET_JOBLIB)


def test_functions_use_lazy_imports_of_the_notebook(start_host: StartHost) -> None:
    host = start_host(NEWEST)
    host.run(STARTED)
    host.run(LAZY)
    assert host.value("was_lazy") == "lazy_import"
    assert host.value("answers") == [4, "1/3"]


def test_a_release_that_is_too_old_is_told_so_in_one_sentence(start_host: StartHost) -> None:
    host = start_host(TOO_OLD)
    error = host.error("from jupyterlite_pool import WorkerPoolExecutor\nWorkerPoolExecutor(2)")
    assert error.strip().splitlines()[-1] == (
        "jupyterlite_pool.errors.PoolStartError: this kernel runs Pyodide 0.26.4, but "
        "jupyterlite-pool needs Pyodide 0.27 or newer: use a site built with JupyterLite 0.5 or "
        "newer."
    )
