"""The notebooks of the repository, as files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).parents[2] / "notebooks"


class Cell(NamedTuple):
    """A cell with code."""

    name: str
    source: str


def all_notebooks() -> list[Path]:
    """The files, sorted by name."""
    return sorted(FOLDER.glob("*.ipynb"))


def cells_of(file: Path) -> list[Cell]:
    """The cells with code, in order."""
    cells = json.loads(file.read_text("utf-8"))["cells"]
    return [
        Cell(cell["id"], "".join(cell["source"])) for cell in cells if cell["cell_type"] == "code"
    ]
