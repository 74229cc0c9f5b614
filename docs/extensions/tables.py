"""Heads of tables that a screen reader can announce.

Markdown wants a head for each table, also where there is nothing to say in it.
"""

from __future__ import annotations

from docutils import nodes
from sphinx.application import Sphinx


def name_heads(app: Sphinx, doctree: nodes.document) -> None:
    """Remove heads without a word, and name cells that are empty for those who cannot see them."""
    for head in list(doctree.findall(nodes.thead)):
        if not head.astext().strip():
            head.parent.remove(head)
            continue
        for cell in head.findall(nodes.entry):
            if not cell.astext().strip():
                cell.children = [nodes.inline("", "more", classes=["visually-hidden"])]


def setup(app: Sphinx) -> dict[str, bool]:
    """Listen for pages that were read."""
    app.connect("doctree-read", name_heads)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
