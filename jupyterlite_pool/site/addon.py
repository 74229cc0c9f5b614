"""The add-on of `jupyter lite build` that puts the pool on a site.

It does four things:

1. It repacks the installed package as a wheel for the kernel, so that `import jupyterlite_pool`
   works in every notebook of the site.
2. Unless the site names a Pyodide of its own, it brings Pyodide's core from npm, so that the site
   depends on no other host to start a kernel.
3. It lets the kernel's lock add-on resolve what the kernel and the pool need from PyPI, at the
   versions in `constraints.txt`. All other packages of Pyodide stay where the release has them:
   numpy, pandas and the rest load from its CDN, where it can be reached.
4. It makes a memory snapshot of a worker, from which all workers are restored in a fraction of the
   time of a start, and pins its digest in `pool.json`.

`PoolAddon.self_hosted = false` in `jupyter_lite_config.json` leaves out 2, 3 and 4.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from jupyterlite_core.addons.base import BaseAddon
from jupyterlite_pyodide_kernel.addons.piplite import write_wheel_index
from jupyterlite_pyodide_kernel.constants import PYODIDE_CDN_URL, PYODIDE_VERSION
from traitlets import Bool

from .pyodide import add_remote_packages, bring_core, core_folder, full_lock
from .snapshot import FILE_NAME, SCRIPT, make_snapshot, pin_snapshot
from .wheel import NAME, package_files, wheel_name, write_wheel

Task = dict[str, Any]

#: Names under which the Pyodide kernel's own add-ons are known.
PYODIDE_ADDON = "jupyterlite-pyodide-kernel-pyodide"
LOCK_ADDON = "jupyterlite-pyodide-kernel-lock"

#: Packages that a kernel of the site has from the start.
SPECS = ("ipython", "ipywidgets", "jedi", "micropip", NAME)

#: Packages that are fetched while the kernel's Python starts.
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
        """Where Pyodide's core is kept between builds."""
        return Path(self.manager.cache_dir) / NAME

    @property
    def wheel_folder(self) -> Path:
        """Where the kernel's package manager looks for the wheels of our labextension."""
        return Path(self.manager.output_dir) / "extensions" / NAME / "static" / "pypi"

    def pre_init(self, manager: Any) -> Iterator[Task]:
        """Bring Pyodide's core, and tell the kernel's add-ons, before they look for it."""
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
            doc=f"bring the core of Pyodide {PYODIDE_VERSION} from npm",
            actions=[(bring_core, [PYODIDE_VERSION, self.cache])],
        )

    def build(self, manager: Any) -> Iterator[Task]:
        """Put the kernel's wheel and its index beside our labextension."""
        # Not earlier, or the copy of the labextension erases it; not later, or the lock add-on has
        # looked for wheels already.
        yield self.task(
            name="wheel",
            doc="pack the wheel for the kernel",
            file_dep=[path for path, _ in package_files()],
            actions=[(self._write_wheel, [])],
            targets=[self.wheel_folder / wheel_name(), self.wheel_folder / "all.json"],
        )

    def post_build(self, manager: Any) -> Iterator[Task]:
        """Name the packages that stay on Pyodide's CDN."""
        if not self._hosts:
            return
        lock = manager._addons[LOCK_ADDON].output_lock
        yield self.task(
            name="lock:remote",
            doc="name the packages that stay on Pyodide's CDN",
            file_dep=[lock],  # the lock add-on's task, which writes it, comes first
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
            doc="name the snapshot and its digest in pool.json",
            file_dep=[snapshot],
            uptodate=[False],  # a labextension that is copied anew has none of it
            actions=[(pin_snapshot, [snapshot, lock, labextension / "pool.json"])],
        )

    def _write_wheel(self) -> None:
        for old in self.wheel_folder.glob("*.whl"):
            old.unlink()
        write_wheel(self.wheel_folder / wheel_name())
        write_wheel_index(self.wheel_folder)
