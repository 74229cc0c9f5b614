"""A copy of the built site whose kernels start sooner.

A kernel unpacks the wheels of its site one file after the other, for two or three seconds. Most of
these files are types of libraries, for completions by Jedi, and scripts of widgets that JupyterLab
has anyway. No test needs them, and a run of all tests starts hundreds of kernels.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import zipfile
from pathlib import Path

#: Names of files that are left out of a wheel, by the name of its package.
LEFT_OUT = {
    "jedi": re.compile(r"jedi/third_party/.*"),
    "widgetsnbextension": re.compile(r".*\.(js|map)"),
    "jupyterlab-widgets": re.compile(r".*\.(js|map)"),
}


def lean_site(built: Path, folder: Path) -> Path:
    """Make a copy of a built site; the new folder. Files that are the same are links."""
    shutil.copytree(built, folder, copy_function=os.link)
    lock = folder / "static" / "pyodide-lock" / "pyodide-lock.json"
    known = json.loads(lock.read_text("utf-8"))
    for name, files in LEFT_OUT.items():
        package = known["packages"][name]
        wheel = lock.parent / Path(package["file_name"]).name
        _leave_out(wheel, files)
        package["sha256"] = hashlib.sha256(wheel.read_bytes()).hexdigest()
    lock.unlink()  # it is the one file of both sites
    lock.write_text(json.dumps(known), "utf-8")
    return folder


def _leave_out(wheel: Path, files: re.Pattern[str]) -> None:
    """Write a wheel anew, without some of its files."""
    with zipfile.ZipFile(wheel) as old:
        kept = [(entry, old.read(entry)) for entry in old.infolist()]
    wheel.unlink()
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as new:
        for entry, content in kept:
            if not files.fullmatch(entry.filename):
                new.writestr(entry, content)
