"""Notebooks made at random do the same in workers as in processes of the standard library."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from jupyterlite_pool import WorkerPoolExecutor
from jupyterlite_pool.backends.local.backend import LocalBackend
from tests.support.programs import natively, on_the_pool, program

#: How many notebooks to make. The default takes about twenty seconds.
EXAMPLES = int(os.environ.get("JUPYTERLITE_POOL_PROGRAMS", "300"))

#: The number from which all random ones follow; another one makes other notebooks.
SEED = int(os.environ.get("JUPYTERLITE_POOL_SEED", "0"))


@pytest.fixture(scope="module")
def executor() -> Iterator[WorkerPoolExecutor]:
    with WorkerPoolExecutor(backend=LocalBackend(1)) as executor:
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
@pytest.mark.timeout(60 + EXAMPLES)
def test_a_notebook_does_on_workers_what_it_does_in_processes(
    executor: WorkerPoolExecutor, processes: Any, random: Random
) -> None:
    made = program(random)
    native = processes.apply(natively, (repr(made.steps),))
    found = on_the_pool(executor.submit, made)
    assert found == native, f"JUPYTERLITE_POOL_SEED={SEED}\n{made}"


def test_a_random_number_makes_one_program_and_another_one_another() -> None:
    assert program(Random(1)) == program(Random(1))
    assert program(Random(1)) != program(Random(2))
