"""A notebook of the site runs unchanged in an ordinary kernel, on processes and on Dask."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from jupyter_client.manager import KernelManager

from tests.contract.test_ordinary_jupyter import LONG, Notebook
from tests.support.dask_cluster import dask_cluster

FOLDER = Path(__file__).parents[2] / "notebooks"

#: What the quickstart computes, in a few words.
SUMS = (
    "import hashlib, json\n"
    "for value in (summaries, painted, paintings):\n"
    "    print(hashlib.sha256(repr(list(value)).encode()).hexdigest())"
)


def cells() -> list[str]:
    """The cells of the quickstart."""
    notebook = json.loads((FOLDER / "quickstart.ipynb").read_text("utf-8"))
    return ["".join(c["source"]) for c in notebook["cells"] if c["cell_type"] == "code"]


def run_all(backend: str) -> str:
    manager = KernelManager(kernel_name="python3")
    variables = {"JUPYTERLITE_POOL_BACKEND": backend, "PYTHONPATH": str(FOLDER.parent)}
    manager.start_kernel(cwd=str(FOLDER), env={**os.environ, **variables})
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=LONG)
        notebook = Notebook(client)
        for source in cells():
            said = notebook.run(source)
            assert "Error" not in said, said
        return notebook.run(SUMS)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
        manager.cleanup_resources()


@pytest.mark.long
@pytest.mark.timeout(300)
def test_the_quickstart_gives_the_same_on_processes_and_on_a_cluster(tmp_path: Path) -> None:
    local = run_all("local")
    assert len(local.split()) == 3
    with dask_cluster(tmp_path, 2, FOLDER) as cluster:
        address = json.loads(Path(cluster.file).read_text("utf-8"))["address"]
        assert run_all(address) == local
