"""The two archives of a release: the wheel, and the sources."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.conftest import ROOT

#: Of the repository, what is for its home alone.
LEFT_OUT = (".github/",)

#: What is built, and is not in git.
BUILT = ("build/labextension/", "jupyterlite_pool/static/")


def hatchling(target: str, source: Path, folder: Path, **settings: str) -> Path:
    command = [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(folder)]
    env = {**os.environ, **settings}
    done = subprocess.run(command, cwd=source, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    [archive] = folder.iterdir()
    return archive


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive of sources, with the scripts as they are built here."""
    folder = tmp_path_factory.mktemp("sources")
    return hatchling("sdist", ROOT, folder, HATCH_BUILD_NO_HOOKS="true")


#: Their names, and what names them, depend on the folder in which they are built.
HASHED = re.compile(r"labextensions/.*(/static/\w+\.[0-9a-f]{16}\.js|/package\.json)$|/RECORD$")


def files_of(wheel: Path) -> dict[str, int]:
    """The files of a wheel, each with a checksum."""
    with zipfile.ZipFile(wheel) as archive:
        return {file.filename: file.CRC for file in archive.infolist()}


def the_same_everywhere(wheel: Path) -> dict[str, int]:
    return {name: crc for name, crc in files_of(wheel).items() if not HASHED.search(name)}


def the_wheel() -> Path:
    [wheel] = (ROOT / "dist").glob("*.whl")
    return wheel


def test_the_sources_have_the_repository_and_what_is_built_and_nothing_else(sources: Path) -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("these are the sources of an archive, not a clone")
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    tracked = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True)
    wanted = {
        name
        for name in tracked.stdout.splitlines()
        if not name.startswith(LEFT_OUT) and (ROOT / name).exists()
    }
    with tarfile.open(sources) as archive:
        found = {name.partition("/")[2] for name in archive.getnames()}
    built = {name for name in found if name.startswith(BUILT)}
    assert {name.rpartition("/")[2] for name in built} >= {"pool.json", "pool.js", "worker.js"}
    assert found - built - {"PKG-INFO"} == wanted


def test_the_wheel_has_the_package_its_scripts_and_the_labextension() -> None:
    names = files_of(the_wheel())
    labextension = "data/share/jupyter/labextensions/jupyterlite-pool"
    for name in (
        *(f"jupyterlite_pool/static/{script}.js" for script in ("pool", "worker", "broker")),
        "jupyterlite_pool/static/kernel.js",
        "jupyterlite_pool/site/snapshot.mjs",
        f"{labextension}/pool.json",
        f"{labextension}/static/remoteEntry.",
        f"{labextension}/schemas/jupyterlite-pool/plugin.json",
    ):
        assert [found for found in names if name in found], name
    tops = {name.partition("/")[0].partition("-")[0] for name in names}
    assert tops == {"jupyterlite_pool"}


@pytest.mark.long
@pytest.mark.timeout(300)
def test_the_wheel_that_is_built_from_the_sources_is_the_wheel(
    sources: Path, tmp_path: Path
) -> None:
    with tarfile.open(sources) as archive:
        archive.extractall(tmp_path, filter="data")
    [folder] = tmp_path.iterdir()
    # What npm would download is here already.
    packages = Path("labextension", "node_modules")
    (folder / packages).symlink_to(ROOT / packages)
    shutil.rmtree(folder / "build")
    shutil.rmtree(folder / "jupyterlite_pool" / "static")
    made = hatchling("wheel", folder, tmp_path / "dist")
    assert made.name == the_wheel().name
    assert the_same_everywhere(made) == the_same_everywhere(the_wheel())
    assert len(files_of(made)) == len(files_of(the_wheel()))
