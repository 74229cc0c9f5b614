"""The ways in which a pool comes to a site: built in, installed in a notebook, or not at all."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import ROOT, Pages
from tests.support.kernel import STRICT, Kernel

Serve = Callable[..., str]

WORKS = """
from jupyterlite_pool import pool_map, get_reusable_executor
squares = list(pool_map(lambda x: x * x, range(20), chunksize=1))
"""


def run(*command: str | Path, cwd: Path) -> None:
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command} failed:\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"


def the_wheel() -> Path:
    [wheel] = (ROOT / "dist").glob("*.whl")
    return wheel


@pytest.mark.timeout(400)
def test_pip_and_lite_build_in_an_empty_folder_are_enough(
    pages: Pages, serve: Serve, tmp_path: Path
) -> None:
    # What a site's author does: nothing is copied by hand, no configuration is written.
    run(sys.executable, "-m", "venv", "env", cwd=tmp_path)
    python = tmp_path / "env" / "bin" / "python"
    run(python, "-m", "pip", "install", "--quiet", f"{the_wheel()}[site]", cwd=tmp_path)
    folder = tmp_path / "site"
    folder.mkdir()
    run(python.parent / "jupyter", "lite", "build", cwd=folder)
    url = serve(folder / "_output")

    # The application is not exposed on such a site: a test needs that, a user does not.
    config = folder / "_output" / "jupyter-lite.json"
    spec = json.loads(config.read_text("utf-8"))
    spec["jupyter-config-data"]["exposeAppInBrowser"] = True
    config.write_text(json.dumps(spec), "utf-8")

    page = pages.open()
    hosts = set()
    page.on("request", lambda request: hosts.add(request.url.split("/")[2]))
    page.goto(f"{url}/lab/index.html")
    kernel = Kernel(page)
    kernel.run(WORKS)
    assert kernel.value("squares") == [x * x for x in range(20)]
    assert {host for host in hosts if host} == {url.removeprefix("http://")}


@pytest.fixture
def plain_site(tmp_path: Path) -> Path:
    """A site that knows nothing of this project, with a Pyodide of its own."""
    folder = tmp_path / "plain"
    core = ROOT / ".cache" / "jupyterlite-pool" / "pyodide" / "pyodide"
    shutil.copytree(core, folder / "static" / "pyodide")
    extensions = Path(sys.prefix) / "share" / "jupyter" / "labextensions"
    config = {
        "LiteBuildConfig": {
            "disable_addons": ["jupyterlite-pool"],
            "ignore_sys_prefix": ["federated_extensions"],
            "federated_extensions": [
                str(extensions / "@jupyterlite" / "pyodide-kernel-extension"),
                str(extensions / "@jupyter-widgets" / "jupyterlab-manager"),
            ],
        },
        "PyodideLockAddon": {
            "enabled": True,
            "specs": ["ipython", "ipywidgets", "jedi", "micropip", "cloudpickle"],
        },
    }
    (folder / "jupyter_lite_config.json").write_text(json.dumps(config), "utf-8")
    app = {"jupyter-lite-schema-version": 0, "jupyter-config-data": {"exposeAppInBrowser": True}}
    (folder / "jupyter-lite.json").write_text(json.dumps(app), "utf-8")
    run(Path(sys.executable).parent / "jupyter", "lite", "build", cwd=folder)
    return folder / "_output"


@pytest.mark.timeout(300)
def test_pip_install_in_a_notebook_is_enough(pages: Pages, serve: Serve, plain_site: Path) -> None:
    assert not (plain_site / "extensions" / "jupyterlite-pool").exists()
    shutil.copy(the_wheel(), plain_site)
    url = serve(plain_site)
    kernel = Kernel(pages.open(f"{url}/lab/index.html"), strict=False)
    kernel.run(f"%pip install {url}/{the_wheel().name}")
    kernel.run(STRICT)
    kernel.run(WORKS)
    assert kernel.value("squares") == [x * x for x in range(20)]
    assert kernel.value("len(get_reusable_executor().ready_workers) > 0") is True


@pytest.fixture
def site_without_worker(tmp_path: Path) -> Path:
    """The built site, but for the workers' script."""
    folder = tmp_path / "site"
    shutil.copytree(ROOT / "_output", folder)
    (folder / "extensions" / "jupyterlite-pool" / "static" / "worker.js").unlink()
    return folder


def test_where_no_worker_can_start_the_kernel_does_the_work_and_says_so(
    pages: Pages, serve: Serve, site_without_worker: Path
) -> None:
    url = serve(site_without_worker)
    kernel = Kernel(pages.open(f"{url}/lab/index.html"), strict=False)
    kernel.run("import warnings; warnings.simplefilter('always')")
    reply = kernel.run(
        "from jupyterlite_pool import pool_map\nprint(list(pool_map(abs, [-1, -2])))"
    )
    assert reply.stdout == "[1, 2]\n"
    assert "PoolFallbackWarning: no worker could start (" in reply.stderr
    assert f"{url}/extensions/jupyterlite-pool/static/worker.js could not be loaded" in reply.stderr
    assert "running 2 items one at a time in the kernel" in reply.stderr

    # An executor has nobody to fall back on.
    kernel.run("from jupyterlite_pool import WorkerPoolExecutor, errors")
    error = kernel.fails("WorkerPoolExecutor(1).submit(abs, -1).result()")
    assert "PoolStartError" in error["ename"]
    assert "worker.js could not be loaded" in error["evalue"]

    # Who makes the warning an error gets it, and the items are not run.
    kernel.run("ran = []\ndef note(x): ran.append(x)")
    kernel.run("warnings.simplefilter('error', errors.PoolFallbackWarning)")
    error = kernel.fails("pool_map(note, [1, 2])")
    assert "PoolFallbackWarning" in error["ename"]
    assert kernel.value("ran") == []
