"""Which files code opens and changes, as Python's audit events tell."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

#: Stands behind a folder for the list of what is in it.
LIST = "/*"

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

#: Events of changes, each with the number of paths that it begins with.
_CHANGES = {
    "os.remove": 1,
    "os.rename": 2,
    "os.mkdir": 1,
    "os.rmdir": 1,
    "os.truncate": 1,
    "os.link": 2,
    "os.symlink": 2,
    "sqlite3.connect": 1,
}


class Files(NamedTuple):
    """The files in the current folder and below that code has used."""

    read: set[str]
    written: set[str]

    def conflict(self, other: Files) -> str | None:
        """A file that one has changed and the other has used as well; None if there is none."""
        both = {path for path in self.written & other.written if not path.endswith(LIST)}
        found = both | (self.written & other.read) | (self.read & other.written)
        return min(found).removesuffix(LIST) if found else None


#: Where to note files; None if nobody wants to know.
_noting: tuple[Files, str] | None = None
_hooked = False


@contextmanager
def note_files() -> Iterator[Files]:
    """Note the files that are used meanwhile. An audit hook stays for good, but does nothing."""
    global _noting, _hooked
    if not _hooked:
        _hooked = True
        sys.addaudithook(_hear)
    files = Files(set(), set())
    _noting = files, os.path.join(os.getcwd(), "")
    try:
        yield files
    finally:
        _noting = None


def _hear(event: str, about: tuple[Any, ...]) -> None:
    if _noting is None:
        return
    if event == "open":
        path, mode, flags = about
        writes = bool(set(mode or "") & set("wax+")) or bool((flags or 0) & _WRITING)
        _note(path, writes)
    elif event in ("os.listdir", "os.scandir"):
        _note(about[0] if about[0] is not None else ".", False, LIST)
    elif event in _CHANGES:
        for path in about[: _CHANGES[event]]:
            _note(path, True)


def _note(path: Any, writes: bool, end: str = "") -> None:
    assert _noting is not None
    files, folder = _noting
    if not isinstance(path, (str, bytes, os.PathLike)):
        return
    whole = os.path.normpath(os.path.join(folder, os.fsdecode(path)))
    if not f"{whole}/".startswith(folder) or "__pycache__" in whole:
        return
    (files.written if writes else files.read).add(whole + end)
    if writes:
        files.written.add(os.path.dirname(whole) + LIST)
