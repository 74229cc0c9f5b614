"""Parts of the reference that are made from the code, so that they are always true.

- `pool-names`: all public names, with the first sentence of each.
- `pool-errors`: the errors and warnings, with their bases.
- `pool-options`: the options of `pool_map` and of an executor, with what each does.
- `pool-magic NAME`: what `-h` of a magic shows.
- `pool-settings`: the settings, from the schema of the labextension.
- `pool-costs`: what each engine costs, as `estimate` has it.
- `pool-predictions`: how long some jobs take on some engines, as `estimate` computes it.
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
from jupyterlite_pool.api.estimate import in_words
from jupyterlite_pool.commands.magic_lines import MAGICS
from jupyterlite_pool.commands.pool_command import COMMANDS
from jupyterlite_pool.jobs.cost_model import COSTS, Sample, predict

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


class CostsOfEngines(_Made):
    """What each engine costs, in the units that people read."""

    def run(self) -> list[nodes.Node]:
        rows = [
            [
                "until the first batch begins",
                *(f"{each.trip * 1e3:.2g} ms" for each in COSTS.values()),
            ],
            ["for each batch", *(f"{each.batch * 1e3:.2g} ms" for each in COSTS.values())],
            ["for each item", *(f"{each.item * 1e6:.2g} µs" for each in COSTS.values())],
            ["for each MB there", *(f"{each.sent * 1e9:.2g} ms" for each in COSTS.values())],
            ["for each MB back", *(f"{each.returned * 1e9:.2g} ms" for each in COSTS.values())],
            ["until workers are ready", *(f"{each.start:.2g} s" for each in COSTS.values())],
            ["and for each of them", *(f"{each.start_worker:.2g} s" for each in COSTS.values())],
            ["how long plain Python takes", *(f"{each.pace:.2g}" for each in COSTS.values())],
        ]
        return self.parsed(_table(["", *(f"`{name}`" for name in COSTS)], rows))


#: Items and seconds of an item in a browser, of some jobs.
JOBS = [(100, 0.02), (100, 1.0), (10_000, 0.1), (1_000_000, 0.01), (1_000_000, 1.0)]

#: Engines, and how many workers they have, by what the table calls them.
PLACES = {
    "browser, 2": ("pyodide", 2),
    "cores, 16": ("local", 16),
    "Dask, 100": ("dask", 100),
    "Dask, 1,000": ("dask", 1000),
}


class Predictions(_Made):
    """How long some jobs take on some engines."""

    def run(self) -> list[nodes.Node]:
        here = COSTS["pyodide"].pace
        rows = []
        for items, seconds in JOBS:
            sample = Sample(items, [seconds], 1000, 1000)
            times = [
                predict(sample, workers, COSTS[engine], pace=COSTS[engine].pace / here)
                for engine, workers in PLACES.values()
            ]
            job = f"{items:,} items of {in_words(seconds)}"
            rows.append([job, in_words(items * seconds), *map(in_words, times)])
        return self.parsed(_table(["job", "in a loop", *PLACES], rows))


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directives."""
    app.add_directive("pool-names", Names)
    app.add_directive("pool-errors", Errors)
    app.add_directive("pool-options", Options)
    app.add_directive("pool-magic", MagicHelp)
    app.add_directive("pool-commands", Commands)
    app.add_directive("pool-settings", Settings)
    app.add_directive("pool-costs", CostsOfEngines)
    app.add_directive("pool-predictions", Predictions)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
