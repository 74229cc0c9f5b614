"""The add-on of `jupyter lite build` that puts the pool on a site.

It does four things:

1. It repacks the installed package as a wheel for the kernel, so that `import jupyterlite_pool`
   works in every notebook of the site.
2. It downloads Pyodide's core from npm, unless the site names a Pyodide of its own. A kernel of the
   site then starts without any other host.
3. It tells the kernel's lock add-on to take the packages that the kernel and the pool need from
   PyPI, at the versions in `constraints.txt`. All other packages of Pyodide, such as numpy, still
   load from the CDN of the release.
4. It makes a memory snapshot of a worker and writes the digest into `pool.json`. Workers are
   restored from the snapshot in a fraction of the time of a start.

`PoolAddon.self_hosted = false` in `jupyter_lite_config.json` leaves out steps 2, 3 and 4.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from jupyterlite_core.addons.base import BaseAddon
from jupyterlite_pyodide_kernel.addons.piplite import write_wheel_index
from jupyterlite_pyodide_kernel.constants import (
    PIPLITE_URLS,
    PYODIDE_CDN_URL,
    PYODIDE_KERNEL_PLUGIN_ID,
    PYODIDE_VERSION,
)
from traitlets import Bool

from .pyodide import add_remote_packages, bring_core, core_folder, full_lock
from .snapshot import FILE_NAME, SCRIPT, make_snapshot, pin_snapshot
from .wheel import NAME, package_files, wheel_name, write_wheel

Task = dict[str, Any]

#: Names of the Pyodide kernel's own add-ons.
PYODIDE_ADDON = "jupyterlite-pyodide-kernel-pyodide"
LOCK_ADDON = "jupyterlite-pyodide-kernel-lock"

#: Packages that a kernel of the site has from the start.
SPECS = ("ipython", "ipywidgets", "jedi", "micropip", NAME)

#: Packages that the page fetches while the kernel's Python starts.
PREFETCH = ("ipywidgets", "jedi", "micropip", NAME)

CONSTRAINTS = Path(__file__).parent / "constraints.txt"


class PoolAddon(BaseAddon):  # type: ignore[misc]
    """Adds the pool to a site."""

    __all__: ClassVar = ["pre_init", "build", "post_build"]

    self_hosted: bool = Bool(
        default_value=True,
        help="bring Pyodide's core and the kernel's packages into the site",
    ).tag(config=True)

    aliases: ClassVar = {"pool-self-hosted": "PoolAddon.self_hosted"}

    def __init__(self, manager: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(manager, *args, **kwargs)
        self._hosts = False

    @property
    def cache(self) -> Path:
        """The folder that keeps Pyodide's core between builds."""
        return Path(self.manager.cache_dir) / NAME

    @property
    def wheel_folder(self) -> Path:
        """The folder in which the kernel's package manager looks for our labextension's wheels."""
        return Path(self.manager.output_dir) / "extensions" / NAME / "static" / "pypi"

    def pre_init(self, manager: Any) -> Iterator[Task]:
        """Download Pyodide's core, and set the kernel's add-ons before they read their settings."""
        pyodide = manager._addons[PYODIDE_ADDON]
        if not self.self_hosted or pyodide.pyodide_url or pyodide.well_known_pyodide.exists():
            return
        self._hosts = True
        pyodide.pyodide_url = str(core_folder(self.cache).resolve())
        lock = manager._addons[LOCK_ADDON]
        lock.enabled = True
        lock.specs = (*SPECS, *lock.specs)
        lock.prefetch_extra = (*PREFETCH, *lock.prefetch_extra)
        lock.constraints = (*CONSTRAINTS.read_text("utf-8").split("\n"), *lock.constraints)
        yield self.task(
            name="pyodide",
            doc=f"download the core of Pyodide {PYODIDE_VERSION} from npm",
            actions=[(bring_core, [PYODIDE_VERSION, self.cache])],
        )

    def build(self, manager: Any) -> Iterator[Task]:
        """Put the kernel's wheel and its index beside our labextension."""
        # If this ran earlier, the copy of the labextension would erase the wheel. If it ran later,
        # the lock add-on would have looked for wheels already.
        yield self.task(
            name="wheel",
            doc="pack the wheel for the kernel",
            file_dep=[path for path, _ in package_files()],
            actions=[(self._write_wheel, [])],
            targets=[self.wheel_folder / wheel_name(), self.wheel_folder / "all.json"],
        )

    def post_build(self, manager: Any) -> Iterator[Task]:
        """Add the packages of Pyodide's CDN to the lock file, and make the snapshot."""
        if not self._hosts:
            return
        lock = manager._addons[LOCK_ADDON].output_lock
        yield self.task(
            name="lock:remote",
            doc="add the packages that stay on Pyodide's CDN to the lock file",
            file_dep=[lock],  # so this runs after the lock add-on's task, which writes the file
            actions=[(add_remote_packages, [lock, full_lock(self.cache), PYODIDE_CDN_URL])],
        )
        labextension = self.wheel_folder.parents[1]
        snapshot = labextension / "static" / FILE_NAME
        pyodide = manager._addons[PYODIDE_ADDON].output_pyodide
        yield self.task(
            name="snapshot",
            doc="make the memory snapshot that workers are restored from",
            file_dep=[lock, self.wheel_folder / wheel_name(), SCRIPT],
            actions=[(make_snapshot, [pyodide, lock, snapshot])],
            targets=[snapshot],
        )
        yield self.task(
            name="snapshot:pin",
            doc="write the snapshot's name and digest into pool.json",
            file_dep=[snapshot],
            uptodate=[False],  # each copy of the labextension has a new pool.json
            actions=[(pin_snapshot, [snapshot, lock, labextension / "pool.json"])],
        )

    def _write_wheel(self) -> None:
        for old in self.wheel_folder.glob("*.whl"):
            old.unlink()
        write_wheel(self.wheel_folder / wheel_name())
        write_wheel_index(self.wheel_folder)
        self._forget_indices()

    def _forget_indices(self) -> None:
        """Take the addresses of our index at earlier builds out of the site's settings.

        The kernel's own add-on adds the address with each new digest. A kernel asks all of them
        whenever it installs a package.
        """
        config = Path(self.manager.output_dir) / "jupyter-lite.json"
        settings = self.get_lite_plugin_settings(config, PYODIDE_KERNEL_PLUGIN_ID)
        index = (self.wheel_folder / "all.json").relative_to(self.manager.output_dir).as_posix()
        urls = settings.get(PIPLITE_URLS, [])
        others = [url for url in urls if not url.partition("?")[0].endswith(index)]
        if others != urls:
            settings[PIPLITE_URLS] = others
            self.set_lite_plugin_settings(config, PYODIDE_KERNEL_PLUGIN_ID, settings)
