"""Programs for a process pool, as the standard library's documentation teaches them, unchanged.

Each prints how many workers ran its calls, and whether two of them did so at once.
"""

from __future__ import annotations

import pytest

from tests.support.kernel import Kernel
from tests.support.wheels import Wheels

#: A call that takes some seconds, and what is said of all of them.
WORK = """
import os, time

def busy(seconds):
    started = time.time()
    while time.time() - started < seconds:
        sum(range(1000))
    return os.getpid(), started, time.time()

def wait_for_two(run):
    while len({pid for pid, *_ in run()}) < 2:
        pass

def report(results):
    print("workers:", len({pid for pid, *_ in results}))
    print("at once:", any(
        one[0] != other[0] and max(one[1], other[1]) < min(one[2], other[2])
        for one in results
        for other in results
    ))
"""

EXECUTOR = """
from concurrent.futures import ProcessPoolExecutor, as_completed

def main():
    with ProcessPoolExecutor(max_workers=2) as executor:
        wait_for_two(lambda: executor.map(busy, [0.3] * 4))
        futures = {executor.submit(busy, 0.4): number for number in range(6)}
        results = [future.result() for future in as_completed(futures)]
        report(results)
        for number, _ in zip(range(3), executor.map(busy, [0.01] * 3)):
            print("call", number)

if __name__ == "__main__":
    main()
"""

POOL = """
from multiprocessing import Pool, TimeoutError, cpu_count

def square(x):
    return x * x

if __name__ == "__main__":
    with Pool(processes=2) as pool:
        print(pool.map(square, range(10)))
        print(sorted(pool.imap_unordered(square, range(5))))
        print(pool.apply_async(square, (20,)).get(timeout=30))
        print(pool.starmap(pow, [(2, 5), (3, 2)]))
        try:
            pool.apply_async(time.sleep, (10,)).get(timeout=0.2)
        except TimeoutError:
            print("too late")
    with Pool(cpu_count()) as pool:
        wait_for_two(lambda: pool.map(busy, [0.3] * 4, chunksize=1))
        results = pool.map(busy, [0.4] * 6, chunksize=1)
        report(results)
        pool.close()
        pool.join()
"""

JOBLIB = """
from math import sqrt
from joblib import Parallel, delayed

print(Parallel(n_jobs=2)(delayed(sqrt)(i**2) for i in range(10)))
wait_for_two(lambda: Parallel(n_jobs=2, batch_size=1)(delayed(busy)(0.3) for _ in range(4)))
results = Parallel(n_jobs=2, batch_size=1)(delayed(busy)(0.4) for _ in range(6))
report(results)
"""


@pytest.fixture
def installed(kernel: Kernel) -> Kernel:
    kernel.run(WORK)
    kernel.run("import jupyterlite_pool\njupyterlite_pool.install()")
    return kernel


def parallel(kernel: Kernel, program: str) -> list[str]:
    """Run a program; it must use two workers at once. Returns the other lines that it prints."""
    lines = kernel.run(program).stdout.splitlines()
    [workers] = [line for line in lines if line.startswith("workers: ")]
    [at_once] = [line for line in lines if line.startswith("at once: ")]
    assert int(workers.removeprefix("workers: ")) >= 2
    assert at_once == "at once: True"
    return [line for line in lines if line not in (workers, at_once)]


def test_a_program_with_a_process_pool_executor(installed: Kernel) -> None:
    assert parallel(installed, EXECUTOR) == ["call 0", "call 1", "call 2"]


def test_a_program_with_a_pool(installed: Kernel) -> None:
    assert parallel(installed, POOL) == [
        "[0, 1, 4, 9, 16, 25, 36, 49, 64, 81]",
        "[0, 1, 4, 9, 16]",
        "400",
        "[32, 9]",
        "too late",
    ]


def test_a_program_with_joblib(installed: Kernel, wheels: Wheels) -> None:
    installed.run("jupyterlite_pool.uninstall()")
    wheels.install(installed, "joblib==1.6.0")
    installed.run("jupyterlite_pool.install()  # joblib has come meanwhile")
    assert parallel(installed, JOBLIB) == [str([float(i) for i in range(10)])]


def test_a_process_pool_breaks_when_a_worker_exits(installed: Kernel) -> None:
    installed.run(
        """
import os
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

with ProcessPoolExecutor(2) as executor:
    futures = [executor.submit(os._exit, 3), *(executor.submit(time.sleep, 60) for _ in range(3))]
    errors = [future.exception() for future in futures]
    assert [type(error) for error in errors] == [BrokenProcessPool] * 4, errors
    try:
        executor.submit(abs, -1)
    except BrokenProcessPool as error:
        print(error)
"""
    )


