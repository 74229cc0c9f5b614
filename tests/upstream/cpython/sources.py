"""Finds CPython's tests in a Python of this machine, and packs them as a wheel for a kernel."""

from __future__ import annotations

import ast
import glob
import os
import re
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

#: The first release whose tests fit today's standard library.
OLDEST = (3, 13)

#: Folders in which a Python may have its `test` package; the running Python's folder comes first.
PLACES = (
    "~/.pyenv/versions/*/lib/python3.*",
    "~/.local/share/uv/python/*/lib/python3.*",
    "/usr/local/lib/python3.*",
    "/opt/python/*/lib/python3.*",
    "/usr/lib/python3.*",
)

WHAT_TO_INSTALL = (
    "no Python here carries CPython's own tests (the folder test/test_concurrent_futures of "
    "Python 3.13 or newer): install one with `pyenv install 3.13` or `uv python install 3.13`, "
    "or Debian's package libpython3.13-testsuite"
)

#: The folder of these tests inside the standard library.
FOLDER = Path("test") / "test_concurrent_futures"

INSIDE = Path(__file__).parent / "inside"

#: The name of the package `inside` in a kernel.
PACKAGE = "cpython_tests"

WHEEL = "cpython_tests-0-py3-none-any.whl"

METADATA = "Metadata-Version: 2.1\nName: cpython-tests\nVersion: 0\n"

ABOUT_THE_WHEEL = "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


class Case(NamedTuple):
    """A class of tests as a kernel runs it."""

    #: A module of `test.test_concurrent_futures`.
    module: str
    #: The class. CPython makes one for each kind of executor; this one is for spawned processes.
    name: str
    #: The modules and classes in which its methods are written.
    parts: tuple[tuple[str, str], ...]


CASES = (
    Case("test_future", "FutureTests", (("test_future", "FutureTests"),)),
    Case(
        "test_as_completed",
        "ProcessPoolSpawnAsCompletedTest",
        (("test_as_completed", "AsCompletedTests"),),
    ),
    Case("test_wait", "ProcessPoolSpawnWaitTest", (("test_wait", "WaitTests"),)),
    Case(
        "test_process_pool",
        "ProcessPoolSpawnProcessPoolExecutorTest",
        (("executor", "ExecutorTest"), ("test_process_pool", "ProcessPoolExecutorTest")),
    ),
    Case("test_init", "ProcessPoolSpawnInitializerTest", (("test_init", "InitializerMixin"),)),
    Case(
        "test_init",
        "ProcessPoolSpawnFailingInitializerTest",
        (("test_init", "FailingInitializerMixin"),),
    ),
    Case(
        "test_init",
        "FailingInitializerResourcesTest",
        (("test_init", "FailingInitializerResourcesTest"),),
    ),
    Case(
        "test_shutdown",
        "ProcessPoolSpawnProcessPoolShutdownTest",
        (("test_shutdown", "ExecutorShutdownTest"), ("test_shutdown", "ProcessPoolShutdownTest")),
    ),
    Case(
        "test_deadlock",
        "ProcessPoolSpawnExecutorDeadlockTest",
        (("test_deadlock", "ExecutorDeadlockTest"),),
    ),
)


class Method(NamedTuple):
    """One of CPython's tests."""

    case: Case
    name: str

    def __str__(self) -> str:
        return f"{self.case.module}.{self.case.name}.{self.name}"


def find() -> Path | None:
    """The standard library whose tests to take: the oldest that is new enough; None without one."""
    here = Path(os.__file__).parent
    found = {here, *(Path(p) for place in PLACES for p in glob.glob(os.path.expanduser(place)))}
    fit = [
        (_version(library), library != here, str(library))
        for library in found
        if _version(library) >= OLDEST and (library / FOLDER / "executor.py").is_file()
    ]
    return Path(min(fit)[2]) if fit else None


def _version(library: Path) -> tuple[int, ...]:
    match = re.fullmatch(r"python(\d+)\.(\d+)", library.name)
    return tuple(map(int, match.groups())) if match else sys.version_info[:2]


def methods(library: Path) -> list[Method]:
    """The tests of the chosen classes, in the order of `CASES`, read without an import."""
    return [
        Method(case, name)
        for case in CASES
        for name in dict.fromkeys(
            name for module, part in case.parts for name in _test_names(library, module, part)
        )
    ]


def _test_names(library: Path, module: str, part: str) -> Iterator[str]:
    tree = ast.parse((library / FOLDER / f"{module}.py").read_text("utf-8"))
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.name == part:
            for item in node.body:
                # A class could also assign `test_spawn = …`, but CPython does not do that here.
                if isinstance(item, ast.FunctionDef) and item.name.startswith("test"):
                    yield item.name


def make_wheel(library: Path, folder: Path) -> Path:
    """Make a wheel for a kernel: CPython's tests with their licence, and our package around them.

    Workers get the wheel, too, as any installed package: they import functions of tests by name.

    Args:
        library: the standard library that has the tests.
        folder: the folder to write the wheel to.
    """
    folder.mkdir(parents=True, exist_ok=True)
    wheel = folder / WHEEL
    info = f"{WHEEL.rpartition('-py3')[0]}.dist-info"
    contents = {f"{PACKAGE}/{path.name}": path.read_text("utf-8") for path in INSIDE.glob("*.py")}
    # Replaces CPython's file, which is empty: so the shims are applied before any test is imported.
    contents["test/__init__.py"] = f"from {PACKAGE}.shims import apply\n\napply()\n"
    for part in (Path("test") / "support", FOLDER):
        for path in sorted((library / part).glob("*.py")):
            contents[path.relative_to(library).as_posix()] = path.read_text("utf-8")
    licence = library / "LICENSE.txt"
    if licence.is_file():
        contents[f"{info}/licenses/LICENSE.txt"] = licence.read_text("utf-8")
    contents[f"{info}/METADATA"] = METADATA
    contents[f"{info}/WHEEL"] = ABOUT_THE_WHEEL
    names = [*contents, f"{info}/RECORD"]
    contents[f"{info}/RECORD"] = "".join(f"{name},,\n" for name in names)
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in contents.items():
            archive.writestr(name, text)
    return wheel
