"""Rooms and floors: who may import whom, in both languages."""

from __future__ import annotations

import ast
import graphlib
import re
import sys
from collections.abc import Iterator, Set
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PACKAGE = ROOT / "jupyterlite_pool"
SCRIPTS = ROOT / "labextension" / "src"

#: From the ground up. A room may import itself and rooms of lower floors.
FLOORS = [
    {"errors", "tracebacks", "imports", "releases"},
    {"wire", "waiting"},
    {"worker"},
    {"surroundings", "jobs"},
    {"notebook", "backends"},
    {"dispatch"},
    {"api"},
    {"commands", "stand_ins"},
    # The doors: what people and labextensions import by name.
    {"__init__", "_reusable", "pandas", "testing"},
]

#: The engine, which has to run outside of browsers and notebooks as well.
CORE = {"wire", "waiting", "jobs", "dispatch", "backends"}

#: The parts of it that are made for the browser.
BROWSERS_OWN = ("backends.pyodide.", "waiting.browser")

#: Who may import packages that are not Python's own; a room's name means all of it.
OUTSIDE = {
    "cloudpickle": {
        "wire.payload",
        "wire.known_functions",
        "wire.contents",
        "wire.by_value",
        "wire.unsendable",
        "backends.pyodide.files",
    },
    "IPython": {
        "tracebacks",
        "commands.cells",
        "commands.completion",
        "commands.magic_lines",
        "commands.magics",
        "commands.parallel.effects",
        "commands.parallel.requests",
        "commands.pool_command",
        "surroundings.modules",
        "notebook.background_output",
        "notebook.card",
    },
    "ipywidgets": {"notebook.face"},
    "pandas": {"api.report", "stand_ins.pandas_methods"},
    "psutil": {"worker.memory"},
    "matplotlib": {"worker.matplotlib_backend"},
    "loky": {"backends.local"},
    "dask": {"backends.dask"},
    "distributed": {"backends.dask", "worker.dask_threads"},
    "joblib": {"stand_ins.joblib_register", "stand_ins.joblib_backend", "worker.stand_in_calls"},
    "js": {"commands.page_ways", "notebook.page", "waiting.browser", "backends.pyodide"},
    "comm": {"commands.page_words", "commands.parallel.requests"},
    "pyodide": {
        "releases",
        "commands.page_ways",
        "commands.magics",
        "waiting.browser",
        "stand_ins.locks",
        "backends.pyodide",
        "worker.entry",
    },
    "pyodide_js": {"commands.magics", "backends.pyodide", "worker.entry"},
}

#: What the files of each folder of TypeScript may import of ours; a folder's name means all of it.
SCRIPT_LAYERS = {
    "protocol": set(),
    "errors": set(),
    "interrupt": {"interrupt"},
    "driveTurns": {"interrupt", "driveTurns"},
    "alive": {"protocol", "errors"},
    "snapshot": set(),
    "pool": {"protocol", "errors", "snapshot", "interrupt", "driveTurns", "pool"},
    "broker": {"protocol", "errors", "alive", "driveTurns", "pool", "broker"},
    "worker": {"protocol", "errors", "alive", "snapshot", "interrupt", "driveTurns", "worker"},
    "plugin": {"protocol", "errors", "interrupt", "pool", "plugin"},
}

#: Packages of npm that each of them may import.
SCRIPT_PACKAGES = {
    "protocol": set(),
    "errors": set(),
    "interrupt": set(),
    "driveTurns": set(),
    "alive": set(),
    "snapshot": set(),
    "pool": {"comlink"},
    "broker": set(),
    "worker": {"comlink", "pyodide", "@jupyterlite/services"},
    "plugin": {
        "@jupyterlab/application",
        "@jupyterlab/apputils",
        "@jupyterlab/cells",
        "@jupyterlab/console",
        "@jupyterlab/coreutils",
        "@jupyterlab/notebook",
        "@jupyterlab/rendermime",
        "@jupyterlab/running",
        "@jupyterlab/services",
        "@jupyterlab/settingregistry",
        "@jupyterlab/statusbar",
        "@jupyterlab/translation",
        "@jupyterlab/ui-components",
        "@jupyterlite/apputils",
        "@jupyterlite/services",
        "@lumino/commands",
        "@lumino/coreutils",
        "@lumino/disposable",
        "@lumino/messaging",
        "@lumino/signaling",
        "@lumino/widgets",
        "react",
    },
}


#: What each part of the plugins may import of the plugins.
PLUGIN_PARTS = {
    "application": set(),
    "prefetch": set(),
    "language": set(),
    "settings": {"language"},
    "kernels": {"kernels", "language", "settings"},
    "focus": set(),
    "icon": set(),
    "state": {"state", "kernels", "focus", "language"},
    "status": {"status", "state"},
    "commands": {"commands", "state", "icon"},
    "panel": {"panel", "commands", "state", "icon"},
    "running": {"running", "commands", "state", "icon"},
    "timeline": {"timeline", "language"},
    "tokens": {"card", "kernels", "settings", "state"},
    "panelPlugin": {
        "commands",
        "focus",
        "kernels",
        "language",
        "panel",
        "running",
        "settings",
        "state",
        "status",
        "timeline",
        "tokens",
    },
    "cells": {"application", "cells", "kernels", "language"},
    "card": {"card", "kernels"},
    "lite": {"kernels", "language", "settings"},
    "index": {
        "application",
        "card",
        "cells",
        "kernels",
        "language",
        "lite",
        "panelPlugin",
        "prefetch",
        "settings",
        "state",
        "tokens",
    },
}