def test_uninstall_puts_everything_back(installed: Kernel) -> None:
    installed.run(
        """
import concurrent.futures, multiprocessing, os
ours = concurrent.futures.ProcessPoolExecutor, multiprocessing.Pool, os.cpu_count
jupyterlite_pool.uninstall()
theirs = concurrent.futures.ProcessPoolExecutor, multiprocessing.Pool, os.cpu_count
assert [value.__module__ for value in theirs] == [
    "concurrent.futures.process", "multiprocessing.context", os.cpu_count.__module__
], theirs
assert not set(ours) & set(theirs)
jupyterlite_pool.install()
assert concurrent.futures.ProcessPoolExecutor is ours[0]
"""
    )


#: Pools inside of tasks, which a program finds by every way.
NESTED = """
import concurrent.futures, multiprocessing
from concurrent.futures import ProcessPoolExecutor

def square(x):
    return x * x

def by_global(n):
    with ProcessPoolExecutor(2) as inner:
        return list(inner.map(square, range(n)))

def by_module(n):
    with concurrent.futures.ProcessPoolExecutor(2) as inner:
        return [inner.submit(square, i).result() for i in range(n)]

def by_import(n):
    from multiprocessing import Pool
    with Pool(2) as inner:
        return inner.map(square, range(n))

def by_context(n):
    with multiprocessing.get_context("spawn").Pool() as inner:
        return list(inner.imap(square, range(n)))

def deeper(n):
    with ProcessPoolExecutor(2) as inner:
        return list(inner.map(by_import, range(n)))
"""


@pytest.mark.parametrize("way", ["by_global", "by_module", "by_import", "by_context"])
def test_a_pool_inside_of_a_task_runs_there(installed: Kernel, way: str) -> None:
    installed.run(NESTED)
    installed.run(
        f"with ProcessPoolExecutor(2) as outer: found = list(outer.map({way}, [1, 2, 3]))\n"
        "with ProcessPoolExecutor(1) as outer: deep = outer.submit(deeper, 3).result()"
    )
    assert installed.value("[found, deep]") == [[[0], [0, 1], [0, 1, 4]], [[], [0], [0, 1]]]


def test_joblib_inside_of_a_task_runs_there(installed: Kernel, wheels: Wheels) -> None:
    wheels.install(installed, "joblib==1.6.0")
    installed.run(
        """
from concurrent.futures import ProcessPoolExecutor

def work(n):
    from joblib import Parallel, delayed
    return Parallel(n_jobs=2)(delayed(abs)(-i) for i in range(n))

with ProcessPoolExecutor(2) as executor:
    found = list(executor.map(work, [1, 2, 3]))
"""
    )
    assert installed.value("found") == [[0], [0, 1], [0, 1, 2]]


#: Programs that share something between processes.
SHARING = {
    "Process": "multiprocessing.Process(target=abs, args=(1,)).start()",
    "Queue": "multiprocessing.Queue()",
    "Pipe": "multiprocessing.Pipe()",
    "Value": "multiprocessing.get_context('spawn').Value('i', 0)",
    "RawArray": "multiprocessing.RawArray('i', 3)",
    "Event": "multiprocessing.Event()",
    "Manager": "multiprocessing.Manager()",
    "BaseManager": "from multiprocessing import managers; managers.BaseManager().start()",
    "SharedMemory": "from multiprocessing.shared_memory import SharedMemory; SharedMemory('x')",
    "ShareableList": "from multiprocessing import shared_memory; shared_memory.ShareableList([1])",
    "ThreadPool": "from multiprocessing.pool import ThreadPool; ThreadPool(2)",
}


@pytest.mark.parametrize("name", SHARING)
def test_what_workers_cannot_share_is_a_short_error_that_says_what_to_use(
    installed: Kernel, name: str
) -> None:
    installed.run("import multiprocessing")
    error = installed.fails(SHARING[name])
    assert "UnavailableError" in error["ename"]
    assert "does not work in a browser: " in error["evalue"]
    assert sum(text.count("\n") + 1 for text in error["traceback"]) < 10
    inside = installed.fails(
        f"def task():\n    import multiprocessing\n    {SHARING[name]}\n"
        "with multiprocessing.Pool(1) as pool: pool.apply(task)"
    )
    assert "UnavailableError" in inside["ename"]
    assert inside["evalue"].startswith(error["evalue"])
