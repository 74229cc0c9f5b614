"""Parts of the reference that are made from the code, so that they are always true.

- `pool-names`: all public names, with the first sentence of each.
- `pool-errors`: the errors and warnings, with their bases.
- `pool-options`: the options of `pool_map` and of an executor, with what each does.
- `pool-magic NAME`: what `-h` of a magic shows.
- `pool-settings`: the settings, from the schema of the labextension.
"""

from __future__ import annotations

import inspect
import json
import re
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

import jupyterlite_pool
from jupyterlite_pool import errors, testing
from jupyterlite_pool.commands.magic_lines import MAGICS
from jupyterlite_pool.commands.pool_command import COMMANDS

SCHEMA = Path(__file__).parents[2] / "labextension" / "schema" / "plugin.json"


def first_sentence(obj: object) -> str:
    """The first paragraph of a docstring, in one line."""
    return " ".join((inspect.getdoc(obj) or "").partition("\n\n")[0].split())


class _Made(SphinxDirective):
    """Parses lines of Markdown that were made from the code."""

    def parsed(self, lines: list[str]) -> list[nodes.Node]:
        node = nodes.container()
        source = StringList(lines, source=type(self).__name__)
        self.state.nested_parse(source, self.content_offset, node)
        return node.children


def _table(head: list[str], rows: list[list[str]]) -> list[str]:
    lines = [head, ["---"] * len(head), *rows]
    return ["| " + " | ".join(cell.replace("|", r"\|") for cell in line) + " |" for line in lines]


class Names(_Made):
    """All public names, with links."""

    def run(self) -> list[nodes.Node]:
        rows = [self._row("jupyterlite_pool", name) for name in jupyterlite_pool.__all__]
        rows += [self._row("jupyterlite_pool.testing", name) for name in testing.__all__]
        return self.parsed(_table(["name", "what it is"], rows))

    @staticmethod
    def _row(module: str, name: str) -> list[str]:
        obj = getattr(jupyterlite_pool if module == "jupyterlite_pool" else testing, name)
        return [f"{{py:obj}}`~{module}.{name}`", first_sentence(obj)]


class Errors(_Made):
    """The errors and warnings."""

    def run(self) -> list[nodes.Node]:
        rows = []
        for name in errors.__all__:
            kind: Any = getattr(errors, name)
            bases = ", ".join(f"`{base.__name__}`" for base in kind.__bases__)
            link = f"{{py:exc}}`~jupyterlite_pool.errors.{name}`"
            rows.append([link, bases, first_sentence(kind)])
        return self.parsed(_table(["class", "is also", "when"], rows))


def described(obj: object) -> dict[str, str]:
    """What the docstring of a function says of each of its arguments."""
    text = inspect.getdoc(obj) or ""
    found = re.search(r"^Args:\n((?:    .*\n|\n)*)", text + "\n", re.MULTILINE)
    parts = re.split(r"^    (\*?\w+): ", found[1] if found else "", flags=re.MULTILINE)
    return {
        name: " ".join(about.split()) for name, about in zip(parts[1::2], parts[2::2], strict=True)
    }


class Options(_Made):
    """The options of `pool_map` and of an executor."""

    def run(self) -> list[nodes.Node]:
        rows = []
        for obj in (jupyterlite_pool.pool_map, jupyterlite_pool.WorkerPoolExecutor):
            told = described(obj)
            for name, parameter in inspect.signature(obj).parameters.items():
                if parameter.kind is parameter.KEYWORD_ONLY or name == "max_workers":
                    link = f"{{py:obj}}`~jupyterlite_pool.{obj.__name__}`"
                    rows.append([f"`{name}=`", link, told[name]])
        return self.parsed(_table(["option", "of", "what it does"], rows))


class MagicHelp(_Made):
    """What `-h` of a magic shows."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        text = MAGICS[self.arguments[0]].help
        return [nodes.literal_block(text, text, language="text")]


class Commands(_Made):
    """The commands of `%pool`."""

    def run(self) -> list[nodes.Node]:
        names = ", ".join(f"`{name}`" for name in COMMANDS)
        return self.parsed([f"The commands are {names}.", ""])


class Settings(_Made):
    """The settings, from the schema."""

    def run(self) -> list[nodes.Node]:
        schema = json.loads(SCHEMA.read_text("utf-8"))
        rows = []
        for name, about in schema["properties"].items():
            values = [f"`{json.dumps(one['const'])}`" for one in about.get("oneOf", ())]
            more = f" One of {', '.join(values)}." if values else ""
            told = f"{about['title']}: {about['description']}{more}"
            rows.append([f"`{name}`", told, f"`{json.dumps(about['default'])}`"])
        self.env.note_dependency(str(SCHEMA))
        return self.parsed(_table(["setting", "what it does", "default"], rows))


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directives."""
    app.add_directive("pool-names", Names)
    app.add_directive("pool-errors", Errors)
    app.add_directive("pool-options", Options)
    app.add_directive("pool-magic", MagicHelp)
    app.add_directive("pool-commands", Commands)
    app.add_directive("pool-settings", Settings)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
