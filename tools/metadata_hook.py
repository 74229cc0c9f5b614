"""Writes the README for those who read it away from the repository, as on PyPI.

There its links and its pictures lead nowhere. With `Repository` under `[project.urls]` they lead to
the repository; without it the words of the links stay, and the pictures go.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

_COMMENT = re.compile(r"<!-- .*? -->\n", re.DOTALL)
_PICTURE = re.compile(r"!\[([^\]]*)\]\((?![a-z]+:)([^)\s]+)\)\n*")
_LINK = re.compile(r"(?<!!)\[([^\]]*)\]\((?![a-z]+:|#)([^)\s]+)\)")


class MetadataHook(MetadataHookInterface):  # type: ignore[misc]
    PLUGIN_NAME = "custom"

    def update(self, metadata: dict[str, Any]) -> None:
        text = Path(self.root, "README.md").read_text("utf-8")
        address = metadata.get("urls", {}).get("Repository", "")
        metadata["readme"] = {"content-type": "text/markdown", "text": away(text, address)}


def away(text: str, address: str = "") -> str:
    """The text of a page with links that lead to the repository at an address, or with none."""
    text = _COMMENT.sub("", text)
    if not address:
        return _LINK.sub(r"\1", _PICTURE.sub("", text))
    address = address.rstrip("/")
    text = _PICTURE.sub(rf"![\1]({address}/raw/main/\2)\n\n", text)
    return _LINK.sub(rf"[\1]({address}/blob/main/\2)", text)
