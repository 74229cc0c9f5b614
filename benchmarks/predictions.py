"""Measures how well `estimate` predicts jobs, in the browser or on another engine.

usage: python -m benchmarks.predictions [local | dask]

Prints what batches, items and bytes cost there, which are the figures of
`jupyterlite_pool/jobs/cost_model.py`, and for each job how long it took and what was predicted. Row
23 of the benchmark (`python -m benchmarks --rows 23`) does the same in a browser.
"""

from __future__ import annotations

import argparse
import contextlib
import inspect
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

from jupyterlite_pool import (
    WorkerPoolExecutor,
    estimate,
    get_reusable_executor,
    pool_map,
    use,
)

from .report import Row, Series, Target
from .stage import Stage

#: How far a prediction may be from what it took, as a factor.
WITHIN = 1.25

#: How often each job runs.
ROUNDS = 3


def work(steps: int) -> int:
    """Computes."""
    total = 0
    for i in range(steps):
        total += i * i % 7
    return total


def words(text: str) -> int:
    """Counts different words."""
    return len({word.strip(".,").lower() for word in text.split()})


def nap(seconds: float) -> float:
    """Sleeps."""
    time.sleep(seconds)
    return seconds


def nothing(value: object) -> None:
    """Does nothing."""


def jobs() -> dict[str, tuple[Callable[[Any], Any], list[Any]]]:
    """Twelve jobs of different kinds: their functions and their items."""
    import random

    rng = random.Random(5)
    text = " ".join(rng.choice(["Alpha", "beta,", "Gamma.", "delta"]) for _ in range(4000))
    return {
        "40 even items": (work, [400_000] * 40),
        "8 long items": (work, [3_000_000] * 8),
        "5 long items": (work, [3_000_000] * 5),
        "1,000 short items": (work, [10_000] * 1000),
        "20,000 brief items": (work, [200] * 20_000),
        "20,000 empty items": (nothing, [1] * 20_000),
        "items that get longer": (work, [4000 * i for i in range(200)]),
        "items of any length": (work, [rng.randrange(400_000) for _ in range(300)]),
        "64 arguments of 1 MB": (len, [bytes(10**6)] * 64),
        "64 results of 1 MB": (bytes, [10**6] * 64),
        "texts of 25 KB": (words, [text] * 600),
        "100 sleeping items": (nap, [0.02] * 100),
    }


def costs(executor: Any, pool_map: Callable[..., Any]) -> dict[str, float]:
    """What an engine costs, in seconds; its workers are ready."""

    def took(action: Callable[[], object]) -> float:
        started = time.perf_counter()
        action()
        return time.perf_counter() - started

    def median(action: Callable[[], object]) -> float:
        return sorted(took(action) for _ in range(5))[2]

    item = median(lambda: pool_map(nothing, [1] * 20_000, progress=False)) / 20_000
    # With a time limit, no two batches travel together.
    alone: dict[str, Any] = {"chunksize": 1, "task_timeout": 60, "progress": False}
    batch = median(lambda: pool_map(nothing, [1] * 500, **alone)) / 500
    data = 16 * 8e6
    sent = median(lambda: pool_map(len, [bytes(8 * 10**6)] * 16, progress=False)) / data
    returned = median(lambda: pool_map(bytes, [8 * 10**6] * 16, progress=False)) / data
    trip = median(lambda: executor.submit(nothing, 1).result())
    pace = min(pool_map(lambda _: took(lambda: work(200_000)), range(20), progress=False))
    found = {"trip": trip, "batch": batch, "item": item, "sent": sent, "returned": returned}
    return {**found, "200,000 steps": pace}


def start(workers: int) -> float:
    """Seconds until this many workers are ready that were not there."""
    started = time.perf_counter()
    with WorkerPoolExecutor(workers) as executor:
        while len(executor.ready_workers) < workers:
            time.sleep(0.005)
        return time.perf_counter() - started


def compare(
    name: str, estimate: Callable[..., Any], pool_map: Callable[..., Any]
) -> tuple[float, float]:
    """Seconds of a job: as they are predicted, and as they are."""
    function, items = jobs()[name]
    predicted = estimate(function, items).seconds
    started = time.perf_counter()
    pool_map(function, items, progress=False)
    return predicted, time.perf_counter() - started


#: All of that in a notebook.
IN_A_NOTEBOOK = "\n".join(
    [
        "import time\nfrom collections.abc import Callable\nfrom typing import Any",
        "from jupyterlite_pool import estimate, get_reusable_executor, pool_map",
        *(inspect.getsource(each) for each in (work, words, nap, nothing, jobs, costs, compare)),
    ]
)


def in_a_browser(stage: Stage) -> Iterator[Row]:
    """Row 23: predicted seconds beside seconds, of twelve jobs."""
    stage.kernel.run(IN_A_NOTEBOOK)
    found = stage.kernel.value("costs(executor, pool_map)")
    print("costs in a browser:", json.dumps(found), file=sys.stderr)
    for name in jobs():
        pairs = [
            stage.kernel.value(f"compare({name!r}, estimate, pool_map)") for _ in range(ROUNDS)
        ]
        predicted, took = zip(*pairs, strict=True)
        yield Row(
            23,
            Series(f"`estimate`, {name}", "s", predicted),
            Series("its `pool_map`", "s", took),
            Near(WITHIN),
        )


class Near(Target):
    """A limit for how far a ratio may be from 1, as a factor."""

    def met(self, row: Row) -> bool:
        """Whether the ratio is near enough."""
        return row.ratio is not None and 1 / self.limit <= row.ratio <= self.limit

    def __str__(self) -> str:
        return f"{1 / self.limit:g} … {self.limit:g}"


def on_an_engine(name: str) -> None:
    """Print the costs of an engine, and how well jobs on it are predicted."""
    with contextlib.ExitStack() as stack:
        if name == "dask":
            from distributed import LocalCluster

            cluster = LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None)
            stack.enter_context(cluster)
            stack.enter_context(use(cluster))
        else:
            stack.enter_context(use(name))
        executor = get_reusable_executor()
        pool_map(nap, [0.2] * 2 * executor.max_workers, progress=False)
        print(json.dumps(costs(executor, pool_map), indent=1))
        if name == "local":  # the workers of a cluster are there
            print(f"start of 1 worker: {start(1):.2f} s, of 2: {start(2):.2f} s")
        ratios = []
        for job in jobs():
            pairs = [compare(job, estimate, pool_map) for _ in range(ROUNDS)]
            predicted, took = (statistics.median(values) for values in zip(*pairs, strict=True))
            ratios.append(predicted / took)
            print(f"{job:24} {predicted:8.3f} s predicted, {took:8.3f} s: {ratios[-1]:.2f}")
        near = sum(1 / WITHIN <= ratio <= WITHIN for ratio in ratios)
        print(f"{near} of {len(ratios)} within a factor of {WITHIN}")
        executor.shutdown()


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("engine", choices=["local", "dask"], nargs="?", default="local")
    on_an_engine(parser.parse_args().engine)


if __name__ == "__main__":
    main()
