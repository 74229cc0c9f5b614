"""Measures the engines of ordinary Python beside what they are made of: loky, joblib and Dask.

usage: python -m benchmarks.natively

Prints for each job what the pool takes, what the other takes, and the ratio. Both take turns.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable

import joblib
from distributed import Client, LocalCluster
from loky import get_reusable_executor as loky_executor

from jupyterlite_pool import get_reusable_executor, pool_map, use

from .predictions import nap, work

#: How often each job runs.
ROUNDS = 5

Run = Callable[[], object]


def nothing(value: int) -> int:
    """Does next to nothing."""
    return value


def seconds(run: Run) -> float:
    """How long something takes."""
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def beside(name: str, ours: Run, other: Run, wanted: str) -> None:
    """Measure two ways to do the same in turns, and print the median of each and their ratio."""
    ours(), other()  # warm
    taken = [(seconds(ours), seconds(other)) for _ in range(ROUNDS)]
    one, two = (statistics.median(column) for column in zip(*taken, strict=True))
    print(f"{name:60} {one:7.3f} s, {two:7.3f} s: {two / one:.2f} times as fast ({wanted})")


def on_processes(cores: int) -> None:
    """The local engine, beside loky used directly and joblib on loky."""
    pool, loky = get_reusable_executor(cores), loky_executor(cores)
    while len(pool.ready_workers) < cores:
        time.sleep(0.05)
    steps = [400_000] * 100
    beside(
        "100 items that compute, beside loky's executor",
        lambda: pool_map(work, steps, progress=False),
        lambda: list(loky.map(work, steps)),
        "at least 0.95",
    )
    parallel = joblib.Parallel(cores, backend="loky")
    beside(
        "10,000 tiny items, beside joblib on loky",
        lambda: pool_map(nothing, range(10_000), progress=False),
        lambda: parallel(joblib.delayed(nothing)(x) for x in range(10_000)),
        "at least 1",
    )
    pool.shutdown()
    loky.shutdown()


def on_dask(cores: int) -> None:
    """The engine on Dask, beside `Client.map`."""
    with (
        LocalCluster(n_workers=cores, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster) as client,
        use(client),
    ):
        items = [0.01 + i * 1e-9 for i in range(1000)]  # each is another one for Dask, too
        beside(
            "1,000 items of 10 ms on Dask, beside Client.map",
            lambda: pool_map(nap, items, progress=False),
            lambda: client.gather(client.map(nap, items, pure=False)),
            "at least 0.91",
        )


if __name__ == "__main__":
    on_processes(os.cpu_count() or 1)
    on_dask(os.cpu_count() or 1)
