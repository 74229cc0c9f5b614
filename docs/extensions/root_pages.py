"""Pages that stand in the repository's first folder, where people look for them.

On GitHub such a page is a stub with a link to the file; the site shows the file itself.
"""

from __future__ import annotations

import re
from pathlib import Path

from sphinx.application import Sphinx

ROOT = Path(__file__).parents[2]

#: The pages, and the files that they show.
FILES = {
    "security": "SECURITY.md",
    "contributing": "CONTRIBUTING.md",
    "code-of-conduct": "CODE_OF_CONDUCT.md",
    "changes": "CHANGELOG.md",
}


def show_file(app: Sphinx, docname: str, source: list[str]) -> None:
    """Replace a stub with its file, whose links lead to pages of the site."""
    if docname not in FILES:
        return
    file = ROOT / FILES[docname]
    app.env.note_dependency(str(file))
    source[0] = with_links_from_docs(file.read_text("utf-8"))


def with_links_from_docs(text: str) -> str:
    """The text of a file of the first folder, with links as a page of `docs/` has them."""
    text = re.sub(r"\]\(docs/", "](", text)
    for docname, name in FILES.items():
        text = text.replace(f"]({name}", f"]({docname}.md")
    return text


def setup(app: Sphinx) -> dict[str, bool]:
    """Listen for pages that are read."""
    app.connect("source-read", show_file)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
