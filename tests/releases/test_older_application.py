"""Our labextension on the site of strangers, whose application is older than it fits."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Pages
from tests.releases.conftest import the_wheel
from tests.support.kernel import Kernel

NAME = "jupyterlite-pool"


def add_labextension(site: Path, wheel: Path, folder: Path) -> None:
    """Make a folder with the site's files, and the labextension of the wheel among its others."""
    (folder / "pyodide").symlink_to(site / "pyodide")
    lite = folder / "lite"
    extensions = lite / "extensions"
    extensions.mkdir(parents=True)
    for path in (*(site / "lite").iterdir(), *(site / "lite" / "extensions").iterdir()):
        link = folder / path.relative_to(site)
        if not link.exists() and path.name != "jupyter-lite.json":
            link.symlink_to(path)
    mark = f"/labextensions/{NAME}/"
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if mark in name:
                path = extensions / NAME / name.partition(mark)[2]
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(archive.read(name))
    about = json.loads((extensions / NAME / "package.json").read_text("utf-8"))
    config = json.loads((site / "lite" / "jupyter-lite.json").read_text("utf-8"))
    ours = {"name": NAME, "liteExtension": False, **about["jupyterlab"]["_build"]}
    config["jupyter-config-data"]["federated_extensions"].append(ours)
    (lite / "jupyter-lite.json").write_text(json.dumps(config), "utf-8")


@pytest.mark.timeout(300)
def test_the_labextension_stays_away_without_an_error(
    site_of_strangers: Path, pages: Pages, serve: Callable[..., str], tmp_path: Path
) -> None:
    add_labextension(site_of_strangers, the_wheel(), tmp_path)
    page = pages.open()
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: said.append(f"error: {error}"))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{serve(tmp_path)}/lite/lab/index.html")
    kernel = Kernel(page, strict=False)
    assert kernel.value("6 * 7") == 42
    assert any(f"/{NAME}/static/remoteEntry" in url for url in asked)
    errors = [text for text in said if text.startswith("error:")]
    assert not [text for text in errors if NAME in text or "hared module" in text], errors
