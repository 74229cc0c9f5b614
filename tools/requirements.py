"""Print all requirements of pyproject.toml as arguments for pip: the build's and all extras'."""

from __future__ import annotations

import sys
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    from pip._vendor import tomli as tomllib


def requirements() -> list[str]:
    text = (Path(__file__).parent.parent / "pyproject.toml").read_text("utf-8")
    about = tomllib.loads(text)
    extras = about["project"]["optional-dependencies"].values()
    found = [*about["build-system"]["requires"], *about["project"]["dependencies"]]
    return [*found, *(requirement for extra in extras for requirement in extra)]


if __name__ == "__main__":
    # In a file, because markers have spaces and quotes, which a shell would split.
    target = Path("build/requirements.txt")
    target.parent.mkdir(exist_ok=True)
    target.write_text("\n".join([*requirements(), ""]), "utf-8")
    print(f"--requirement={target}")
