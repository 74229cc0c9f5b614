"""Temporary files: the notebook and each of its workers have their own."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyterlite_pool.worker.surroundings import folder, scratch
from jupyterlite_pool.worker.surroundings.folder import Folder
from jupyterlite_pool.worker.surroundings.scratch import (
    CLOSED,
    NOTEBOOK,
    chosen_folder,
    keep_apart,
    why_missing,
)


@pytest.fixture(autouse=True)
def tmp(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    monkeypatch.setattr(scratch, "SCRATCH", tmp_path)
    monkeypatch.setattr(scratch, "NOT_SHARED", tmp_path / "not-shared")
    monkeypatch.setattr(folder, "SCRATCH", tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = Path.cwd()
    yield tmp_path
    os.chdir(before)
    for place in tmp_path.rglob("*"):
        if place.is_dir():
            place.chmod(0o755)


def mode(place: Path) -> int:
    return place.stat().st_mode & 0o777


def test_temporary_files_are_in_a_folder_with_the_owners_name(tmp: Path) -> None:
    own = keep_apart("worker-7")
    assert own == str(tmp / "not-shared" / "worker-7")
    assert tempfile.mkdtemp().startswith(own + "/tmp")
    assert keep_apart("worker-7") == own
    assert mode(Path(own)) & 0o700 == 0o700


def test_nobody_can_make_a_folder_beside_it(tmp: Path) -> None:
    keep_apart("worker-7")
    assert mode(tmp / "not-shared") == CLOSED


def test_a_folder_that_the_user_has_chosen_stays(
    monkeypatch: pytest.MonkeyPatch, tmp: Path
) -> None:
    chosen = str(tmp / "mine")
    monkeypatch.setattr(tempfile, "tempdir", chosen)
    assert keep_apart(NOTEBOOK) is None
    assert (tempfile.tempdir, chosen_folder()) == (chosen, chosen)


def test_the_own_folder_is_no_choice(tmp: Path) -> None:
    assert chosen_folder() is None
    keep_apart(NOTEBOOK)
    assert chosen_folder() is None


def test_a_task_of_a_notebook_in_a_temporary_folder_is_in_a_closed_one(tmp: Path) -> None:
    keep_apart("worker-7")
    place = tmp / "not-shared" / NOTEBOOK / "tmpabc" / "data"
    mine = Folder(drive=True)
    for _ in range(2):
        mine.enter(str(place))
        assert Path.cwd() == place.resolve()
        assert {mode(place), mode(place.parent), mode(tmp / "not-shared")} == {CLOSED}
        mine.enter(str(tmp))
    assert mode(tmp / "not-shared" / "worker-7") & 0o700 == 0o700


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("not-shared/notebook/tmpabc/x", "a temporary file of the notebook"),
        ("not-shared/worker-8/tmpabc", "a temporary file of worker-8"),
        ("not-shared", "a temporary file of others"),
        ("x.txt", "each worker, and the notebook, has a "),
    ],
)
def test_the_place_of_a_file_tells_why_it_is_missing(tmp: Path, path: str, words: str) -> None:
    assert words in str(why_missing(tmp / path))


def test_other_places_tell_nothing() -> None:
    assert why_missing(Path("/drive/x.txt")) is None