def _modules() -> dict[str, Path]:
    """All modules with their paths; folders have nothing in their `__init__.py`."""
    return {
        ".".join(path.relative_to(PACKAGE).with_suffix("").parts): path
        for path in sorted(PACKAGE.rglob("*.py"))
        if path.name != "__init__.py" or path.parent == PACKAGE
    }


MODULES = _modules()


@cache
def tree(name: str) -> ast.Module:
    """The text of a module, read."""
    return ast.parse(MODULES[name].read_text("utf-8"))


@cache
def imported(name: str) -> frozenset[tuple[bool, str]]:
    """What a module imports anywhere in its text: whether it is ours, and its name."""
    return frozenset(_imported(name))


def _imported(name: str) -> Iterator[tuple[bool, str]]:
    folder = MODULES[name].parent.relative_to(PACKAGE).parts
    for node in ast.walk(tree(name)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name.split(".")[0] == PACKAGE.name, alias.name.split(".")[0]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            assert node.module is not None
            yield node.module.split(".")[0] == PACKAGE.name, node.module.split(".")[0]
        elif isinstance(node, ast.ImportFrom):
            base = folder[: len(folder) - node.level + 1]
            home = [*base, *(node.module or "").split(".")] if node.module else list(base)
            for alias in node.names:
                member = ".".join([*home, alias.name])
                yield True, member if member in MODULES else ".".join(home) or "__init__"


@cache
def ours(name: str) -> frozenset[str]:
    """The modules of the package that a module imports."""
    return frozenset(other for known, other in imported(name) if known)


def room(name: str) -> str:
    return name.split(".")[0]


def floor(name: str) -> int:
    return next(number for number, rooms in enumerate(FLOORS) if room(name) in rooms)


IN_ROOMS = [name for name in MODULES if room(name) != "site"]


def test_every_module_has_its_room() -> None:
    assert {room(name) for name in IN_ROOMS} == set().union(*FLOORS)


def test_what_a_module_imports_is_there() -> None:
    for name in MODULES:
        assert ours(name) <= set(MODULES), name


@pytest.mark.parametrize("name", IN_ROOMS)
def test_imports_go_down(name: str) -> None:
    wrong = {
        other for other in ours(name) if room(other) != room(name) and floor(other) >= floor(name)
    }
    assert not wrong


@pytest.mark.parametrize("name", MODULES)
def test_no_import_comes_back_to_where_it_began(name: str) -> None:
    seen: set[str] = set()
    ahead: Set[str] = ours(name)
    while ahead:
        seen |= ahead
        ahead = {other for known in ahead for other in ours(known)} - seen
    assert name not in seen


@pytest.mark.parametrize("name", [name for name in MODULES if room(name) in CORE])
def test_the_core_knows_no_notebook(name: str) -> None:
    if name.startswith(BROWSERS_OWN):
        forbidden = {"IPython", "ipywidgets", "comm"}
    else:
        forbidden = {"IPython", "ipywidgets", "comm", "js", "pyodide", "pyodide_js"}
    outside = {other for known, other in imported(name) if not known}
    assert not outside & forbidden
    assert not {other for other in ours(name) if room(other) == "notebook"}


@pytest.mark.parametrize("name", [name for name in MODULES if room(name) == "worker"])
def test_a_workers_part_imports_only_what_workers_load(name: str) -> None:
    allowed = {"worker", "wire", "errors", "tracebacks", "imports", "releases"}
    assert {room(other) for other in ours(name)} <= allowed


@pytest.mark.parametrize("name", [name for name in MODULES if room(name) == "site"])
def test_the_sites_part_stands_alone(name: str) -> None:
    assert {room(other) for other in ours(name)} <= {"site"}


@pytest.mark.parametrize("name", IN_ROOMS)
def test_packages_from_outside_are_imported_in_known_places_only(name: str) -> None:
    wrong = {
        other
        for known, other in imported(name)
        if not known
        and other not in sys.stdlib_module_names
        and not any(
            name == place or name.startswith(f"{place}.") for place in OUTSIDE.get(other, ())
        )
    }
    assert not wrong


def readers_of_pickles(module: ast.Module) -> set[str]:
    """Names by which a module reads pickles, or could."""
    names = {"load", "loads", "Unpickler"}
    found = set()
    for node in ast.walk(module):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            if node.value.id in {"pickle", "cloudpickle", "marshal"} and node.attr in names:
                found.add(f"{node.value.id}.{node.attr}")
        elif isinstance(node, ast.ImportFrom) and node.module in {"pickle", "cloudpickle"}:
            found |= {alias.name for alias in node.names} & names
    return found


def test_pickles_are_read_in_one_module_alone() -> None:
    # So a reader sees there where they come from: over a worker's own port.
    reading = {name: found for name in MODULES if (found := readers_of_pickles(tree(name)))}
    assert reading == {
        "wire.payload": {"pickle.loads", "pickle.Unpickler"},
        "wire.by_value.code": {"pickle.loads"},  # of bytes that a pickle has brought
        "wire.results": {"marshal.loads"},
        "wire.pipe": {"marshal.loads"},
    }


def scripts() -> list[Path]:
    return sorted(SCRIPTS.rglob("*.ts*"))


def script_layer(path: Path) -> str:
    return path.relative_to(SCRIPTS).with_suffix("").parts[0]


def script_imports(path: Path) -> list[str]:
    text = re.sub(r"/\*.*?\*/|//[^\n]*", "", path.read_text("utf-8"), flags=re.DOTALL)
    return re.findall(r"(?:\bfrom|\bimport\s*\(|\bimport)\s*'([^']+)'", text)


@pytest.mark.parametrize("path", scripts(), ids=lambda path: path.relative_to(SCRIPTS).as_posix())
def test_typescript_imports_only_what_its_folder_may(path: Path) -> None:
    layer = script_layer(path)
    wrong = set()
    for name in script_imports(path):
        if name.startswith("."):
            target = (path.parent / name).resolve().relative_to(SCRIPTS.resolve())
            if target.parts[0] not in SCRIPT_LAYERS[layer]:
                wrong.add(name)
        elif not any(name == p or name.startswith(f"{p}/") for p in SCRIPT_PACKAGES[layer]):
            wrong.add(name)
    assert not wrong


def imported_scripts(path: Path) -> set[Path]:
    """Our own sources that a source imports, for their values or for their types alone."""
    found = set()
    for name in script_imports(path):
        if name.startswith("."):
            target = path.parent / name
            names = [f"{target.name}.ts", f"{target.name}.tsx"]
            there = [path for path in map(target.with_name, names) if path.exists()]
            found.add((there[0] if there else target / "index.ts").resolve())
    return found


def circle(imports: dict[Path, set[Path]]) -> list[str]:
    """The sources of one circle of imports, in order; none where there is no circle."""
    try:
        graphlib.TopologicalSorter(imports).prepare()
    except graphlib.CycleError as error:
        return [path.name for path in reversed(error.args[1])]
    return []


def test_no_typescript_is_imported_in_a_circle() -> None:
    imports = {path.resolve(): imported_scripts(path) for path in scripts()}
    missing = {path for found in imports.values() for path in found} - set(imports)
    assert not missing
    assert circle(imports) == []


def test_a_circle_is_noticed_also_if_it_is_of_types_alone(tmp_path: Path) -> None:
    sources = {
        "a.ts": "import { b } from './b';",
        "b.ts": "import type { C } from './c';",
        "c.ts": "export type { A } from './a';",
        "d.ts": "import { a } from './a';",
    }
    for name, source in sources.items():
        (tmp_path / name).write_text(source, "utf-8")
    paths = [(tmp_path / name).resolve() for name in sources]
    found = circle({path: imported_scripts(path) for path in paths})
    assert set(found) == {"a.ts", "b.ts", "c.ts"}
    assert found[0] == found[-1]


@pytest.mark.parametrize("part", PLUGIN_PARTS)
def test_a_part_of_the_plugins_imports_only_the_parts_it_may(part: str) -> None:
    plugin = (SCRIPTS / "plugin").resolve()

    def part_of(path: Path) -> str:
        return path.relative_to(plugin).with_suffix("").parts[0]

    ours = [path.resolve() for path in scripts() if path.is_relative_to(SCRIPTS / "plugin")]
    assert {part_of(path) for path in ours} == set(PLUGIN_PARTS)
    used = {
        part_of(target)
        for path in ours
        if part_of(path) == part
        for target in imported_scripts(path)
        if target.is_relative_to(plugin)
    }
    assert used <= PLUGIN_PARTS[part]


def test_only_what_jupyterlite_alone_loads_needs_its_packages() -> None:
    # JupyterLab has none of them; a type needs no package.
    value = re.compile(r"^import (?!type\b).*from '@jupyterlite/", re.M)
    plugin = SCRIPTS / "plugin"
    needy = [path for path in scripts() if value.search(path.read_text("utf-8"))]
    assert [path for path in needy if path.is_relative_to(plugin)] == [plugin / "lite.ts"]
    static = re.compile(r"^import .*from '\.\.?/lite';", re.M)
    sources = [path.read_text("utf-8") for path in plugin.rglob("*.ts*")]
    assert [found for source in sources for found in static.findall(source)] == []


def test_the_walk_over_typescript_finds_what_is_imported() -> None:
    assert "../protocol" in script_imports(SCRIPTS / "pool" / "handle.ts")
    assert "comlink" in script_imports(SCRIPTS / "worker" / "main.ts")
