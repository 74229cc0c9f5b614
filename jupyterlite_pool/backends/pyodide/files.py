"""The files that workers are made of."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import cloudpickle

#: The folder of this package.
PACKAGE = Path(__file__).parents[2]


def runtime_files() -> bytes:
    """What a worker's Python side is made of, as a zip archive for site-packages."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for package in (PACKAGE, Path(cloudpickle.__file__).parent):
            for path in sorted(package.rglob("*.py")):
                archive.write(path, path.relative_to(package.parent).as_posix())
    return out.getvalue()
