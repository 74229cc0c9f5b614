"""Packages of a worker are installed, replaced and removed as in the notebook."""

from __future__ import annotations

import asyncio
import io
import sys
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from jupyterlite_pool.worker.surroundings.packages import (
    PackagesOnDemand,
    Provided,
    WorkerPackages,
)


class Lock:
    """A lock file that has everything."""

    def __init__(self) -> None:
        self.loaded: list[str] = []
        self.forgotten: list[str] = []
        #: The calls that came, in order.
        self.words: list[str] = []

    async def load(self, names: Sequence[str]) -> dict[str, str]:
        self.loaded.extend(names)
        self.words += [f"load {name}" for name in names]
        return {}

    def load_now(self, name: str) -> str | None:
        return None

    def note_installed(self, name: str) -> None:
        self.words.append(f"laid down {name}")

    def note_removed(self, name: str) -> None:
        self.forgotten.append(name)
        self.words.append(f"forget {name}")


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
def lock() -> Lock:
    return Lock()


@pytest.fixture
def packages(tmp_path: Path, lock: Lock) -> Iterator[WorkerPackages]:
    before = list(sys.meta_path)
    yield WorkerPackages(str(tmp_path), lock)
    sys.meta_path[:] = before


def bring(packages: WorkerPackages, loaded: Sequence[str] = (), **installed: str) -> None:
    asyncio.run(packages.install(loaded, installed, {}))


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_files_are_laid_down_and_removed_with_their_folders(
    packages: WorkerPackages, tmp_path: Path
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
    packages: WorkerPackages, tmp_path: Path
) -> None:
    packages.put("one", {"d1": package("thing", "1", "thing/__init__.py", "thing/old.py")})
    packages.put("two", {"d2": package("thing", "2", "thing/__init__.py", "thing/new.py")})
    bring(packages, thing="d1")
    bring(packages, thing="d2")
    assert (tmp_path / "thing/__init__.py").read_text() == "version = '2'\n"
    assert {"thing/new.py"} == files(tmp_path) & {"thing/new.py", "thing/old.py"}
    bring(packages, thing="d1")  # the worker has kept the files
    assert (tmp_path / "thing/__init__.py").read_text() == "version = '1'\n"


def test_what_was_imported_and_has_changed_is_named(
    packages: WorkerPackages, monkeypatch: pytest.MonkeyPatch
) -> None:
    packages.put("bundle", {"d1": package("thing", "1", "own_top.py", "own_pack/__init__.py")})
    bring(packages, thing="d1")
    assert packages.changed((), {"thing": "d2"}) is None
    monkeypatch.setitem(sys.modules, "own_pack", sys)
    assert packages.changed((), {"thing": "d1"}) is None
    assert packages.changed((), {"thing": "d2"}) == "thing"
    assert packages.changed((), {}) == "thing"


def test_packages_of_the_lock_file_are_loaded_once_and_forgotten(
    packages: WorkerPackages, lock: Lock
) -> None:
    bring(packages, ["a", "b"])
    bring(packages, ["a", "b", "c"])
    bring(packages, ["c"])
    assert lock.loaded == ["a", "b", "c"]
    assert lock.forgotten == ["a", "b"]


def test_what_is_loaded_does_not_bring_the_lock_files_own_of_what_was_laid_down(
    packages: WorkerPackages, lock: Lock
) -> None:
    packages.put("bundle", {"d1": package("thing", "1", "thing/__init__.py")})
    bring(packages, ["needs-thing"], thing="d1")
    assert lock.words == ["laid down thing", "load needs-thing"]
    bring(packages, ["needs-thing", "thing"])
    assert lock.words[2:] == ["forget thing", "load thing"]


def test_the_lock_files_own_that_came_on_demand_makes_room(
    packages: WorkerPackages, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with zipfile.ZipFile(io.BytesIO(package("thing", "0", "own_thing/old.py"))) as came:
        came.extractall(tmp_path)
    packages.put("bundle", {"d1": package("thing", "1", "own_thing/new.py")})
    assert packages.changed((), {"thing": "d1"}) is None
    monkeypatch.setitem(sys.modules, "own_thing", sys)
    assert packages.changed((), {"thing": "d1"}) == "thing"
    bring(packages, thing="d1")
    assert {path for path in files(tmp_path) if "own_thing" in path} == {"own_thing/new.py"}
    assert not list(tmp_path.glob("thing-0.*"))


def test_files_that_did_not_come_are_an_error(packages: WorkerPackages) -> None:
    with pytest.raises(ImportError, match="did not reach the worker"):
        bring(packages, thing="d9")


def test_what_a_worker_is_refused_is_named_with_its_version_and_the_reason() -> None:
    class Untouched(Lock):
        def load_now(self, name: str) -> str | None:
            raise AssertionError("the lock file's version is another one")

    finder = PackagesOnDemand(Untouched())
    finder.use({"jedi": Provided("jedi", "0.20", "the kernel is made of it")})
    expected = r"could not load jedi 0\.20, which the notebook has: the kernel is made of it\. Do"
    with pytest.raises(ImportError, match=expected):
        finder.find_spec("jedi", None)


def test_what_cannot_be_loaded_is_named_with_its_version_and_the_reason() -> None:
    class NoLock(Lock):
        def load_now(self, name: str) -> str | None:
            return "404 Not Found"

    finder = PackagesOnDemand(NoLock())
    finder.use({"PIL": Provided("pillow", "12.2.0")})
    expected = r"could not load pillow 12\.2\.0, which the notebook has: 404 Not Found\. "
    with pytest.raises(ImportError, match=expected) as caught:
        finder.find_spec("PIL", None)
    assert caught.value.name == "PIL"
    assert finder.find_spec("numpy", None) is None
    assert finder.find_spec("PIL.PIL", ["PIL"]) is None
