"""A notebook's shell, for the code of pages and of notebooks."""

from __future__ import annotations

from tests.unit.commands.conftest import notebook, shell
from tests.unit.conftest import _shut, history, pool

__all__ = ["_shut", "history", "notebook", "pool", "shell"]
