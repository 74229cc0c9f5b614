"""A notebook on the site that strangers have built, in which the bare wheel is installed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import Page

from tests.support.kernel import Kernel


def lay_out(site: Path, wheels: Sequence[Path], folder: Path) -> None:
    """Put the site into a folder that is to be served, with wheels beside it."""
    for part in ("lite", "pyodide"):  # the site looks for its Pyodide beside it
        (folder / part).symlink_to(site / part)
    for wheel in wheels:
        (folder / wheel.name).symlink_to(wheel)


def start_kernel(page: Page, url: str, wheels: Sequence[Path]) -> Kernel:
    """Start a kernel of the site, and install these wheels in it and nothing else."""
    page.goto(f"{url}/lite/lab/index.html")
    kernel = Kernel(page, strict=False)
    urls = [f"{url}/{wheel.name}" for wheel in wheels]
    kernel.run(f"import piplite\nawait piplite.install({urls!r}, deps=False)")
    return kernel
