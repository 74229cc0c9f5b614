"""Markup that a screen reader can announce.

Markdown wants a head for each table, also where there is nothing to say in it. Sphinx writes the
parameters of a long signature as a list of definitions without terms.
"""

from __future__ import annotations

import re
from typing import Any

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


#: The parameters of a signature that has a line for each.
_PARAMETERS = re.compile(
    r'(<span class="sig-paren">\(</span>\s*)<dl>(.*?)</dl>(\s*<span class="sig-paren">\))',
    re.DOTALL,
)


def _as_lines(found: re.Match[str]) -> str:
    lines = found[2].replace("<dd>", "<span>").replace("</dd>", "</span>")
    return f'{found[1]}<span class="sig-lines">{lines}</span>{found[3]}'


def write_parameters_as_lines(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Make plain lines of the parameters of long signatures."""
    if "body" in context:
        context["body"] = _PARAMETERS.sub(_as_lines, context["body"])


def setup(app: Sphinx) -> dict[str, bool]:
    """Listen for pages that were read, and for pages that are written."""
    app.connect("doctree-read", name_heads)
    app.connect("html-page-context", write_parameters_as_lines)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
