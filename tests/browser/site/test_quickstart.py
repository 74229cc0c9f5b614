"""The demo notebook runs from top to bottom, and shows what plain Python computes."""

from __future__ import annotations

import base64
import io
import json
from typing import Any

import png
import pytest

from tests.conftest import ROOT, Pages
from tests.support.kernel import Kernel, Reply

NOTEBOOKS = ROOT / "notebooks"
TILES = 24
FILES = 36

#: Milliseconds for the whole notebook on two slow cores.
RUN_TIMEOUT = 240_000

#: Fails where the browser cannot read an image.
IMAGE_WIDTHS = """
images => Promise.all(images.map(image => image.decode().then(() => image.naturalWidth)))
"""


def _code_cells() -> dict[str, str]:
    """The sources of the notebook's code cells, by their ids."""
    notebook = json.loads((NOTEBOOKS / "quickstart.ipynb").read_text("utf-8"))
    cells = (cell for cell in notebook["cells"] if cell["cell_type"] == "code")
    return {cell["id"]: "".join(cell["source"]) for cell in cells}


def _functions() -> dict[str, Any]:
    """The notebook's functions in this Python."""
    cells = _code_cells()
    namespace: dict[str, Any] = {}
    exec(cells["summarise"], namespace)
    exec(cells["poster"], namespace)
    return namespace


def _pixels(image: bytes) -> list[bytes]:
    """What an image shows: its bytes depend on the zlib that packed them."""
    _, _, lines, _ = png.Reader(file=io.BytesIO(image)).asRGB8()
    return [bytes(line) for line in lines]


def _images(kernel: Kernel, name: str) -> list[bytes]:
    encoded = kernel.value(f"[base64.b64encode(image).decode() for image in {name}]")
    return [base64.b64decode(text) for text in encoded]


def _html(reply: Reply) -> str:
    """What a cell shows as its value."""
    (shown,) = (o["data"]["text/html"] for o in reply.outputs if o["type"] == "execute_result")
    return str(shown)


@pytest.mark.timeout(300)
def test_every_cell_runs_and_computes_what_plain_python_does(fresh_kernel: Kernel) -> None:
    replies = {name: fresh_kernel.run(source) for name, source in _code_cells().items()}

    assert [name for name, reply in replies.items() if reply.stderr] == []
    assert _html(replies["table"]).count("<tr>") == 1 + 3
    assert _html(replies["thumbnails"]).count("<img") == 2 * TILES
    size = fresh_kernel.value("pool.max_workers")
    assert _html(replies["plot"]).count("<rect") == 2 * size
    assert "Same results: True" in replies["compare"].stdout

    here = _functions()
    files = sorted((NOTEBOOKS / "data" / "csv").glob("*.csv"))
    tiles = sorted((NOTEBOOKS / "data" / "photos").glob("*.png"))
    assert (len(files), len(tiles)) == (FILES, TILES)
    assert fresh_kernel.value("list(summaries)") == [here["summarise"](path) for path in files]
    for name, radius in (("painted", 2), ("paintings", 3)):
        expected = [_pixels(here["poster"](path, radius=radius)) for path in tiles]
        assert [_pixels(image) for image in _images(fresh_kernel, name)] == expected

    for name in ("summaries", "painted", "paintings"):
        workers = fresh_kernel.value(f"sorted({{t.worker for t in {name}.timeline()}})")
        assert len(workers) >= 2, name


@pytest.mark.long
@pytest.mark.timeout(300)
def test_it_runs_in_jupyterlab(pages: Pages, site: str) -> None:
    page = pages.open(f"{site}/lab/index.html?path=quickstart.ipynb")
    notebook = page.locator(".jp-Notebook")
    # Before the notebook is there, the layout is still being restored, which closes menus. And as
    # long as it has no kernel, who runs a cell is asked for one.
    notebook.locator(".jp-CodeCell").first.wait_for()
    page.locator(".jp-Toolbar-kernelName", has_text="Python").wait_for()
    page.locator(".lm-MenuBar-item", has_text="Run").click()
    page.locator('.lm-Menu-item[data-command="runmenu:run-all"]').click()

    # Texts are read as contents: what is scrolled away is not rendered.
    outputs = notebook.locator(".jp-OutputArea-output")
    plots = outputs.locator('svg[role="img"]')
    # JupyterLab shows errors as it shows warnings. Neither belongs here: what comes first decides.
    problems = notebook.locator('[data-mime-type="application/vnd.jupyter.stderr"]')
    plots.or_(problems).first.wait_for(state="attached", timeout=RUN_TIMEOUT)

    assert problems.all_text_contents() == []
    assert outputs.locator("tbody th").all_text_contents() == ["EWR", "JFK", "LGA"]
    for title in ("before", "after", "brush 3"):
        figure = outputs.locator("figure", has_text=title)
        widths = figure.locator("img").evaluate_all(IMAGE_WIDTHS)
        assert widths == [100] * TILES, title
    assert plots.count() == 2
    lengths = [float(bar.get_attribute("width") or 0) for bar in plots.locator("rect").all()]
    assert len(lengths) >= 2 * 2
    assert min(lengths) > 0
