"""A labextension and a wheel of different builds."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from tests.conftest import ROOT, Pages
from tests.support.notebook import Notebook


def test_a_wheel_uses_no_files_of_another_version(
    pages: Pages, serve: Callable[..., str], tmp_path: Path
) -> None:
    folder = tmp_path / "site"
    shutil.copytree(ROOT / "_output", folder, copy_function=os.link)
    labextension = folder / "extensions" / "jupyterlite-pool"
    about = json.loads((labextension / "pool.json").read_text("utf-8"))
    changed = {
        "pool.json": json.dumps({**about, "version": "0.0.1"}),
        "static/kernel.js": "throw new Error('files of version 0.0.1');",
        "static/worker.js": "throw new Error('files of version 0.0.1');",
        "static/broker.js": "throw new Error('files of version 0.0.1');",
    }
    for name, text in changed.items():
        (labextension / name).unlink()  # it is the one file of both sites
        (labextension / name).write_text(text, "utf-8")
    notebook = Notebook(pages.open(f"{serve(folder)}/lab/index.html"))
    # The page of another build still starts the pool ahead, under the name that all builds know.
    notebook.run(
        "import asyncio, sys\n"
        "while 'jupyterlite_pool._reusable' not in sys.modules: await asyncio.sleep(0.05)\n"
        "from jupyterlite_pool import get_reusable_executor, pool_map\n"
        "values = list(pool_map(abs, [-1, -2], progress=False))\n"
        "url = get_reusable_executor()._pool.backend._pool.brokerUrl"
    )
    assert notebook.value("[values, url[:5]]") == [[1, 2], "blob:"]
