"""An action as soon as a module is imported."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import zipfile
from collections.abc import Iterator
from importlib.machinery import PathFinder
from pathlib import Path
from types import ModuleType

import pytest

from jupyterlite_pool.imports import AfterImport

NAMES = ("awaited_module", "other_module")


@pytest.fixture(params=["folder", "archive"])
def place(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[None]:
    """Two modules, in a folder, or in an archive that has one loader for both."""
    place = tmp_path / request.param
    if request.param == "folder":
        place.mkdir()
        for name in NAMES:
            (place / f"{name}.py").write_text("x = 1")
    else:
        with zipfile.ZipFile(place, "w") as archive:
            for name in NAMES:
                archive.writestr(f"{name}.py", "x = 1")
    monkeypatch.syspath_prepend(str(place))
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    yield
    for name in NAMES:
        sys.modules.pop(name, None)


@pytest.mark.usefixtures("place")
def test_the_action_gets_the_whole_module_once() -> None:
    seen: list[int] = []
    AfterImport({"awaited_module": lambda module: seen.append(module.x)}).start()
    importlib.import_module("other_module")
    assert seen == []
    module = importlib.import_module("awaited_module")
    importlib.import_module("awaited_module")
    assert seen == [1]
    assert module.__spec__ is not None
    usual = PathFinder.find_spec("awaited_module")
    assert usual is not None
    assert type(module.__spec__.loader) is type(module.__loader__) is type(usual.loader)


@pytest.mark.usefixtures("place")
def test_whoever_only_looks_for_the_module_changes_nothing() -> None:
    seen: list[str] = []
    AfterImport({"awaited_module": lambda module: seen.append(module.__name__)}).start()
    assert importlib.util.find_spec("awaited_module") is not None
    importlib.import_module("other_module")
    assert seen == []
    importlib.import_module("awaited_module")
    assert seen == ["awaited_module"]


@pytest.mark.usefixtures("place")
def test_the_other_finders_find_it_in_their_order() -> None:
    class First:
        """Finds all modules, as the finder of a worker does."""

        @staticmethod
        def find_spec(name: str, path: object, target: object = None) -> object:
            return PathFinder.find_spec(name)

    seen: list[ModuleType] = []
    sys.meta_path.insert(0, First())  # type: ignore[arg-type]
    AfterImport({"awaited_module": seen.append}).start()
    module = importlib.import_module("awaited_module")
    assert seen == [module]


@pytest.mark.usefixtures("place")
def test_it_knows_which_modules_are_being_executed(tmp_path: Path) -> None:
    seen: list[set[str]] = []
    finder = AfterImport(
        {name: lambda module: seen.append({*finder.executing}) for name in (*NAMES, "outer_module")}
    )
    finder.start()
    outer = tmp_path / "more"
    outer.mkdir()
    (outer / "outer_module.py").write_text("import awaited_module")
    sys.path.insert(0, str(outer))
    try:
        importlib.import_module("outer_module")
    finally:
        sys.modules.pop("outer_module")
    assert seen == [{"outer_module"}, set()]


@pytest.mark.usefixtures("place")
def test_after_the_end_nothing_is_called() -> None:
    seen: list[ModuleType] = []
    finder = AfterImport({"awaited_module": seen.append, "no_module_of_this_name": seen.append})
    finder.start()
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("no_module_of_this_name")
    finder.stop()
    importlib.import_module("awaited_module")
    assert seen == []
    finder.start()
    assert seen == [sys.modules["awaited_module"]]  # it is there already
