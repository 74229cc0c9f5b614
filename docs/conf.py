"""How Sphinx builds the documentation: `make docs`."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).parent
# The names that the pages tell of are those of this tree, also where a wheel is installed.
sys.path[:0] = [str(HERE.parent), str(HERE / "extensions")]

from jupyterlite_pool import __version__  # noqa: E402

project = "jupyterlite-pool"
author = "jupyterlite-pool contributors"
copyright = f"{author}, BSD-3-Clause"  # noqa: A001 - Sphinx's name
version = release = __version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "myst_parser",
    "sphinx_design",
    "from_the_code",
    "root_pages",
    "accessible",
    "try_it",
]

exclude_patterns = ["extensions", "_static"]
root_doc = "index"

# MyST: the pages are read on GitHub, too, so there is little of its own syntax in them.
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 4

# A name in single backticks of a docstring is code.
default_role = "code"

# Signatures and docstrings say the types once, and as they are written.
autodoc_typehints = "signature"
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_custom_sections = [("Warns", "Warns")]
python_maximum_signature_line_length = 80

html_theme = "pydata_sphinx_theme"
html_title = "jupyterlite-pool"
html_static_path = ["_static"]
html_css_files = ["pages.css"]
# Pages without pages below them need no list of these.
html_sidebars = {
    name: []
    for name in (
        *("index", "teachers", "analysts", "site-owners", "documentation-authors", "porting"),
        *("why-did-my-worker-stop", "beside", "search", "genindex", "py-modindex"),
    )
}
html_copy_source = False
html_show_sourcelink = False
pygments_style = "default"
html_theme_options = {
    "header_links_before_dropdown": 8,
    "navigation_with_keys": False,
    "show_nav_level": 1,
    "navbar_align": "left",
    "footer_start": ["copyright"],
    "footer_end": [],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
