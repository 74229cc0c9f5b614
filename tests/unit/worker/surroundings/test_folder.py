"""The current folder of a worker."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyterlite_pool.worker.surroundings import folder
from jupyterlite_pool.worker.surroundings.folder import Folder
from jupyterlite_pool.worker.surroundings.scratch import CLOSED, OPEN


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setattr(folder, "SCRATCH", tmp_path / "scratch")
    before = Path.cwd()
    yield home
    os.chdir(before)


def mode(place: Path) -> int:
    return place.stat().st_mode & 0o777


def test_with_the_drive_a_folder_is_as_it_is(home: Path) -> None:
    place = home / "data"
    Folder(drive=True).enter(str(place))
    assert Path.cwd() == place.resolve()
    assert mode(place) & 0o700 == 0o700


def test_without_the_drive_one_folder_is_closed_at_a_time(home: Path) -> None:
    mine = Folder(drive=False)
    mine.enter(str(home))
    assert mode(home) == CLOSED
    assert (home / ".cache").is_dir()
    place = home / "data" / "today"
    mine.enter(str(place))
    mine.enter(str(place))
    assert Path.cwd() == place.resolve()
    assert (mode(home), mode(place)) == (OPEN, CLOSED)
    mine.enter(str(home))
    assert (mode(home), mode(place)) == (CLOSED, OPEN)


def test_a_task_that_went_elsewhere_is_brought_back(home: Path) -> None:
    mine = Folder(drive=False)
    mine.enter(str(home))
    os.chdir("/")
    mine.enter(str(home))
    assert Path.cwd() == home.resolve()


def test_scratch_files_have_their_place(tmp_path: Path) -> None:
    place = tmp_path / "scratch" / "mine"
    Folder(drive=False).enter(str(place))
    assert mode(place) & 0o700 == 0o700
