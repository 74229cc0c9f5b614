"""The notebook's own modules, and when one of them has changed."""

from __future__ import annotations

import importlib
import pickle
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jupyterlite_pool.surroundings import modules as _modules
from jupyterlite_pool.surroundings.modules import NotebookModules


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "own_of_test.py").write_text("x = 1\n")
    importlib.import_module("own_of_test")
    yield tmp_path
    sys.modules.pop("own_of_test", None)


def sent(own: NotebookModules) -> dict[str, Any]:
    part = own.sources()
    assert part is not None
    found: dict[str, Any] = pickle.loads(part[1].payload)
    return found


def test_the_source_is_that_of_the_last_reload(folder: Path) -> None:
    own = NotebookModules()
    file = folder / "own_of_test.py"
    assert sent(own)["own_of_test"] == (str(file), b"x = 1\n", None)
    assert not own.changed()
    file.write_text("x = 22\n")
    assert not own.changed()
    assert sent(own)["own_of_test"][1] == b"x = 1\n"
    importlib.reload(sys.modules["own_of_test"])
    assert own.changed()
    assert sent(own)["own_of_test"][1] == b"x = 22\n"
    del sys.modules["own_of_test"]
    assert own.changed()
    assert "own_of_test" not in sent(own)


def test_the_standard_library_and_packages_are_nobodys_own() -> None:
    own = NotebookModules()
    assert not {"json", "pytest", "__main__", "sys"} & sent(own).keys()


def test_a_notebook_that_was_reset_is_none_of_them(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # `%reset` leaves a notebook's module without the names that Python has given it.
    monkeypatch.delattr(sys.modules["__main__"], "__spec__")
    assert "own_of_test" in sent(NotebookModules())


def test_a_change_in_place_by_autoreload_is_one_but_not_its_first_word(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    times: dict[str, float] = {}
    monkeypatch.setattr(_modules, "_autoreloaded", lambda: times)
    own = NotebookModules()
    sent(own)
    times["own_of_test"] = 1.0
    (folder / "own_of_test.py").write_text("x = 333\n")
    assert not own.changed()
    assert sent(own)["own_of_test"][1] == b"x = 1\n"
    times["own_of_test"] = 2.0
    assert own.changed()
    assert sent(own)["own_of_test"][1] == b"x = 333\n"
