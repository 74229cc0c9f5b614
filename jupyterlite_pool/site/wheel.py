"""Repacks the installed package as a wheel for the kernel."""

from __future__ import annotations

import base64
import hashlib
import importlib.metadata
import zipfile
from pathlib import Path

NAME = "jupyterlite-pool"
PACKAGE = "jupyterlite_pool"

#: Folders of the package that a kernel never uses.
LEFT_OUT = ("site",)

#: The date of all files in the wheel, so that the same files always give the same bytes.
_TIME = (2020, 2, 2, 0, 0, 0)


def wheel_name() -> str:
    """The file name of the kernel's wheel."""
    return f"{PACKAGE}-{importlib.metadata.version(NAME)}-py3-none-any.whl"


def package_files() -> list[tuple[Path, str]]:
    """The path of each file of the kernel's wheel on this machine, and its name in the wheel."""
    distribution = importlib.metadata.distribution(NAME)
    files = []
    for file in distribution.files or ():
        top, *rest = file.parts
        inside = top == PACKAGE and rest[0] not in LEFT_OUT and file.suffix != ".pyc"
        about = top.endswith(".dist-info") and rest in (["METADATA"], ["WHEEL"])
        if inside or about:
            files.append((Path(str(distribution.locate_file(file))), file.as_posix()))
    return sorted(files, key=lambda pair: pair[1])


def write_wheel(target: Path) -> None:
    """Write the kernel's wheel to a path."""
    target.parent.mkdir(parents=True, exist_ok=True)
    record = []
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as wheel:

        def add(name: str, content: bytes) -> None:
            wheel.writestr(zipfile.ZipInfo(name, _TIME), content, zipfile.ZIP_DEFLATED)

        for path, name in package_files():
            content = path.read_bytes()
            add(name, content)
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=")
            record.append(f"{name},sha256={digest.decode()},{len(content)}")
        folder = f"{PACKAGE}-{importlib.metadata.version(NAME)}.dist-info"
        record.append(f"{folder}/RECORD,,")
        add(f"{folder}/RECORD", "\n".join([*record, ""]).encode())
