"""A Pyodide of any release with the bare wheel, in a web worker of a plain page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

ASK = """message => new Promise((resolve, reject) => {
  const host = (window.host ??= new Worker('/host.js', { type: 'module' }));
  host.onmessage = event => resolve(event.data);
  host.onerror = event => reject(new Error(event.message));
  host.postMessage(message);
})"""

UNTIL = """
import asyncio, time

async def until(condition):
    deadline = time.monotonic() + 90
    while not condition():
        assert time.monotonic() < deadline, "it has not come"
        await asyncio.sleep(0.01)
"""


class HostError(AssertionError):
    """Python in the host ended with an error; the message is its traceback."""


class Host:
    """Runs code in the host, as a notebook would in its kernel."""

    def __init__(self, page: Page, pyodide: str, wheels: list[str]) -> None:
        """Start it.

        Args:
            page: a page of a server that has `host.js`, the Pyodide and the wheels.
            pyodide: the path of the folder of the Pyodide on that server.
            wheels: paths of wheels on that server.
        """
        self._page = page
        self._ask({"pyodideUrl": self._url(f"{pyodide}/pyodide.mjs"), "wheels": wheels})
        self.run(UNTIL)

    def install(self, *wheels: str) -> None:
        """Install more wheels."""
        self._ask({"wheels": list(wheels)})

    def run(self, code: str) -> None:
        """Run code that must succeed."""
        self._ask({"code": f"{code}\nNone"})

    def value(self, expression: str) -> Any:
        """The value of an expression, as JSON carries it."""
        return json.loads(self._ask({"code": f"import json; json.dumps({expression})"}))

    def error(self, code: str) -> str:
        """The error of code that must fail, with its traceback."""
        try:
            self.run(code)
        except HostError as error:
            return str(error)
        raise AssertionError("the code did not fail")

    def _url(self, path: str) -> str:
        return str(self._page.evaluate("path => new URL(path, location.href).href", path))

    def _ask(self, message: dict[str, Any]) -> Any:
        answer = self._page.evaluate(ASK, message)
        if "error" in answer:
            raise HostError(answer["error"])
        return answer.get("value")


def lay_out(folder: Path, cores: dict[str, Path], wheels: list[Path]) -> None:
    """Make a folder for a server: `host.js`, cores by their names, and wheels."""
    source = Path(__file__).with_name("host.js")
    (folder / "host.js").write_text(source.read_text("utf-8"), "utf-8")
    (folder / "index.html").write_text("<!doctype html><title>A host without Jupyter</title>")
    for name, core in cores.items():
        (folder / name).symlink_to(core)
    for wheel in wheels:
        (folder / wheel.name).symlink_to(wheel)
