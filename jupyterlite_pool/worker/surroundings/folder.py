"""The folder in which tasks work: the notebook's, where a worker has it."""

from __future__ import annotations

import os
from pathlib import Path

#: Where the notebook's files are.
DRIVE = Path("/drive")

#: What is meant to be lost.
SCRATCH = Path("/tmp")

#: Of home: what libraries keep for themselves, and do without.
KEPT_BY_LIBRARIES = (".cache", ".config", ".local")

#: To be entered and passed through: what is asked for is not there, and nothing is put there.
CLOSED = 0o111
OPEN = 0o755


class Folder:
    """A worker's current directory.

    Without the drive, a worker has a folder of the same name instead, of its own. Tasks would find
    it empty, and what they wrote there would be gone with the worker: so nobody may list it, or
    write there. Scratch files have other places.
    """

    def __init__(self, drive: bool) -> None:
        self._drive = drive
        self._closed: Path | None = None

    def enter(self, name: str) -> None:
        """Make it the notebook's folder of this name."""
        folder = Path(name)
        if folder != self._closed:
            self._open()
            if not self._drive or DRIVE not in (folder, *folder.parents):
                folder.mkdir(parents=True, exist_ok=True)
        if folder.is_dir():  # or the notebook has removed it since
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
