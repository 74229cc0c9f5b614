"""Code that runs on the page: a directive `try-it`, and the site on which it runs.

The button opens the console of our own JupyterLite site in a frame below the code. Nothing is
loaded before somebody presses it. (`jupyterlite-sphinx` has such a directive, too; its button
cannot be reached with the keyboard, and its frame has no name for screen readers.)
"""

from __future__ import annotations

import os
import shutil
from html import escape
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlencode

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

ROOT = Path(__file__).parents[2]

#: Where the site is, in the built pages.
SITE = "lite"


class TryIt(SphinxDirective):
    """Shows code, and a button that runs it."""

    has_content = True
    option_spec: ClassVar = {"height": directives.nonnegative_int}

    def run(self) -> list[nodes.Node]:
        code = "\n".join(self.content)
        shown = nodes.literal_block(code, code, language="python")
        query = urlencode({"kernel": "python", "toolbar": 1, "execute": 1, "code": code})
        depth = self.env.docname.count("/")
        address = f"{'../' * depth}{SITE}/repl/index.html?{query}"
        height = self.options.get("height", 420)
        button = (
            f'<p class="try-it"><button type="button" class="btn btn-primary" '
            f'data-address="{escape(address)}" data-height="{height}">Run it here</button> '
            "<span>It runs in your browser. The first start takes some seconds.</span></p>"
        )
        return [shown, nodes.raw("", button, format="html")]


class OpenNotebook(SphinxDirective):
    """A link that opens a notebook of the site in JupyterLab."""

    required_arguments = 1
    final_argument_whitespace = False
    has_content = True

    def run(self) -> list[nodes.Node]:
        path = self.arguments[0]
        if not (ROOT / "notebooks" / path).exists():
            raise self.error(f"there is no notebook {path}")
        depth = self.env.docname.count("/")
        address = f"{'../' * depth}{SITE}/lab/index.html?{urlencode({'path': path})}"
        text = " ".join(self.content) or f"Open {path}"
        link = f'<p><a class="open-link" href="{escape(address)}">{text}</a></p>'
        return [nodes.raw("", link, format="html")]


class SiteLink(SphinxDirective):
    """A link to a page of the site."""

    required_arguments = 1
    has_content = True

    def run(self) -> list[nodes.Node]:
        if not (ROOT / self.arguments[0]).exists():
            raise self.error(f"there is no {self.arguments[0]}")
        address = f"{'../' * self.env.docname.count('/')}{SITE}/{self.arguments[0]}"
        text = " ".join(self.content)
        link = f'<p><a class="open-link" href="{escape(address)}">{text}</a></p>'
        return [nodes.raw("", link, format="html")]


def bring_site(app: Sphinx, error: Exception | None) -> None:
    """Put the built site beside the pages; without one, the buttons lead nowhere."""
    built = ROOT / "_output"
    if error is not None or app.builder.format != "html" or not built.exists():
        return
    target = Path(app.outdir) / SITE
    if target.exists():
        shutil.rmtree(target)
    shutil.copytree(built, target, copy_function=_link)


def _link(source: str, target: str) -> None:
    """A second name of the same file: the site has a hundred megabytes."""
    try:
        os.link(source, target)
    except OSError:  # another disk
        shutil.copy2(source, target)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directives."""
    app.add_directive("try-it", TryIt)
    app.add_directive("open-notebook", OpenNotebook)
    app.add_directive("site-link", SiteLink)
    app.add_js_file("try_it.js")
    app.connect("build-finished", bring_site)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
