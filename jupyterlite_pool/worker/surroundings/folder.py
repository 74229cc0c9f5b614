"""The current folder of a worker."""

from __future__ import annotations

import os
from pathlib import Path

from .scratch import CLOSED, OPEN, SCRATCH, is_private, make_closed

#: The folder of the notebook's files.
DRIVE = Path("/drive")

#: Folders in the home folder where libraries keep files. They work without these files, too.
KEPT_BY_LIBRARIES = (".cache", ".config", ".local")


class Folder:
    """A worker's current folder.

    If the worker has the notebook's files, this is the notebook's folder. Else it is an empty
    folder of the same name, whose files would be lost with the worker. So tasks may neither list
    that folder nor write to it: they get an error that says what to do instead. Temporary files
    have other folders. If the notebook is in one of its own temporary folders, tasks have a closed
    folder of that name in any case.
    """

    def __init__(self, drive: bool) -> None:
        self._drive = drive
        self._closed: Path | None = None

    def enter(self, name: str) -> None:
        """Enter the folder of this name."""
        folder = Path(name)
        if folder != self._closed:
            self._open()
            if is_private(folder):
                make_closed(folder)
            elif not self._drive or DRIVE not in (folder, *folder.parents):
                folder.mkdir(parents=True, exist_ok=True)
        if folder.is_dir():  # else the notebook has removed it
            os.chdir(folder)
        if not self._drive:
            self._close(folder)

    def _open(self) -> None:
        if self._closed is not None:
            self._closed.chmod(OPEN)
            self._closed = None

    def _close(self, folder: Path) -> None:
        if SCRATCH in (folder, *folder.parents):
            return
        if folder == Path.home():
            for name in KEPT_BY_LIBRARIES:
                (folder / name).mkdir(exist_ok=True)
        folder.chmod(CLOSED)
        self._closed = folder
