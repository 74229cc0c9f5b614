"""Process pools inside tasks: workers do what the notebook has done."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[4]

#: A worker whose notebook has called `install`.
WORKER = """
import sys
from jupyterlite_pool.worker.current_worker import WorkerInfo, set_current_worker
from jupyterlite_pool.worker.surroundings.stand_ins import WorkerStandIns

set_current_worker(WorkerInfo(1, 1, 1))
stand_ins = WorkerStandIns()
stand_ins.follow("jupyterlite_pool.stand_ins.install")
"""

#: The module that has each name now.
HOMES = """
import concurrent.futures, multiprocessing
print(concurrent.futures.ProcessPoolExecutor.__module__, multiprocessing.Pool.__module__)
"""

OURS = [
    "jupyterlite_pool.stand_ins.process_executor",
    "jupyterlite_pool.stand_ins.multiprocessing_pool",
]


def run(program: str) -> list[str]:
    """The words that a program prints in a Python of its own."""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return done.stdout.split()


@pytest.mark.parametrize(
    "first",
    [
        "import multiprocessing",
        "from concurrent.futures import ProcessPoolExecutor",
        "import multiprocessing.pool",
        "import jupyterlite_pool.stand_ins.process_executor",  # as a function of the notebook does
        "import jupyterlite_pool.stand_ins.multiprocessing_pool",
        "import jupyterlite_pool.stand_ins.locks",
    ],
)
def test_whichever_module_comes_first_all_are_replaced(first: str) -> None:
    assert run(f"{WORKER}\n{first}\n{HOMES}") == OURS


def test_modules_that_were_there_before_are_replaced_too() -> None:
    assert run(f"import concurrent.futures.process\n{WORKER}{HOMES}") == OURS


def test_nothing_is_loaded_before_a_task_needs_it() -> None:
    words = "multiprocessing", "concurrent.futures.process", "jupyterlite_pool.stand_ins"
    assert run(f"{WORKER}\nprint(*[name for name in {words} if name in sys.modules])") == []


def test_a_notebook_that_takes_it_back_takes_it_back_in_its_workers() -> None:
    theirs = ["concurrent.futures.process", "multiprocessing.context"]
    assert run(f"{WORKER}{HOMES}stand_ins.follow(None)\n{HOMES}") == [*OURS, *theirs]
    assert run(f"{WORKER}stand_ins.follow(None)\n{HOMES}") == theirs
