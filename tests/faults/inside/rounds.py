"""One round: a pool under load, one fault, and the outcomes of all tasks."""

from __future__ import annotations

import asyncio
import random
from typing import Any

from jupyterlite_pool import WorkerPoolExecutor

from .faults import FAULTS, Scene
from .load import Load, compute, now, until

#: The number of workers of the pool.
SIZE = 2

#: Seconds that the notebook computes at a stretch, where it computes all the while.
COMPUTES = 0.05

#: Seconds after which a wait counts as hanging: many times what the slowest fault takes.
HANGS = 120


async def ready(executor: WorkerPoolExecutor) -> None:
    """Wait until all workers and a spare are ready."""
    await until(lambda: len(executor.ready_workers) == SIZE and executor.status().spares)


async def compute_all_the_while() -> None:
    """Let the notebook compute, with a turn of the event loop now and then."""
    while True:
        compute(0, COMPUTES)
        await asyncio.sleep(0)


async def run_round_while_computing(
    executor: WorkerPoolExecutor, name: str, seed: int
) -> dict[str, Any]:
    """As `run_round`, but the notebook computes nearly all the time."""
    computing = asyncio.get_running_loop().create_task(compute_all_the_while())
    try:
        return await run_round(executor, name, seed)
    finally:
        computing.cancel()


async def run_round(executor: WorkerPoolExecutor, name: str, seed: int) -> dict[str, Any]:
    """Cause a fault in a pool, at an instant that a seed decides; the figures of the round."""
    words, act, replaces, targets = FAULTS[name]
    rng = random.Random(seed)
    load = Load(executor)
    await ready(executor)
    before = set(executor.ready_workers)
    load.start()
    await until(lambda: load.right >= 3)
    await asyncio.sleep(rng.random() * 0.05)
    happened = now()
    scene = Scene(executor, load, rng, f"{name} {seed}", checks=[], told={})
    instant = await asyncio.wait_for(act(scene), HANGS)
    for told in (load.broke_at, instant):
        happened = happened if told is None else told
    detected = now()
    if replaces:  # by a spare, or by a new worker
        await until(lambda: before - executor.ready_workers)
        await until(lambda: len(executor.ready_workers) == SIZE)
    probe = await asyncio.wait_for(executor.submit(abs, -1), HANGS)
    recovered = now()
    for check in scene.checks:
        await asyncio.wait_for(check(), HANGS)
    await load.stop()
    assert load.uncounted == 0, load.uncounted
    gone = before - executor.ready_workers
    assert len(gone) == replaces, f"workers {sorted(gone)} are gone"
    return {
        "words": words,
        "seed": seed,
        "detect": detected - happened,
        "recover": recovered - happened,
        "targets": targets,
        "tasks": load.submitted,
        "lost": load.lost,
        "duplicated": load.duplicated,
        "failed elsewhere": load.failures,
        "unknown": load.unknown,
        "next": probe == 1,
        **scene.told,
    }
