"""Who may import whom, in both languages, and what a worker must never load."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import jupyterlite_pool

ROOT = Path(__file__).parents[3]
PACKAGE = ROOT / "jupyterlite_pool"
SCRIPTS = ROOT / "labextension" / "src"

#: From the bottom to the top: a module imports only what stands in a line above its own.
LAYERS = """
    errors  wire.protocol  jobs.chunks  backends.size  waiting.time_limits  api.options
    tracebacks  jobs.indices
    wire.buffers  wire.refs  waiting.waits  jobs.read_ahead
    wire.payload  stand_ins.locks  notebook.page
    wire.failure  waiting.futures  waiting.run_in_executor
    worker.context  worker.output  worker.randomness  worker.names
    worker.display  worker.surroundings.folder  worker.surroundings.time_zone
    worker.parallel_cell  worker.star  worker.initializer  worker.calls
    worker.surroundings.modules  worker.surroundings.packages  worker.surroundings.settings
    worker.surroundings.environment
    worker.runner
    worker.entry
    surroundings.modules  surroundings.packages  jobs.tasks
    surroundings.environment
    backends.base
    api.weight  jobs.job  dispatch.objects  jobs.set_up  dispatch.batch
    api.status  backends.pyodide.backend  backends.nested
    notebook.output
    dispatch.dispatcher  api.default_backend
    api.map_values  testing
    api.executor
    commands.interrupt
    commands.page_words
    api.shared  stand_ins.process_executor  stand_ins.multiprocessing_pool
    notebook.progress
    notebook.card
    jobs.run_here
    api.pool_map
    commands.magic_await  commands.magic_lines
    commands.magics
    stand_ins.joblib_backend
    stand_ins.joblib_register
    stand_ins.install
    __init__  _reusable
