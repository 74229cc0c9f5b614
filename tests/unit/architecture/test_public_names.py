"""What the package offers by name, and what a worker loads of it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import jupyterlite_pool

ROOT = Path(__file__).parents[3]


def loaded_by(program: str) -> set[str]:
    """The modules that a new Python has after it has run a program."""
    program += "\nimport sys; print(*sorted(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def test_a_worker_loads_nothing_of_the_notebook() -> None:
    loaded = loaded_by("import jupyterlite_pool.worker.runner")
    assert "jupyterlite_pool.worker.runner" in loaded
    assert not loaded & {"IPython", "ipywidgets"}
    own = {name.split(".")[1] for name in loaded if name.startswith("jupyterlite_pool.")}
    assert own == {"worker", "wire", "errors", "tracebacks", "imports", "releases"}


def test_labextensions_of_every_version_find_the_shared_pool() -> None:
    # They name this module and this function when a kernel has started.
    from jupyterlite_pool import _reusable
    from jupyterlite_pool.api import shared

    assert _reusable.start_ahead is shared.start_ahead
    welcome = ROOT / "labextension" / "src" / "plugin" / "kernels" / "welcome.ts"
    assert 'import_module("jupyterlite_pool._reusable").start_ahead()' in welcome.read_text("utf-8")


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
