"""A Dask cluster on loopback, started with Dask's command line."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.support.processes import running

ROOT = Path(__file__).parents[2]

#: The environment of Dask: its workers import the package from here, a task whose worker was lost
#: fails at once instead of being tried on others, and each line of the log is a message alone.
VARIABLES = {
    "PYTHONPATH": str(ROOT),
    "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0",
    "DASK_DISTRIBUTED__ADMIN__LOG_FORMAT": "%(message)s",
}


def dask(*command: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "dask", *command, "--no-dashboard", "--host", "127.0.0.1")


class DaskCluster(NamedTuple):
    """A cluster that runs."""

    #: The name of the file that says where its scheduler is.
    file: str
    scheduler: subprocess.Popen[bytes]


@contextmanager
def dask_cluster(folder: Path, workers: int, tasks_in: Path | None = None) -> Iterator[DaskCluster]:
    """Run a scheduler and workers with one thread each.

    Args:
        folder: for the files of the cluster.
        tasks_in: the folder in which tasks run; None for that of this process.
    """
    file = folder / "scheduler.json"
    with ExitStack() as stack, open(folder / "dask.log", "wb") as log:
        start = dask("scheduler", "--port", "0", "--scheduler-file", str(file))
        scheduler = stack.enter_context(running(*start, environment=VARIABLES, output=log))
        deadline = time.monotonic() + 60
        while not file.exists():
            assert time.monotonic() < deadline, (folder / "dask.log").read_text()
            time.sleep(0.05)
        for number in range(workers):
            start = dask("worker", "--nthreads", "1", "--scheduler-file", str(file))
            start = (*start, "--name", f"w{number}", "--local-directory", str(folder))
            stack.enter_context(running(*start, environment=VARIABLES, output=log, folder=tasks_in))
        yield DaskCluster(str(file), scheduler)
