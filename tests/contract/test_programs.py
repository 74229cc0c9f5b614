"""Notebooks made at random do the same in workers as in processes of the standard library."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import pickle
import sys
import types
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from jupyterlite_pool import WorkerPoolExecutor
from tests.support.other_processes import OtherProcesses
from tests.support.programs import Program, describe, program

#: How many notebooks to make. The default takes about twenty seconds.
EXAMPLES = int(os.environ.get("JUPYTERLITE_POOL_PROGRAMS", "300"))

#: The number from which all random ones follow; another one makes other notebooks.
SEED = int(os.environ.get("JUPYTERLITE_POOL_SEED", "0"))


def natively(text: str) -> list[Any]:
    """What the calls of a program are in a process that has run the program itself.

    Arguments and results are pickled by name, as the standard library does.
    """
    module = types.ModuleType("notebook_of_a_test")
    sys.modules[module.__name__] = module
    names = vars(module)
    found = []
    for cell, calls in eval(text):
        exec(compile(cell, "<cell>", "exec", dont_inherit=True), names)
        for call in calls:
            try:
                function, args = eval(call, names)
                args = _through_pickle(args)
                found.append(describe(_through_pickle(function(*args)), names))
            except Exception as error:
                found.append(("raised", type(error).__name__, str(error)))
    return found


def _through_pickle(value: Any) -> Any:
    """What arrives; the value itself if only our pool can send it, as it can lambdas."""
    with contextlib.suppress(Exception):
        return pickle.loads(pickle.dumps(value))
    return value


def on_the_pool(executor: WorkerPoolExecutor, made: Program) -> list[Any]:
    """What the calls of a program are on workers."""
    names: dict[str, Any] = {"__name__": "__main__"}
    found = []
    for cell, calls in made.steps:
        exec(compile(cell, "<cell>", "exec", dont_inherit=True), names)
        for call in calls:
            try:
                function, args = eval(call, names)
                found.append(describe(executor.submit(function, *args).result(60), names))
            except Exception as error:
                found.append(("raised", type(error).__name__, str(error)))
    return found


@pytest.fixture(scope="module")
def executor() -> Iterator[WorkerPoolExecutor]:
    with WorkerPoolExecutor(backend=OtherProcesses(1)) as executor:
        yield executor


@pytest.fixture(scope="module")
def processes() -> Iterator[Any]:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        yield pool


@seed(SEED)
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(random=st.randoms(use_true_random=False))
@pytest.mark.timeout(0)
def test_a_notebook_does_on_workers_what_it_does_in_processes(
    executor: WorkerPoolExecutor, processes: Any, random: Random
) -> None:
    made = program(random)
    native = processes.apply(natively, (repr(made.steps),))
    found = on_the_pool(executor, made)
    assert found == native, f"JUPYTERLITE_POOL_SEED={SEED}\n{made}"


def test_a_random_number_makes_one_program_and_another_one_another() -> None:
    assert program(Random(1)) == program(Random(1))
    assert program(Random(1)) != program(Random(2))
