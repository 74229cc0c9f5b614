"""Figures of tasks are shown by `plt.show`, at the end of a task, and by `display`."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("matplotlib", reason="matplotlib is not installed")

ROOT = Path(__file__).parents[3]

#: A worker's Python, without a worker.
BEGIN = """
import json
from jupyterlite_pool.worker.display import install_display
from jupyterlite_pool.worker.open_figures import end_of_task as acts, install_figures

install_display(print)
install_figures()

def end_of_task():
    for act in acts:
        act()
    import matplotlib.pyplot as plt
    print(json.dumps({"open": plt.get_fignums(), "backend": plt.get_backend()}))

import matplotlib.pyplot as plt
"""

OURS = "module://jupyterlite_pool.worker.matplotlib_backend"
INLINE = "module://matplotlib_inline.backend_inline"


def shown(program: str, backend: str | None = INLINE) -> tuple[list[Any], dict[str, Any]]:
    """What a task shows, and what there is after it.

    Args:
        backend: what the notebook's variable says.
    """
    variables = {"PATH": "/usr/bin", "HOME": "/tmp"}
    if backend is not None:
        variables["MPLBACKEND"] = backend
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", f"{BEGIN}\n{program}\nend_of_task()"],
        cwd=ROOT,
        env=variables,
        capture_output=True,
        text=True,
        check=True,
    )
    *displays, after = map(json.loads, done.stdout.splitlines())
    return displays, after


def is_picture(display: Any) -> bool:
    return base64.b64decode(display["data"]["image/png"]).startswith(b"\x89PNG")


@pytest.mark.parametrize("backend", [None, "inline", INLINE])
def test_figures_that_are_left_open_are_shown_and_closed(backend: str | None) -> None:
    displays, after = shown("plt.plot([1, 2])\nplt.figure()\nplt.plot([2, 1])", backend)
    assert [is_picture(display) for display in displays] == [True, True]
    assert after == {"open": [], "backend": OURS}


def test_show_shows_them_once() -> None:
    displays, after = shown("plt.plot([1, 2])\nplt.show()\nplt.show(block=True)")
    assert [is_picture(display) for display in displays] == [True]
    assert after["open"] == []


def test_an_empty_figure_is_closed_and_not_shown() -> None:
    assert shown("plt.figure()") == ([], {"open": [], "backend": OURS})


def test_display_shows_a_figure_as_a_picture() -> None:
    displays, _ = shown("figure, axes = plt.subplots()\nplt.close(figure)\ndisplay(figure)")
    assert [is_picture(display) for display in displays] == [True]
    assert displays[0]["data"]["text/plain"] == "<Figure size 640x480 with 1 Axes>"


@pytest.mark.parametrize("variable", [True, False])
def test_another_backend_that_was_asked_for_is_left_alone(variable: bool) -> None:
    program = "" if variable else "import matplotlib\nmatplotlib.use('agg')\n"
    displays, after = shown(f"{program}plt.plot([1, 2])", "agg" if variable else INLINE)
    assert (displays, after) == ([], {"open": [1], "backend": "agg"})
