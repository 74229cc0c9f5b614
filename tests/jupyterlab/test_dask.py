"""The same on a Dask cluster."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.jupyterlab.conftest import WAIT, Lab, OpenLab
from tests.support.notebook import Notebook
from tests.support.panel import Panel, status_item

pytestmark = [pytest.mark.alone, pytest.mark.timeout(180)]

START = (
    WAIT
    + """
import jupyterlite_pool
from distributed import Client, LocalCluster
from jupyterlite_pool import last_result, pool_map

cluster = LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None)
client = Client(cluster)
jupyterlite_pool.use(client)
list(pool_map(abs, range(4), progress=False))
"""
)


def test_card_panel_and_cancel_work_on_a_cluster(lab: Lab, open_lab: OpenLab) -> None:
    lab.open_gate("open")
    opened, shut = (str(lab.notebooks / name) for name in ("open", "shut"))
    problems: list[str] = []
    notebook = Notebook(open_lab(problems, []), "python3")
    notebook.run(START)
    panel = Panel(notebook.page).open_by_tab()
    expect(panel.workers).to_have_count(2)
    expect(status_item(notebook.page)).to_have_text("Pool 2/2")
    notebook.start(f"pool_map(wait, [{opened!r}] * 2 + [{shut!r}] * 4, chunksize=1, label='waits')")
    expect(panel.bar("waits")).to_have_attribute("aria-valuenow", "2")
    notebook.last_card.get_by_role("button", name="Cancel").click()
    notebook.finish()
    assert notebook.error() == "KeyboardInterrupt"
    expect(panel.job("waits")).to_contain_text("4 cancelled")
    notebook.run("print(last_result())\nclient.close()\ncluster.close()")
    assert "2 of 6 done, 0 failed, 4 cancelled" in notebook.printed()
    assert problems == []
