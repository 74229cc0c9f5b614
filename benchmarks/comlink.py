"""What Comlink would cost as the carrier of task frames."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

from node import node_environment
from serve import make_server

from .report import Row, Series
from .stage import HERE, Stage

BLOCK = 100


def frames(stage: Stage) -> Iterator[Row]:
    """Row 14: a task frame there and back, as it is and as a Comlink call."""
    with tempfile.TemporaryDirectory() as folder, stage.browser.new_context() as context:
        _bundle(Path(folder))
        # Isolated, a page's clock has steps of 5 µs, elsewhere of 100.
        with served(Path(folder), isolated=True) as url:
            page = context.new_page()
            page.goto(f"{url}/index.html")
            page.wait_for_function("() => window.taskFrames")
            compare = "([blocks, count, size]) => taskFrames.compare(blocks, count, size)"
            page.evaluate(compare, [4, BLOCK, 0])  # warm
            for what, size in (("200 bytes", 0), ("1 MB transferred", 1 << 20)):
                took = page.evaluate(compare, [stage.often, BLOCK, size])
                yield Row(
                    14,
                    Series(f"page ↔ worker, {what}, as a Comlink call", "ms", took["comlink"]),
                    Series("raw frame on a `MessagePort`", "ms", took["raw"]),
                )


@contextlib.contextmanager
def served(folder: Path, isolated: bool = False) -> Iterator[str]:
    """Serve a folder; gives its URL."""
    with make_server(str(folder), isolated=isolated) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def _bundle(folder: Path) -> None:
    """Lay down what measures frames, with Comlink, where it can be served."""
    modules = HERE.parent / "labextension" / "node_modules"
    environment = {**node_environment(), "NODE_PATH": str(modules)}
    esbuild = shutil.which("esbuild", path=str(modules / ".bin"))
    if esbuild is None:
        sys.exit("there is no esbuild: run `make site`")
    # As the pool's own scripts are built.
    options = ["--bundle", "--format=esm", "--target=es2022", "--minify", "--log-level=warning"]
    entries = [str(HERE / name) for name in ("frames.js", "echo.js")]
    subprocess.run([esbuild, *entries, *options, f"--outdir={folder}"], env=environment, check=True)
    (folder / "index.html").write_text(
        '<!doctype html><meta charset="utf-8"><title>frames</title>'
        '<link rel="icon" href="data:,"><script type="module" src="frames.js"></script>',
        "utf-8",
    )
