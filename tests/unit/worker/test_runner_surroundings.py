"""A runner gives its worker the surroundings of a task, or gives the task back."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from jupyterlite_pool.wire.payload import encode
from jupyterlite_pool.wire.protocol import MODULES_PREFIX, SURROUNDINGS_PREFIX
from jupyterlite_pool.worker.runner import Runner
from jupyterlite_pool.worker.surroundings.packages import Provided
from jupyterlite_pool.worker.surroundings.settings import read_settings
from jupyterlite_pool.worker.surroundings.surroundings import Surroundings, WorkerSurroundings

from .running import Recorder, run


def surroundings_key(number: int) -> str:
    return f"{SURROUNDINGS_PREFIX}{number}"


class Packages:
    """A lock file with one package."""

    def __init__(self) -> None:
        self.loaded: list[Sequence[str]] = []

    async def load(self, names: Sequence[str]) -> dict[str, str]:
        self.loaded.append(list(names))
        return {}

    def load_now(self, name: str) -> str | None:
        return "there is no such package"

    def note_installed(self, name: str) -> None: ...

    def note_removed(self, name: str) -> None: ...


@pytest.fixture
def finders() -> Iterator[None]:
    """Put back the finders and settings that a worker changes."""
    before = list(sys.meta_path), list(sys.path)
    yield
    sys.meta_path[:], sys.path[:] = before


def surroundings(edition: int, **changed: Any) -> Surroundings:
    none = Surroundings(edition, [], {}, {}, None, list(sys.path), encode(read_settings()).payload)
    return none._replace(**changed)


def put_surroundings(runner: Runner, wanted: Surroundings) -> str:
    key = surroundings_key(wanted.edition)
    runner.put(key, *encode(tuple(wanted))[:2])
    return key


@pytest.mark.usefixtures("finders")
def test_surroundings_are_brought_about_before_the_task_that_names_them(
    port: Recorder, tmp_path: Path
) -> None:
    packages = Packages()
    runner = Runner(port, 0, 1000, WorkerSurroundings(packages, str(tmp_path)))
    path = [*sys.path, "/of/the/notebook"]
    key = put_surroundings(runner, surroundings(1, packages=["a"], path=path))
    run(runner, abs, [(-1,), (-2,)], surroundings=key)
    assert packages.loaded == [["a"]]
    assert port.values == [1, 2]
    assert sys.path == path


@pytest.mark.usefixtures("finders")
def test_a_worker_prepares_no_more_when_its_preparation_has_failed(
    port: Recorder, tmp_path: Path
) -> None:
    class Broken(Packages):
        async def load(self, names: Sequence[str]) -> dict[str, str]:
            raise OSError("no space left")

    said: list[str] = []
    around = WorkerSurroundings(Broken(), str(tmp_path), announce=said.append)
    runner = Runner(port, 0, 1000, around)
    key = put_surroundings(runner, surroundings(1, packages=["a"]))
    run(runner, abs, [(-1,)], surroundings=key)
    assert "no space left" in str(port.failure())
    assert said == ["preparing", "running"]


@pytest.mark.usefixtures("finders")
def test_a_package_that_cannot_be_had_fails_the_task_that_imports_it(
    port: Recorder, tmp_path: Path
) -> None:
    runner = Runner(port, 0, 1000, WorkerSurroundings(Packages(), str(tmp_path)))
    provides = {"nowhere": Provided("no-where", "1.2")}
    key = put_surroundings(runner, surroundings(1, provides=provides))
    run(runner, abs, [(-1,)], surroundings=key)
    assert port.values == [1]
    run(runner, importlib.import_module, [("nowhere",)], surroundings=key)
    error = port.failure()
    assert isinstance(error, ImportError)
    assert "no-where 1.2, which the notebook has: there is no such package" in str(error)


@pytest.mark.usefixtures("finders")
def test_a_worker_that_imported_what_has_changed_gives_its_tasks_back(
    port: Recorder, tmp_path: Path
) -> None:
    runner = Runner(port, 0, 1000, WorkerSurroundings(Packages(), str(tmp_path)))
    keys = []
    for edition, source in enumerate([b"x = 1", b"x = 2"]):
        part = f"{MODULES_PREFIX}{edition}"
        sent = {"of_the_notebook": ("/nowhere/of_the_notebook.py", source, None)}
        runner.put(part, *encode(sent)[:2])
        keys.append(put_surroundings(runner, surroundings(edition, modules=part)))
    try:
        run(runner, importlib.import_module, [("of_the_notebook",)], surroundings=keys[0])
        assert sys.modules["of_the_notebook"].x == 1
        run(runner, abs, [(-3,)], surroundings=keys[0])
        assert port.retired == []
        run(runner, abs, [(-4,)], surroundings=keys[1])
        assert port.retired == ["of_the_notebook has changed since it was imported"]
        assert port.values[-1] == 3
    finally:
        del sys.modules["of_the_notebook"]


def fail_to_open(path: str) -> None:
    raise FileNotFoundError(2, "No such file or directory", path)


class OpensWhenRead:
    """An argument whose reading opens a file, such as a store of Dask's shuffle."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return fail_to_open, (self.path,)


@pytest.mark.usefixtures("finders")
def test_an_error_about_a_file_of_another_interpreter_says_whose_it_is(
    port: Recorder, tmp_path: Path
) -> None:
    runner = Runner(port, 0, 1000, WorkerSurroundings(Packages(), str(tmp_path)))
    run(runner, fail_to_open, [("/tmp/not-shared/worker-1001/tmpabc",)])
    assert "a temporary file of worker-1001, and nobody else has it" in notes(port.failure())


@pytest.mark.usefixtures("finders")
def test_a_call_that_cannot_be_read_for_want_of_a_file_says_whose_it_is(
    port: Recorder, tmp_path: Path
) -> None:
    runner = Runner(port, 0, 1000, WorkerSurroundings(Packages(), str(tmp_path)))
    run(runner, abs, [(OpensWhenRead("/tmp/not-shared/notebook/x"),)])
    assert "a temporary file of the notebook, and nobody else has it" in notes(port.failure())


@pytest.mark.usefixtures("finders")
def test_other_errors_about_files_are_left_alone_where_the_drive_is(
    port: Recorder, tmp_path: Path
) -> None:
    runner = Runner(port, 0, 1000, WorkerSurroundings(Packages(), str(tmp_path)))
    run(runner, fail_to_open, [("/drive/x.txt",)])
    assert notes(port.failure()) == ""


def notes(error: BaseException) -> str:
    return "\n".join(getattr(error, "__notes__", []))
