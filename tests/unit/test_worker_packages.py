"""Packages of a worker, laid down, replaced and removed as the notebook has them."""

from __future__ import annotations

import asyncio
import io
import sys
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from jupyterlite_pool.worker.packages import PackagesInForce


class Lock:
    """A lock file that has everything."""

    def __init__(self) -> None:
        self.loaded: list[str] = []
        self.forgotten: list[str] = []

    async def load(self, names: Sequence[str]) -> dict[str, str]:
        self.loaded.extend(names)
        return {}

    def load_now(self, name: str) -> str | None:
        return None

    def forget(self, name: str) -> None:
        self.forgotten.append(name)


def package(name: str, version: str, *files: str) -> bytes:
    """A package's files, as the notebook sends them."""
    about = f"{name}-{version}.dist-info"
    names = [*files, f"{about}/METADATA", f"{about}/RECORD"]
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for file in files:
            archive.writestr(file, f"version = {version!r}\n")
        archive.writestr(f"{about}/METADATA", f"Name: {name}\nVersion: {version}\n")
        archive.writestr(f"{about}/RECORD", "".join(f"{file},,\n" for file in names))
    return out.getvalue()


@pytest.fixture
def packages(tmp_path: Path) -> Iterator[PackagesInForce]:
    before = list(sys.meta_path)
    yield PackagesInForce(str(tmp_path), Lock())
    sys.meta_path[:] = before


def bring(packages: PackagesInForce, loaded: Sequence[str] = (), **installed: str) -> None:
    asyncio.run(packages.bring_about(loaded, installed, {}))


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_files_are_laid_down_and_removed_with_their_folders(
    packages: PackagesInForce, tmp_path: Path
) -> None:
    (tmp_path / "other.py").write_text("")
    packages.put("bundle", {"d1": package("some-thing", "1", "some/a.py", "some/deep/b.py")})
    assert packages.lacks((), {"some-thing": "d1"})
    bring(packages, **{"some-thing": "d1"})
    assert not packages.lacks((), {"some-thing": "d1"})
    assert files(tmp_path) >= {"some/a.py", "some/deep/b.py", "other.py"}
    bring(packages)
    assert files(tmp_path) == {"other.py"}
    assert not (tmp_path / "some").exists()


def test_another_version_takes_the_place_of_the_first_and_back(
    packages: PackagesInForce, tmp_path: Path
) -> None:
    packages.put("one", {"d1": package("thing", "1", "thing/__init__.py", "thing/old.py")})
    packages.put("two", {"d2": package("thing", "2", "thing/__init__.py", "thing/new.py")})
    bring(packages, thing="d1")
    bring(packages, thing="d2")
    assert (tmp_path / "thing/__init__.py").read_text() == "version = '2'\n"
    assert {"thing/new.py"} == files(tmp_path) & {"thing/new.py", "thing/old.py"}
    bring(packages, thing="d1")  # from what the worker has kept
    assert (tmp_path / "thing/__init__.py").read_text() == "version = '1'\n"


def test_what_was_imported_and_has_changed_is_named(
    packages: PackagesInForce, monkeypatch: pytest.MonkeyPatch
) -> None:
    packages.put("bundle", {"d1": package("thing", "1", "own_top.py", "own_pack/__init__.py")})
    bring(packages, thing="d1")
    assert packages.changed((), {"thing": "d2"}) is None
    monkeypatch.setitem(sys.modules, "own_pack", sys)
    assert packages.changed((), {"thing": "d1"}) is None
    assert packages.changed((), {"thing": "d2"}) == "thing"
    assert packages.changed((), {}) == "thing"


def test_packages_of_the_lock_file_are_loaded_once_and_forgotten(tmp_path: Path) -> None:
    lock = Lock()
    before = list(sys.meta_path)
    try:
        packages = PackagesInForce(str(tmp_path), lock)
        bring(packages, ["a", "b"])
        bring(packages, ["a", "b", "c"])
        bring(packages, ["c"])
    finally:
        sys.meta_path[:] = before
    assert lock.loaded == ["a", "b", "c"]
    assert lock.forgotten == ["a", "b"]


def test_files_that_did_not_come_are_an_error(packages: PackagesInForce) -> None:
    with pytest.raises(ImportError, match="did not reach the worker"):
        bring(packages, thing="d9")
