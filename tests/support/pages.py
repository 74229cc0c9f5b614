"""The documentation, built as `make docs` does."""

from __future__ import annotations

import os
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlparse

ROOT = Path(__file__).parents[2]

#: Where `jupyter` is, which `jupyterlite-sphinx` calls.
SCRIPTS = Path(sys.executable).parent


def build(target: Path, source: Path = ROOT / "docs") -> None:
    """Build a site of Sphinx in a folder; a warning is a failure."""
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html"]
    # Sphinx keeps what it has read beside the pages, unless it is told another place.
    places = ["-d", str(target.parent / f"{target.name}-read"), str(source), str(target)]
    done = subprocess.run(
        [*command, *places],
        cwd=ROOT,
        env={**os.environ, "NO_COLOR": "1", "PATH": f"{SCRIPTS}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout[-4000:]}\n{done.stderr[-4000:]}"


class Html(HTMLParser):
    """What a page links to, and the names that links to it can have."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.links: set[str] = set()
        self.ids: set[str] = set()
        self.feed(file.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("href", "src", "data-address") and value:
                self.links.add(value)
            elif name == "id" and value:
                self.ids.add(value)


#: Folders of a built site whose files are no pages of it: JupyterLite, and parts of the theme.
NO_PAGES = {"lite", "_static"}


def pages_of(folder: Path) -> dict[Path, Html]:
    """The pages of a built site."""
    files = sorted(folder.rglob("*.html"))
    own = [file for file in files if file.relative_to(folder).parts[0] not in NO_PAGES]
    return {file: Html(file) for file in own}


def local(link: str) -> tuple[str, str] | None:
    """The path and the anchor of a link; None if it leads elsewhere."""
    if urlparse(link).scheme or link.startswith("//"):
        return None
    path, anchor = urldefrag(link)
    return unquote(urlparse(path).path), unquote(anchor)
