"""Measures how much longer a kernel takes to start if the pool starts with it."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.conftest import PAGE_TIMEOUT

from .report import Row, Series, Target
from .scripts import served
from .stage import BUILD, Stage, take_turns

PLUGIN = "jupyterlite-pool:plugin"

#: Seconds from the request of a session to the first reply of its kernel.
START = """async () => {
  while (!window.jupyterapp?.serviceManager.kernelspecs?.specs?.kernelspecs?.python) {
    await new Promise(resolve => setTimeout(resolve, 50));
  }
  const { restored, serviceManager } = window.jupyterapp;
  await restored;
  const started = performance.now();
  const session = await serviceManager.sessions.startNew({
    name: 'start.ipynb',
    path: 'start.ipynb',
    type: 'notebook',
    kernel: { name: 'python' }
  });
  const { content } = await session.kernel.requestExecute({ code: '1' }).done;
  if (content.status !== 'ok') {
    throw new Error(`the first cell ended with ${content.status}`);
  }
  return (performance.now() - started) / 1000;
}"""


def kernel_start(stage: Stage) -> Iterator[Row]:
    """Row 13: the start of a kernel, with a pool and without one."""
    with _site_with(stage, prewarm=True) as on, _site_with(stage, prewarm=False) as off:
        for site in (on, off):
            _start(stage, site)  # warm
        prewarmed, plain = take_turns(
            max(stage.seldom, stage.often // 2),
            lambda: _start(stage, on),
            lambda: _start(stage, off),
        )
    what = "a session's request → its kernel's first reply"
    yield Row(
        13,
        Series(f"{what}, the pool starts with it", "s", prewarmed),
        Series("with the setting `prewarm` off", "s", plain),
        Target(1.05),
    )


def _start(stage: Stage, site: str) -> float:
    with stage.browser.new_context() as context:
        context.set_default_timeout(PAGE_TIMEOUT)
        page = context.new_page()
        page.goto(f"{site}/lab/index.html")
        return float(page.evaluate(START))


@contextlib.contextmanager
def _site_with(stage: Stage, **settings: Any) -> Iterator[str]:
    """Serve a copy of the site with other settings of the labextension; its URL."""
    folder = BUILD / f"bench-site-{'-'.join(f'{k}-{v}' for k, v in settings.items())}"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(stage.folder, folder, copy_function=os.link)
    for app in ("", "lab"):
        file = folder / app / "jupyter-lite.json"
        about = json.loads(file.read_text("utf-8"))
        config = about.setdefault("jupyter-config-data", {})
        config.setdefault("settingsOverrides", {}).setdefault(PLUGIN, {}).update(settings)
        _replace(file, json.dumps(about))
    with served(folder) as url:
        yield url
    shutil.rmtree(folder)


def _replace(file: Path, text: str) -> None:
    """Replace a file. To write in place would also change the original, which it is linked to."""
    file.unlink()
    file.write_text(text, "utf-8")
