"""What a worker is told of the notebook's surroundings."""

from __future__ import annotations

import importlib.metadata
import io
import zipfile
from typing import Any

import pytest

from jupyterlite_pool._environment import NotebookEnvironment
from jupyterlite_pool._payload import decode
from jupyterlite_pool.worker.environment import Surroundings


class _Proxy:
    """Stands in for a JavaScript object."""

    def __init__(self, value: dict[str, Any]) -> None:
        self._value = value

    def to_py(self) -> dict[str, Any]:
        return self._value


class _Pyodide:
    def __init__(self, lock: list[str], loaded: dict[str, str]) -> None:
        self.lockfile_packages = _Proxy({name: {"depends": DEPENDS.get(name, [])} for name in lock})
        self.loadedPackages = _Proxy(loaded)
        self._api = self


@pytest.fixture(autouse=True)
def _few_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    few = [importlib.metadata.distribution(name) for name in ("iniconfig", "pluggy", "pytest")]
    monkeypatch.setattr(importlib.metadata, "distributions", lambda: few)


#: What the lock file says of packages that depend on others; here, as in a kernel, of IPython.
DEPENDS = {"ipython": ["pygments", "traitlets"], "widgets": ["ipython", "numpy"]}


def surroundings(pyodide: _Pyodide) -> Surroundings:
    _, encoded = NotebookEnvironment([], pyodide).describe()
    return Surroundings(*decode(*encoded[:2]))


def files(found: Surroundings) -> set[str]:
    assert found.files is not None
    with zipfile.ZipFile(io.BytesIO(found.files)) as archive:
        return {name.split("/")[0] for name in archive.namelist()}


def test_a_package_of_the_lock_file_is_loaded_by_its_name() -> None:
    found = surroundings(_Pyodide(["iniconfig", "pluggy"], {"iniconfig": "default channel"}))
    assert found.packages == ["iniconfig"]
    assert "iniconfig" not in files(found)
    assert "pluggy" in files(found)


def test_a_package_from_elsewhere_is_sent_although_the_lock_file_has_one_of_its_name() -> None:
    loaded = {"iniconfig": "https://example.org/iniconfig-9-py3-none-any.whl"}
    found = surroundings(_Pyodide(["iniconfig"], loaded))
    assert found.packages == []
    assert "iniconfig" in files(found)


def test_what_only_the_kernel_needs_is_not_for_workers() -> None:
    lock = ["ipython", "pygments", "traitlets"]
    found = surroundings(_Pyodide(lock, dict.fromkeys(lock, "default channel")))
    assert found.packages == ["pygments"]  # pytest needs it, and the user has installed pytest
    assert files(found) >= {"pytest", "pluggy", "iniconfig"}


def test_packages_of_the_kernel_stay_there_although_the_users_depend_on_them() -> None:
    lock = ["ipython", "pygments", "traitlets", "widgets", "numpy"]
    found = surroundings(_Pyodide(lock, dict.fromkeys(lock, "default channel")))
    assert found.packages == ["numpy", "pygments", "widgets"]
