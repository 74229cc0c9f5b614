"""The notebooks of the repository, as files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).parents[2] / "notebooks"

#: The tag of a cell that is to end with an error; *Run All* goes on behind it.
RAISES = "raises-exception"


class Cell(NamedTuple):
    """A cell with code."""

    name: str
    source: str
    raises: bool


def all_notebooks() -> list[Path]:
    """The files, sorted by name."""
    return sorted(FOLDER.glob("*.ipynb"))


def cells_of(file: Path) -> list[Cell]:
    """The cells with code, in order."""
    cells = json.loads(file.read_text("utf-8"))["cells"]
    return [
        Cell(
            cell["id"],
            "".join(cell["source"]),
            RAISES in cell["metadata"].get("tags", ()),
        )
        for cell in cells
        if cell["cell_type"] == "code"
    ]
