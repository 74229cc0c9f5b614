"""The README of the archives, which PyPI shows."""

from __future__ import annotations

import re

from metadata_hook import away

from tests.conftest import ROOT

PAGE = """<!-- runs in: the browser -->
![A card](docs/card.png)

[Start](docs/index.md#now), [elsewhere](https://example.org), [here](#below).
"""


def test_links_lead_to_the_repository() -> None:
    assert away(PAGE, "https://example.org/pool/") == (
        "![A card](https://example.org/pool/raw/main/docs/card.png)\n\n"
        "[Start](https://example.org/pool/blob/main/docs/index.md#now), "
        "[elsewhere](https://example.org), [here](#below).\n"
    )


def test_without_an_address_their_words_stay_and_pictures_go() -> None:
    assert away(PAGE) == "Start, [elsewhere](https://example.org), [here](#below).\n"


def test_the_readme_has_no_link_to_nowhere() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    for written in (away(text), away(text, "https://example.org/pool")):
        assert re.findall(r"\]\((?!https:|#)", written) == []
    assert "# jupyterlite-pool\n" in away(text)
