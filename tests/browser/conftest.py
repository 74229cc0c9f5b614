"""What tests of the built site share."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT


@pytest.fixture
def changed_site(serve: Callable[..., str], tmp_path: Path) -> Callable[..., str]:
    """Serves a copy of the site with another configuration; returns its URL."""

    def change(edit: Callable[[dict[str, Any]], None]) -> str:
        folder = tmp_path / "site"
        shutil.copytree(ROOT / "_output", folder, copy_function=os.link)
        file = folder / "jupyter-lite.json"
        about = json.loads(file.read_text("utf-8"))
        edit(about["jupyter-config-data"])
        file.unlink()  # it is the one file of both sites
        file.write_text(json.dumps(about), "utf-8")
        return serve(folder)

    return change
