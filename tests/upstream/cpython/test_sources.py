"""CPython's tests are found on this machine, read without being run, and packed for a kernel."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.upstream.cpython import sources

#: A class of tests as CPython writes it, reduced to the parts that are read.
CLASS = "class {0}:\n    def helper(self): ...\n    def test_{1}(self): ...\n"

Library = Callable[[str], Path]


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Library:
    """Makes a standard library with tests; `find` sees no other."""
    monkeypatch.setattr(sources, "PLACES", (f"{tmp_path}/*/lib/python3.*",))
    monkeypatch.setattr(os, "__file__", str(tmp_path / "none" / "python3.13" / "os.py"))

    def make(version: str) -> Path:
        library = tmp_path / version / "lib" / f"python{version}"
        (library / sources.FOLDER).mkdir(parents=True)
        (library / "test" / "support").mkdir()
        (library / "test" / "__init__.py").write_text("theirs")
        (library / "test" / "support" / "__init__.py").write_text("support")
        (library / "LICENSE.txt").write_text("the licence")
        written: dict[str, str] = {}
        for module, name in {part for case in sources.CASES for part in case.parts}:
            written[module] = written.get(module, "") + CLASS.format(name, name.lower())
        for module, text in written.items():
            (library / sources.FOLDER / f"{module}.py").write_text(text)
        return library

    return make


def test_the_oldest_library_that_is_new_enough_is_taken(library: Library) -> None:
    library("3.12")
    wanted = library("3.13")
    library("3.14")
    assert sources.find() == wanted


def test_none_is_found_where_all_are_too_old(library: Library) -> None:
    library("3.9")
    library("3.12")
    assert sources.find() is None


def test_none_is_found_where_the_tests_were_left_out(library: Library) -> None:
    (library("3.13") / sources.FOLDER / "executor.py").unlink()
    assert sources.find() is None


def test_methods_of_all_parts_of_a_class_are_read(library: Library) -> None:
    found = [str(method) for method in sources.methods(library("3.13"))]
    case = "test_process_pool.ProcessPoolSpawnProcessPoolExecutorTest"
    assert [name for name in found if name.startswith(case)] == [
        f"{case}.test_executortest",
        f"{case}.test_processpoolexecutortest",
    ]


def test_a_wheel_has_their_tests_with_the_licence_and_our_shims(
    library: Library, tmp_path: Path
) -> None:
    wheel = sources.make_wheel(library("3.13"), tmp_path / "wheels")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        texts = {name: archive.read(name).decode() for name in names}
    assert texts["cpython_tests-0.dist-info/licenses/LICENSE.txt"] == "the licence"
    assert texts["test/support/__init__.py"] == "support"
    assert "class WaitTests" in texts["test/test_concurrent_futures/test_wait.py"]
    assert "shims" in texts["test/__init__.py"]
    assert "def apply" in texts["cpython_tests/shims.py"]
    record = [line.split(",")[0] for line in texts["cpython_tests-0.dist-info/RECORD"].splitlines()]
    assert record == names
