"""An ordinary JupyterLab with the wheel, in an environment of its own."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.processes import running

#: What people have who run JupyterLab, and what a notebook of ours imports.
PACKAGES = ("jupyterlab>=4.6,<5", "ipykernel>=7", "pypng")

#: The last release of the kernel without subshells, and the name of the kernel that it is here.
OLDER, OLDER_NAME = "ipykernel==6.31.0", "older"

#: Seconds that a server has to start.
PATIENCE = 60


class UnavailableError(Exception):
    """The packages cannot be had."""


class Environment:
    """A virtual environment, made once, in which the newest wheel is installed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"

    def make(self, wheel: Path, extras: str) -> None:
        """Have the packages and this wheel.

        Raises:
            UnavailableError: a package cannot be downloaded.
        """
        made = self.folder / "made.json"
        wanted = [*PACKAGES, OLDER, extras, sys.version]
        if not made.exists() or json.loads(made.read_text("utf-8")) != wanted:
            shutil.rmtree(self.folder, ignore_errors=True)
            subprocess.run([sys.executable, "-m", "venv", str(self.folder)], check=True)
            self._pip(*PACKAGES, f"{wheel}[{extras}]")
            self._add_older_kernel()
            made.write_text(json.dumps(wanted), "utf-8")
            (self.folder / "wheel").write_text(_mark(wheel), "utf-8")
        elif (self.folder / "wheel").read_text("utf-8") != _mark(wheel):
            self._pip("--no-deps", "--force-reinstall", str(wheel))
            (self.folder / "wheel").write_text(_mark(wheel), "utf-8")

    def _pip(self, *arguments: str) -> None:
        command = [str(self.python), "-m", "pip", "install", "--quiet", *arguments]
        ended = subprocess.run(command, capture_output=True, text=True)
        if ended.returncode:
            raise UnavailableError(f"pip could not install {arguments}: {ended.stderr[-500:]}")

    def _add_older_kernel(self) -> None:
        """Add a kernel that runs in the same environment with another release of ipykernel."""
        packages = self.folder / OLDER_NAME
        self._pip("--no-deps", "--target", str(packages), OLDER)
        spec = self.folder / "share" / "jupyter" / "kernels" / OLDER_NAME
        spec.mkdir(parents=True, exist_ok=True)
        about = {
            "argv": [str(self.python), "-m", "ipykernel_launcher", "-f", "{connection_file}"],
            "display_name": "Python with an older kernel",
            "language": "python",
            "env": {"PYTHONPATH": str(packages)},
        }
        (spec / "kernel.json").write_text(json.dumps(about), "utf-8")


def _mark(wheel: Path) -> str:
    return f"{wheel.name} {wheel.stat().st_mtime_ns}"


@contextmanager
def server(environment: Environment, folder: Path) -> Iterator[str]:
    """Run `jupyter lab`; gives the URL of its page.

    Args:
        folder: everything that it reads and writes is in there.
    """
    token = secrets.token_hex(8)
    root = folder / "notebooks"
    settings = folder / "settings" / "@jupyterlab" / "apputils-extension"
    for each in (root, folder / "home", settings):
        each.mkdir(parents=True, exist_ok=True)
    # Nobody is asked whether JupyterLab may fetch its news.
    quiet = {"fetchNews": "false", "checkForUpdates": False}
    (settings / "notification.jupyterlab-settings").write_text(json.dumps(quiet), "utf-8")
    own = {
        name: str(folder / name.lower())
        for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "IPYTHONDIR", "MPLCONFIGDIR")
    }
    runtime = folder / "runtime"
    with (
        (folder / "log").open("wb") as log,
        running(
            str(environment.python),
            *("-m", "jupyterlab", "--no-browser", "--allow-root", "--expose-app-in-browser"),
            "--ServerApp.port=0",
            f"--ServerApp.root_dir={root}",
            f"--IdentityProvider.token={token}",
            environment={
                **own,
                "HOME": str(folder / "home"),
                "JUPYTER_RUNTIME_DIR": str(runtime),
                "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"),
                "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"),
                "PATH": f"{environment.python.parent}{os.pathsep}{os.environ['PATH']}",
            },
            output=log,
            folder=root,
        ) as process,
    ):
        deadline = time.monotonic() + PATIENCE
        while (url := _url_of(runtime)) is None:
            if process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError((folder / "log").read_text("utf-8")[-2000:])
            time.sleep(0.1)
        yield f"{url}lab?token={token}"


def _url_of(runtime: Path) -> str | None:
    """The URL of the server, once it answers."""
    for path in runtime.glob("jpserver-*.json"):
        try:
            url: str = json.loads(path.read_text("utf-8"))["url"]
            with urllib.request.urlopen(f"{url}api", timeout=5):
                return url
        except (OSError, ValueError):
            pass  # it is being written, or the server is about to listen
    return None
