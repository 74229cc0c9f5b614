"""What notebooks of earlier releases do with files on the drive."""

from __future__ import annotations

from tests.support.kernel import Kernel

#: How many files there are.
COUNT = 12

#: They are there before the tests, each of which can run alone.
FILES = f"""
import pathlib
from jupyterlite_pool import pool_map
pathlib.Path("numbers").mkdir(exist_ok=True)
for i in range({COUNT}):
    pathlib.Path(f"numbers/{{i}}.txt").write_text(str(i) * 100)

def copy(i):
    from jupyterlite_pool import current_worker
    import os, pathlib
    text = pathlib.Path(f"numbers/{{i}}.txt").read_text()
    pathlib.Path(f"numbers/copy-{{i}}.txt").write_text(text)
    return text, current_worker().id, os.getcwd()
"""


def tasks_read_and_write(kernel: Kernel) -> None:
    """Check that tasks read what the notebook wrote, and that it reads what they wrote."""
    kernel.run(f"copied = list(pool_map(copy, range({COUNT}), chunksize=1, progress=False))")
    texts = [str(i) * 100 for i in range(COUNT)]
    assert kernel.value("[text for text, _, _ in copied]") == texts
    assert kernel.value("len({worker for _, worker, _ in copied})") == 2
    assert kernel.value("{folder for _, _, folder in copied} == {'/drive'}") is True
    copies = f"[pathlib.Path(f'numbers/copy-{{i}}.txt').read_text() for i in range({COUNT})]"
    assert kernel.value(copies) == texts
