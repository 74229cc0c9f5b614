"""A notebook on the site that strangers have built, in which the bare wheel is installed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import Page

from tests.support.kernel import Evaluates, Kernel

#: The page of JupyterLab on the site.
LAB = "lite/lab/index.html"

#: What says which packages its notebooks begin with.
CONFIG = "jupyter-lite.json"


def lay_out(site: Path, wheels: Sequence[Path], folder: Path) -> None:
    """Put the site into a folder that is to be served, with wheels beside it."""
    for part in ("lite", "pyodide"):  # the site looks for its Pyodide beside it
        (folder / part).symlink_to(site / part)
    for wheel in wheels:
        (folder / wheel.name).symlink_to(wheel)


def lay_out_bare(site: Path, wheels: Sequence[Path], folder: Path) -> None:
    """The same, but its notebooks begin without packages: the site loads pandas and pyarrow."""
    lay_out(site, wheels, folder)
    lite = folder / "lite"
    lite.unlink()
    lite.mkdir()
    for path in (site / "lite").iterdir():
        if path.name != CONFIG:
            (lite / path.name).symlink_to(path)
    config = json.loads((site / "lite" / CONFIG).read_text("utf-8"))
    for settings in config["jupyter-config-data"]["litePluginSettings"].values():
        settings.pop("loadPyodideOptions", None)
    (lite / CONFIG).write_text(json.dumps(config), "utf-8")


def start_kernel(page: Page, url: str, wheels: Sequence[Path]) -> Kernel:
    """Start a kernel of the site, and install these wheels in it and nothing else."""
    page.goto(f"{url}/{LAB}")
    return kernel_with(page, url, wheels)


def kernel_with(page: Evaluates, url: str, wheels: Sequence[Path]) -> Kernel:
    """A kernel with these wheels, on a page of any browser that has loaded `LAB` of the site."""
    kernel = Kernel(page, strict=False)
    urls = [f"{url}/{wheel.name}" for wheel in wheels]
    kernel.run(f"import piplite\nawait piplite.install({urls!r}, deps=False)")
    return kernel
