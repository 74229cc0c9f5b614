"""Batches of a fixed size that end at once are joined, and cut if they take long after all."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from jupyterlite_pool import WorkerPoolExecutor, current_worker
from jupyterlite_pool.backends.threads import InProcessBackend
from jupyterlite_pool.dispatch.batch import Batch
from jupyterlite_pool.jobs.chunks import BRIEF_SECONDS
from jupyterlite_pool.jobs.options import MapOptions

#: The items that take long, after many that do not.
SLOW = range(300, 316)


@pytest.fixture
def executor() -> Iterator[WorkerPoolExecutor]:
    with WorkerPoolExecutor(backend=InProcessBackend(2)) as executor:
        yield executor


def where(item: int) -> int:
    time.sleep(0.1 if item in SLOW else 0)
    worker = current_worker()
    assert worker is not None
    return worker.id


def test_items_that_take_long_are_not_left_to_one_worker(
    executor: WorkerPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[list[int]] = []
    frame = Batch.frame

    def note(batch: Batch) -> tuple[bytes, list[memoryview], list[str]]:
        sent.append([task.index for task in batch.tasks])
        return frame(batch)

    monkeypatch.setattr(Batch, "frame", note)
    # Whatever a busy machine takes for them, they count as brief; what takes long does not.
    monkeypatch.setattr("jupyterlite_pool.jobs.chunks.BRIEF_SECONDS", 100 * BRIEF_SECONDS)
    options = MapOptions(chunksize=1, waited=True)
    job = executor._pool.start_job(where, [range(400)], options)
    job.ended.result(30)
    assert len(job.outcomes.values) == 400
    times = {item: [batch for batch in sent if item in batch] for item in range(400)}
    again = [item for item in SLOW if len(times[item]) > 1]
    assert again, "they were taken out of a batch whose first items took long"
    assert all(len(times[item][0]) > 1 and len(times[item][-1]) == 1 for item in again)


def test_what_the_user_has_put_together_stays_together(executor: WorkerPoolExecutor) -> None:
    job = executor._pool.start_job(where, [[*SLOW][:6]], MapOptions(chunksize=3))
    job.ended.result(30)
    first, second = job.outcomes.values[0], job.outcomes.values[3]
    assert [job.outcomes.values[place] for place in range(6)] == [first] * 3 + [second] * 3
