"""A program that runs beside a test, and ends with it."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

#: Seconds that a program has to end by itself.
GRACE = 5


@contextmanager
def running(
    *command: str,
    environment: Mapping[str, str] | None = None,
    output: IO[bytes] | None = None,
    keep: tuple[int, ...] = (),
    folder: Path | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program, and end it with all that it has started.

    Args:
        environment: variables beside those of this process.
        output: where it writes; None for nowhere.
        keep: open files that it inherits.
        folder: where it begins; None for the folder of this process.
    """
    sink = subprocess.DEVNULL if output is None else output
    process = subprocess.Popen(
        command,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
        stdout=sink,
        stderr=sink,
        pass_fds=keep,
        cwd=folder,
        start_new_session=True,  # a group of its own, which is ended as a whole
    )
    try:
        yield process
    finally:
        _signal_group(process.pid, signal.SIGTERM)
        try:
            process.wait(GRACE)
        except subprocess.TimeoutExpired:
            pass
        _signal_group(process.pid, signal.SIGKILL)
        process.wait()


def _signal_group(group: int, number: signal.Signals) -> None:
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        pass
