"""A program that wants processes is told what to do."""

from __future__ import annotations

import importlib
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from jupyterlite_pool.commands.no_processes import (
    NEEDED,
    NoProcesses,
    explain_missing_processes,
)
from jupyterlite_pool.tracebacks import HOOK


@pytest.fixture(autouse=True)
def _finders(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))


def test_the_error_says_what_to_do_and_is_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, NEEDED, raising=False)
    sys.meta_path.clear()  # nobody finds it, as in a browser
    explain_missing_processes()
    with pytest.raises(ImportError, match=r"jupyterlite_pool\.install\(\)") as caught:
        importlib.import_module(NEEDED)
    assert caught.value.name == NEEDED
    assert len(getattr(caught.value, HOOK)()) < 10
    with pytest.raises(ImportError, match="No module named 'something_else'"):
        importlib.import_module("something_else")


def test_where_the_module_is_found_nothing_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    explain_missing_processes()
    explain_missing_processes()
    assert sum(isinstance(finder, NoProcesses) for finder in sys.meta_path) == 1
    there: Any = SimpleNamespace()
    monkeypatch.setitem(sys.modules, NEEDED, there)
    assert importlib.import_module(NEEDED) is there
