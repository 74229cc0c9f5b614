"""How the notebook's surroundings are described to workers."""

from __future__ import annotations

import importlib.metadata
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jupyterlite_pool.surroundings import notebook
from jupyterlite_pool.surroundings.notebook import NotebookSurroundings, SentSurroundings
from jupyterlite_pool.surroundings.packages import NotebookPackages
from jupyterlite_pool.wire.payload import decode
from jupyterlite_pool.worker.surroundings.surroundings import Surroundings


class _Proxy:
    """Stands in for a JavaScript object."""

    def __init__(self, value: dict[str, Any]) -> None:
        self._value = value

    def to_py(self) -> dict[str, Any]:
        return self._value


class _Pyodide:
    def __init__(self, lock: list[str], loaded: dict[str, str]) -> None:
        self.lockfile_packages = _Proxy(
            {
                name: {"depends": DEPENDS.get(name, []), "imports": [name], "version": "1"}
                for name in lock
            }
        )
        self.loadedPackages = _Proxy(loaded)
        self._api = self


@pytest.fixture(autouse=True)
def few_packages(monkeypatch: pytest.MonkeyPatch) -> list[importlib.metadata.Distribution]:
    few = [importlib.metadata.distribution(name) for name in ("iniconfig", "pluggy", "pytest")]
    monkeypatch.setattr(importlib.metadata, "distributions", lambda: few)
    return few


#: The dependencies of packages in the lock file.
DEPENDS = {"ipython": ["pygments", "traitlets"], "widgets": ["ipython", "numpy"]}


def surroundings(pyodide: _Pyodide) -> Surroundings:
    return read(NotebookSurroundings(NotebookPackages([], pyodide)).current())


def read(described: SentSurroundings) -> Surroundings:
    return Surroundings(*decode(described.encoded.payload))


def test_a_package_of_the_lock_file_is_loaded_by_its_name() -> None:
    found = surroundings(_Pyodide(["iniconfig", "pluggy"], {"iniconfig": "default channel"}))
    assert found.packages == ["iniconfig"]
    assert "iniconfig" not in found.installed
    assert "pluggy" in found.installed


def test_a_package_from_elsewhere_is_sent_although_the_lock_file_has_one_of_its_name() -> None:
    loaded = {"iniconfig": "https://example.org/iniconfig-9-py3-none-any.whl"}
    found = surroundings(_Pyodide(["iniconfig"], loaded))
    assert found.packages == []
    assert "iniconfig" in found.installed


def test_what_only_the_kernel_needs_is_not_for_workers() -> None:
    lock = ["ipython", "pygments", "traitlets"]
    found = surroundings(_Pyodide(lock, dict.fromkeys(lock, "default channel")))
    assert found.packages == ["pygments"]  # pytest needs it, and the user has installed pytest
    assert found.installed.keys() == {"pytest", "pluggy", "iniconfig"}


def installed(
    folder: Path, name: str, version: str, source: str
) -> importlib.metadata.Distribution:
    """A package as Pyodide and micropip install it."""
    about = folder / f"{name}-{version}.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Name: {name}\nVersion: {version}\n")
    (about / "PYODIDE_SOURCE").write_text(source)
    return importlib.metadata.Distribution.at(about)


def test_another_version_of_what_the_kernel_needs_is_sent(
    few_packages: list[importlib.metadata.Distribution], tmp_path: Path
) -> None:
    # The second Pygments was installed over the lock file's. Pyodide notes the spelling "Pygments".
    few_packages[:] = [
        installed(tmp_path, "Pygments", "2.21.0", "pyodide"),
        installed(tmp_path, "Pygments", "2.18.0", "https://example.org/pygments-2.18.0.whl"),
        installed(tmp_path, "traitlets", "5", "pyodide"),
        installed(tmp_path, "ipython", "9", "pyodide"),
        installed(tmp_path, "jedi", "1", "https://example.org/jedi-1.whl"),
    ]
    loaded = dict.fromkeys(["Pygments", "traitlets", "ipython"], "default channel")
    lock = ["ipython", "jedi", "pygments", "traitlets"]
    found = surroundings(_Pyodide(lock, loaded))
    assert found.installed.keys() == {"pygments"}  # and no package of the kernel itself
    assert found.packages == []
    assert found.provides.keys() == {"ipython", "traitlets", "jedi"}
    package, version, refused = found.provides["jedi"]
    assert (package, version) == ("jedi", "1")
    assert "the kernel itself is made of it" in refused


def test_packages_of_the_kernel_stay_there_although_the_users_depend_on_them() -> None:
    lock = ["ipython", "pygments", "traitlets", "widgets", "numpy"]
    found = surroundings(_Pyodide(lock, dict.fromkeys(lock, "default channel")))
    assert found.packages == ["numpy", "pygments", "widgets"]


@pytest.mark.parametrize("change", [lambda log: log.setLevel(3), lambda _: logging.disable(3)])
def test_a_level_that_was_set_just_now_is_that_of_the_next_task(
    monkeypatch: pytest.MonkeyPatch, change: Callable[[logging.Logger], None]
) -> None:
    monkeypatch.setattr(notebook, "LOOK_AGAIN", 3600)  # the test takes less time than this
    noted = NotebookSurroundings(NotebookPackages([], _Pyodide([], {})))
    before = noted.current()
    assert noted.current() is before
    logger = logging.getLogger("of a test")
    try:
        change(logger)
        assert noted.current().key != before.key
    finally:
        logger.setLevel(logging.NOTSET)
        logging.disable(logging.NOTSET)


def test_what_is_left_of_a_removed_package_disturbs_no_call(
    few_packages: list[importlib.metadata.Distribution], tmp_path: Path
) -> None:
    rest = tmp_path / "gone-1.dist-info"
    rest.mkdir()
    (rest / "PYODIDE_SOURCE").write_text("https://example.org/gone-1.whl")
    few_packages[:] = [
        importlib.metadata.Distribution.at(rest),
        installed(tmp_path, "other", "1", "https://example.org/other-1.whl"),
    ]
    assert few_packages[0].name is None
    assert surroundings(_Pyodide([], {})).installed.keys() == {"other"}
