"""Fixtures for tests of a worker."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from jupyterlite_pool.worker.runner import Runner
from jupyterlite_pool.worker.surroundings.surroundings import WorkerSurroundings

from .running import Recorder, here


@pytest.fixture
def port() -> Recorder:
    return Recorder()


@pytest.fixture
def runner(port: Recorder) -> Iterator[Runner]:
    runner = Runner(port, worker=3, pid=1003, surroundings=WorkerSurroundings())
    here.append(runner)
    yield runner
    here.clear()
