"""Temporary files: the notebook and each of its workers have their own.

A file of `/tmp` is in the memory of one interpreter. Programs for processes hand such files on: one
task makes a file, and another task appends to it or reads it. In another worker the file is not
there. A program that reads it fails. But a program that first creates what is missing would go on,
and lose data without an error.

So `tempfile` makes its files in a folder that has the name of its interpreter. No interpreter can
create the folder of another, so a path that came from elsewhere is always an error.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

#: The folder for files that need not be kept.
SCRATCH = Path("/tmp")

#: Has one folder for the temporary files of this interpreter, and is closed for all others.
NOT_SHARED = SCRATCH / "not-shared"

#: The name of the notebook's folder in there.
NOTEBOOK = "notebook"

#: Permissions of a closed folder: a task can enter it, but neither list it nor write to it.
CLOSED = 0o111
OPEN = 0o755


def keep_apart(owner: str) -> str | None:
    """Let `tempfile` make its files in a folder that only this interpreter has.

    Args:
        owner: the name of the folder: `NOTEBOOK`, or the name of a worker.

    Returns:
        The path of the folder; None if the user has chosen another one, which then stays.
    """
    own = NOT_SHARED / owner
    if tempfile.gettempdir() not in (str(SCRATCH), str(own)):
        return None
    if not own.is_dir():
        make_closed(NOT_SHARED)
        NOT_SHARED.chmod(OPEN)
        own.mkdir()
        NOT_SHARED.chmod(CLOSED)
    tempfile.tempdir = str(own)
    return str(own)


def make_closed(folder: Path) -> None:
    """Make a folder of others, in which nothing can be created here; also the folders above it."""
    line = [place for place in (folder, *folder.parents) if is_private(place)]
    for place in reversed(line):
        if place.is_dir():
            place.chmod(OPEN)
        else:
            place.mkdir(parents=True)
    for place in line:
        place.chmod(CLOSED)


def is_private(folder: Path) -> bool:
    """Whether a folder belongs to one interpreter."""
    return NOT_SHARED in (folder, *folder.parents)


def chosen_folder() -> str | None:
    """The folder for temporary files that the user has chosen; None if there is no choice."""
    folder = tempfile.tempdir
    if folder is None or folder == str(SCRATCH) or is_private(Path(os.fsdecode(folder))):
        return None
    return os.fsdecode(folder)


def why_missing(path: Path) -> str | None:
    """Why a file may be missing here; None if its place says nothing about that."""
    if SCRATCH not in path.parents:
        return None
    if not is_private(path):
        return f"each worker, and the notebook, has a {SCRATCH} of its own"
    parts = path.relative_to(NOT_SHARED).parts
    owner = parts[0] if parts else "others"
    if owner == NOTEBOOK:
        owner = "the notebook"
    return f"this is a temporary file of {owner}, and nobody else has it"