"""

#: All that a worker has of the package, beside its own part.
BELOW_WORKERS = {
    "errors",
    "tracebacks",
    "wire.protocol",
    "wire.buffers",
    "wire.payload",
    "wire.refs",
    "wire.failure",
}

#: Who may import what does not belong to Python, anywhere in its source.
OUTSIDE = {
    "cloudpickle": {"wire.payload", "surroundings.environment"},
    "IPython": {
        "tracebacks",
        "commands.magic_lines",
        "commands.magics",
        "surroundings.modules",
        "notebook.card",
    },
    "ipywidgets": {"notebook.card"},
    "joblib": {"stand_ins.joblib_register", "stand_ins.joblib_backend", "worker.calls"},
    "js": {"commands.page_words", "notebook.page", "waiting.waits", "backends.pyodide.backend"},
    "comm": {"commands.page_words"},
    "pyodide": {
        "commands.page_words",
        "waiting.waits",
        "stand_ins.locks",
        "commands.magics",
        "backends.pyodide.backend",
        "worker.entry",
    },
    "pyodide_js": {"commands.magics", "backends.pyodide.backend", "worker.entry"},
    "numpy": set(),
}

#: What the files of each folder of TypeScript may import of ours; a folder's name means all of it.
SCRIPT_LAYERS = {
    "protocol": set(),
    "errors": set(),
    "pool": {"protocol", "errors", "pool"},
    "worker": {"protocol", "errors", "worker"},
    "plugin": {"protocol", "errors", "pool", "plugin"},
}

#: Packages of npm that each of them may import.
SCRIPT_PACKAGES = {
    "protocol": set(),
    "errors": set(),
    "pool": {"comlink"},
    "worker": {"comlink", "pyodide", "@jupyterlite/services"},
    "plugin": {
        "@jupyterlab/application",
        "@jupyterlab/apputils",
        "@jupyterlab/console",
        "@jupyterlab/coreutils",
        "@jupyterlab/notebook",
        "@jupyterlab/services",
        "@jupyterlab/settingregistry",
        "@jupyterlite/apputils",
        "@jupyterlite/services",
    },
}


def module_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    if parts[-1] == "__init__" and len(parts) > 1:
        parts = parts[:-1]
    return ".".join(parts)


def modules() -> dict[str, Path]:
    return {
        module_name(path): path
        for path in sorted(PACKAGE.rglob("*.py"))
        if path.name != "__init__.py" or path.parent == PACKAGE
    }


def imported(name: str, path: Path) -> Iterator[tuple[bool, str]]:
    """What a module imports, wherever it does: whether it is ours, and its name."""
    folder = path.parent.relative_to(PACKAGE).parts
    known = modules()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
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
                yield True, member if member in known else ".".join(home) or "__init__"


def rank(name: str) -> int:
    lines = [line.split() for line in LAYERS.strip().splitlines()]
    return next(i for i, line in enumerate(lines) if name in line)


def test_every_module_has_its_layer() -> None:
    ours = {name for name in modules() if name.split(".")[0] != "site"}
    assert set(LAYERS.split()) == ours


@pytest.mark.parametrize("name", LAYERS.split())
def test_a_module_imports_only_from_the_layers_below_it(name: str) -> None:
    wrong = {
        other
        for ours, other in imported(name, modules()[name])
        if ours and rank(other) >= rank(name)
    }
    assert not wrong


@pytest.mark.parametrize("name", [name for name in modules() if name.startswith("worker")])
def test_a_workers_part_imports_only_what_is_sent_to_workers_for_it(name: str) -> None:
    wrong = {
        other
        for ours, other in imported(name, modules()[name])
        if ours and other not in BELOW_WORKERS and not other.startswith("worker")
    }
    assert not wrong


@pytest.mark.parametrize("name", [name for name in modules() if name.startswith("site")])
def test_the_sites_part_stands_alone(name: str) -> None:
    wrong = {
        other
        for ours, other in imported(name, modules()[name])
        if ours and not other.startswith("site")
    }
    assert not wrong


@pytest.mark.parametrize("name", [name for name in modules() if not name.startswith("site")])
def test_packages_from_outside_are_imported_in_known_places_only(name: str) -> None:
    wrong = set()
    for ours, other in imported(name, modules()[name]):
        if ours or other in sys.stdlib_module_names:
            continue
        if name not in OUTSIDE.get(other, set()):
            wrong.add(other)
    assert not wrong


def readers_of_pickles(path: Path) -> set[str]:
    """Names by which a module reads pickles, or could."""
    names = {"load", "loads", "Unpickler"}
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            if node.value.id in {"pickle", "cloudpickle", "marshal"} and node.attr in names:
                found.add(f"{node.value.id}.{node.attr}")
        elif isinstance(node, ast.ImportFrom) and node.module in {"pickle", "cloudpickle"}:
            found |= {alias.name for alias in node.names} & names
    return found


def test_pickles_are_read_in_one_module_alone() -> None:
    # So it can be seen there where they come from: over a worker's own port.
    reading = {name for name, path in modules().items() if readers_of_pickles(path)}
    assert reading == {"wire.payload"}


def scripts() -> list[Path]:
    return sorted(SCRIPTS.rglob("*.ts"))


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


def test_the_walk_over_typescript_finds_what_is_imported() -> None:
    assert "../protocol" in script_imports(SCRIPTS / "pool" / "handle.ts")
    assert "comlink" in script_imports(SCRIPTS / "worker" / "main.ts")


def test_a_worker_loads_nothing_of_the_notebook() -> None:
    program = "import sys, jupyterlite_pool.worker.runner\nprint(*sorted(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.split())
    assert "jupyterlite_pool.worker.runner" in loaded
    forbidden = {
        "IPython",
        "ipywidgets",
        "jupyterlite_pool.api.executor",
        "concurrent.futures.thread",
    }
    assert not loaded & (forbidden - {"concurrent.futures.thread"})
    ours = {
        name.removeprefix("jupyterlite_pool.") for name in loaded if "jupyterlite_pool." in name
    }
    folders = {"wire", "worker", "worker.surroundings"}
    assert {name for name in ours - folders if not name.startswith("worker")} == BELOW_WORKERS


def test_public_names_are_sorted_and_resolve() -> None:
    assert jupyterlite_pool.__all__ == sorted(jupyterlite_pool.__all__)
    for name in jupyterlite_pool.__all__:
        assert getattr(jupyterlite_pool, name).__name__ == name


def test_public_names_are_shown_before_they_are_used() -> None:
    program = (
        "import jupyterlite_pool as p\n"
        "print(set(p.__all__) <= set(dir(p)), set(p.__all__) & set(vars(p)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "True set()"


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match=r"jupyterlite_pool.*'no_such_name'"):
        _ = jupyterlite_pool.no_such_name
