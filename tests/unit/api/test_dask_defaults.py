"""Dask's shuffles on the pool pass through results, not through files of one worker."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jupyterlite_pool.api.dask_defaults import DEFAULTS, shuffle_by_tasks

#: The part of Dask's configuration that takes defaults.
CONFIG = """
seen = []

def update_defaults(new):
    seen.append(new)
"""


@pytest.fixture(autouse=True)
def dask(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """A package of Dask's name, not imported yet."""
    before = [finder for finder in sys.meta_path if type(finder).__name__ != "AfterImport"]
    monkeypatch.setattr(sys, "meta_path", before)
    folder = tmp_path / "dask"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "config.py").write_text(CONFIG)
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in ("dask", "dask.config"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    yield
    for name in ("dask", "dask.config"):
        sys.modules.pop(name, None)


def config() -> Any:
    return importlib.import_module("dask.config")


def test_the_default_is_set_when_dask_is_imported_later() -> None:
    shuffle_by_tasks()
    assert "dask.config" not in sys.modules
    assert config().seen == [DEFAULTS]


def test_the_default_is_set_where_dask_is_imported_already() -> None:
    config()
    shuffle_by_tasks()
    assert config().seen == [DEFAULTS]


def test_it_is_set_once() -> None:
    shuffle_by_tasks()
    config()
    shuffle_by_tasks()
    assert config().seen == [DEFAULTS]


def test_a_module_of_that_name_that_is_not_dasks_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "dask" / "config.py").write_text("mine = 1")
    shuffle_by_tasks()
    assert config().mine == 1
