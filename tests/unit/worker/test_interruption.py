"""Where a task may be stopped."""

from __future__ import annotations

import importlib._bootstrap as bootstrap
import sys
from collections.abc import Callable
from functools import partial
from types import FrameType

import pytest

from jupyterlite_pool.jobs.chunks import ChunkSizer
from jupyterlite_pool.worker.interruption import may_stop

frames: list[FrameType] = []


def here() -> None:
    frames.append(sys._getframe())


def run_task(task: Callable[[], object]) -> bool:
    """Whether a task may be stopped where it calls `here`."""
    frames.clear()
    task()
    return may_stop(frames[0], (run_task.__code__,))


def test_a_task_may_be_stopped_in_its_own_code() -> None:
    assert run_task(here)
    assert run_task(partial(as_in("numpy.linalg")))


def test_what_something_else_has_called_is_not_stopped() -> None:
    frames.clear()
    here()
    assert not may_stop(frames[0], (run_task.__code__,))
    assert not may_stop(None, (run_task.__code__,))


class Ends:
    def __del__(self) -> None:
        here()


def as_in(module: str) -> Callable[[], None]:
    """A function of a module that calls `here`."""
    names: dict[str, object] = {"__name__": module, "here": here}
    exec("def call():\n    here()", names)
    call = names["call"]
    assert callable(call)
    return call


@pytest.mark.parametrize(
    ("task", "may"),
    [
        (lambda: Ends() and None, False),
        (as_in(bootstrap.__name__), False),
        (as_in("importlib._bootstrap_external"), False),
        (as_in(ChunkSizer.__module__), False),
        (as_in("jupyterlite_pool.worker.cell_bodies"), True),  # it has called the cell's code
        (as_in("numpy.linalg"), True),
    ],
)
def test_code_that_must_not_be_left_half_done(task: Callable[[], object], may: bool) -> None:
    assert run_task(task) == may


def test_the_pools_own_code_is_not_stopped_in_itself() -> None:
    frames.clear()
    names: dict[str, object] = {"__name__": "jupyterlite_pool.worker.stand_in_calls", "sys": sys}
    exec("def frame():\n    return sys._getframe()", names)
    got = names["frame"]
    assert callable(got)
    assert run_task(lambda: frames.append(got())) is False
