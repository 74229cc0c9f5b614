"""Packages that a test installs in its kernel: wheels of PyPI, downloaded once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.support.kernel import Kernel

#: Where they are kept; built files are not in git.
FOLDER = Path(__file__).parents[2] / "build" / "wheels"


def download(requirement: str) -> Path:
    """The wheel of a pinned requirement, `name==version`, without what it depends on."""
    name, _, version = requirement.partition("==")
    pattern = f"{name.replace('-', '_')}-{version}-*.whl"
    if not list(FOLDER.glob(pattern)):
        # Any wheel for every platform will do: the kernel's Python is not this one.
        subprocess.run(
            [
                *(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"),
                *("--only-binary", ":all:", "--dest", str(FOLDER), requirement),
            ],
            check=True,
        )
    [wheel] = FOLDER.glob(pattern)
    return wheel


class Wheels:
    """Installs wheels in kernels, from a server of its own."""

    def __init__(self, url: str) -> None:
        self._url = url

    def install(self, kernel: Kernel, *requirements: str) -> None:
        """Install these and nothing that they depend on."""
        urls = [f"{self._url}/{download(requirement).name}" for requirement in requirements]
        kernel.run(f"import micropip\nawait micropip.install({urls}, deps=False)")
