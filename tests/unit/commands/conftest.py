"""A notebook's shell with the magics, and the shared pool in this process."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest
from IPython.core.interactiveshell import ExecutionResult, InteractiveShell
from traitlets.config import Config

from jupyterlite_pool import WorkerPoolExecutor
from jupyterlite_pool.api.history import History
from jupyterlite_pool.commands import cells as _cells
from jupyterlite_pool.commands.magics import load_ipython_extension


class Notebook:
    """Runs cells, and tells what they show."""

    def __init__(self, shell: Any, capsys: pytest.CaptureFixture[str]) -> None:
        self.shell = shell
        self._capsys = capsys

    def __getitem__(self, name: str) -> Any:
        return self.shell.user_ns[name]

    def __setitem__(self, name: str, value: object) -> None:
        self.shell.user_ns[name] = value

    def __contains__(self, name: str) -> bool:
        return name in self.shell.user_ns

    def execute(self, cell: str) -> ExecutionResult:
        """Run a cell, whatever comes of it."""
        return self.shell.run_cell(cell, store_history=True)

    def run(self, cell: str) -> Any:
        """Run a cell; returns its value."""
        done = self.execute(cell)
        done.raise_error()
        return done.result

    def fails(self, cell: str) -> str:
        """Run a cell that fails; returns what it shows."""
        self.shown()
        assert not self.execute(cell).success
        return self.shown()

    def gets(self, name: str, value: object) -> bool:
        """Wait until a name has this value, which a thread may set."""
        deadline = time.monotonic() + 10
        while self[name] != value and time.monotonic() < deadline:
            time.sleep(0.001)
        return bool(self[name] == value)

    def shows(self, pattern: str) -> str:
        """Wait until this is shown, which a thread may do; returns what was shown since."""
        seen, deadline = self.shown(), time.monotonic() + 10
        while not re.search(pattern, seen):
            assert time.monotonic() < deadline, seen
            time.sleep(0.001)
            seen += self.shown()
        return seen

    def shown(self) -> str:
        """What was shown since the last call."""
        out, err = self._capsys.readouterr()
        return out + err


@pytest.fixture(scope="session")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A shell that leaves nothing in this process or on this machine."""
    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "nocolor"
    main = sys.modules["__main__"]
    folder = str(tmp_path_factory.mktemp("ipython"))
    shell = InteractiveShell.instance(config=config, ipython_dir=folder)
    sys.modules["__main__"] = main
    load_ipython_extension(shell)
    yield shell
    InteractiveShell.clear_instance()


@pytest.fixture
def notebook(
    shell: Any,
    pool: WorkerPoolExecutor,
    history: History,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Notebook]:
    """An empty notebook."""
    monkeypatch.setattr(_cells, "_told", set())
    there = set(shell.user_ns)
    yield Notebook(shell, capsys)
    for name in set(shell.user_ns) - there:
        del shell.user_ns[name]
    shell.user_ns.update(shell.user_ns_hidden)
    shell.user_ns["Out"].clear()
    shell.user_ns["_"] = shell.user_ns["__"] = shell.user_ns["___"] = ""
