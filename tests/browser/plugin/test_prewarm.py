"""Workers that are there before anybody needs them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.conftest import Pages
from tests.support.notebook import Notebook

#: When the cell ran, when the pool's workers were born, and what the notebook remembers.
FIRST = """
import js, json
ran = js.performance.timeOrigin + js.performance.now()

def born(_):
    import js, time
    time.sleep(0.05)
    return js.performance.timeOrigin

from jupyterlite_pool import get_reusable_executor, pool_map
births, size = set(), get_reusable_executor().max_workers
while len(births) < size:  # one that comes late may find that the others have done it all
    births |= {*pool_map(born, range(8), chunksize=1, progress=False)}
print(json.dumps({
    "ran": ran, "births": sorted(births), "size": size,
    "In": In[:-1], "_i": [_i, _ii, _iii], "ours": [n for n in globals() if "welcome" in n],
}))
"""

#: What the page of a notebook can see of workers: the lock that each of them holds from its birth.
WORKERS = """async () => {
  const { held } = await navigator.locks.query();
  return held.map(({ name }) => name).filter(name => /^jupyterlite-pool:[0-9a-f]{32}$/.test(name));
}"""

#: Waits for this many workers that were not there before: those of a kernel that was restarted end
#: a little later.
WAIT_FOR_WORKERS = f"""async ([count, before]) => {{
  while ((await ({WORKERS})()).filter(name => !before.includes(name)).length < count) {{
    await new Promise(resolve => setTimeout(resolve, 20));
  }}
}}"""


def run_first(notebook: Notebook) -> dict[str, Any]:
    notebook.run(FIRST)
    seen: dict[str, Any] = json.loads(notebook.printed())
    return seen


def test_the_first_job_of_a_notebook_runs_on_workers_that_were_there(
    pages: Pages, site: str
) -> None:
    notebook = Notebook(pages.open(f"{site}/lab/index.html"))
    page = notebook.page
    page.evaluate(WAIT_FOR_WORKERS, [3, []])  # a spare, too
    seen = run_first(notebook)
    assert len(seen["births"]) == seen["size"] == 2
    assert max(seen["births"]) < seen["ran"]
    # Of what started them the notebook shows nothing.
    expect(page.locator(".jp-InputPrompt").last).to_have_text("[1]:")
    assert (seen["In"], seen["_i"], seen["ours"]) == ([""], ["", "", ""], [])
    # And again after a restart, in a kernel of the same name.
    before = page.evaluate(WORKERS)
    page.evaluate("() => window.panel.sessionContext.restartKernel()")
    page.evaluate(WAIT_FOR_WORKERS, [3, before])
    again = run_first(notebook)
    assert seen["ran"] < min(again["births"]) <= max(again["births"]) < again["ran"]
    expect(page.locator(".jp-InputPrompt").last).to_have_text("[1]:")
    assert (again["In"], again["_i"]) == ([""], ["", "", ""])


def test_a_cell_that_is_queued_before_the_workers_are_there_starts_them(
    pages: Pages, site: str
) -> None:
    notebook = Notebook(pages.open(f"{site}/lab/index.html"))
    seen = run_first(notebook)
    assert len(seen["births"]) == seen["size"] == 2
    assert (seen["In"], seen["_i"], seen["ours"]) == ([""], ["", "", ""], [])
    expect(notebook.page.locator(".jp-InputPrompt").last).to_have_text("[1]:")


def test_where_the_settings_say_so_nothing_starts_before_it_is_used(
    pages: Pages, changed_site: Callable[..., str]
) -> None:
    def edit(config: dict[str, Any]) -> None:
        # As `overrides.json` of a site is built into it.
        settings = {"prewarm": False, "maxWorkers": 1, "progressAfter": 1000}
        config["settingsOverrides"] = {"jupyterlite-pool:plugin": settings}

    page = pages.open(f"{changed_site(edit)}/lab/index.html")
    notebook = Notebook(page)
    notebook.run(
        "import asyncio, sys\nawait asyncio.sleep(1)\nprint('jupyterlite_pool' in sys.modules)"
    )
    assert notebook.printed() == "False\n"
    assert page.evaluate(WORKERS) == []
    seen = run_first(notebook)
    assert len(seen["births"]) == seen["size"] == 1
    assert min(seen["births"]) > seen["ran"]
    notebook.run("import time\npool_map(time.sleep, [0.5, 0.5])")
    assert notebook.cards.count() == 0


@pytest.mark.parametrize("app", ["notebooks", "repl"])
def test_other_applications_start_workers_ahead_too(pages: Pages, site: str, app: str) -> None:
    page = pages.open()
    if app == "repl":
        page.goto(f"{site}/repl/index.html?kernel=python")
    else:
        page.goto(f"{site}/notebooks/index.html?path=quickstart.ipynb")
    page.evaluate(WAIT_FOR_WORKERS, [3, []])
    if app == "repl":
        prompt = page.locator(".jp-CodeConsole-input .cm-content")
        prompt.fill("print('ready')")
        prompt.press("Shift+Enter")
        expect(page.locator(".jp-OutputArea-output").last).to_have_text("ready")
        expect(page.locator(".jp-CodeConsole-content .jp-InputPrompt").last).to_have_text("[1]:")


def test_a_kernel_without_the_package_is_not_disturbed(
    pages: Pages, changed_site: Callable[..., str]
) -> None:
    def edit(config: dict[str, Any]) -> None:
        kernel = config["litePluginSettings"]["@jupyterlite/pyodide-kernel-extension:kernel"]
        kernel["loadPyodideOptions"]["packages"].remove("jupyterlite-pool")

    page = pages.open()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(f"{changed_site(edit)}/lab/index.html")
    notebook = Notebook(page)
    notebook.run(
        "import asyncio, importlib.util as u\nawait asyncio.sleep(1)\n"
        "print(u.find_spec('jupyterlite_pool'), In[:-1])"
    )
    assert notebook.printed() == "None ['']\n"
    expect(page.locator(".jp-InputPrompt").last).to_have_text("[1]:")
    assert page.evaluate(WORKERS) == []
    assert not [text for text in said if "jupyterlite-pool" in text or "jupyterlite_pool" in text]
